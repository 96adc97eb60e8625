//! Walks the tree and writes the output, with the rules and the error texts of Go's
//! `text/template`.
//!
//! - [`body`]: text, actions, `if`, `with`, `range`, `template`
//! - [`expression`]: the values of pipelines, and calls
//! - [`state`]: variables, costs, and the place that an error names

mod body;
mod expression;
mod state;

pub(crate) use body::render;
