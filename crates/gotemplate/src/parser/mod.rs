//! Tokens to tree. Names of functions and of variables are resolved here, so that a template that
//! parses can only fail on values.
//!
//! - [`block`]: text, actions, `if`, `with`, `range`, `define`: what bodies are made of
//! - [`pipeline`]: what stands inside an action
//! - [`stream`]: the tokens and the position in them

mod block;
mod pipeline;
mod stream;

pub(crate) use block::parse;
