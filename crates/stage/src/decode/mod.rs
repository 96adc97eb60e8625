//! From blocks of a configuration to settings: `stage.…` blocks and `rule` blocks, already
//! evaluated, with every mistake told and where it is.
//!
//! - [`Block`], [`Attribute`], [`Value`]: what is read, as plain data. Whoever evaluates Alloy's
//!   language makes these; nothing here knows its syntax.
//! - [`stages`], [`rules`]: the ways in.
//! - `arguments`: the attributes of one block as Rust values, with Alloy's conversions.
//! - `nearest`: what was probably meant.

mod arguments;
mod block;
mod list;
mod nearest;

#[cfg(test)]
mod tests;

pub(crate) use arguments::Arguments;
pub use block::{Attribute, Block, Diagnostic, Value};
pub(crate) use list::inner_stages;
pub use list::{rules, stages};
