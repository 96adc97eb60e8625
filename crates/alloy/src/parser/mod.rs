//! Tokens to a tree, by recursive descent. What does not fit is told and passed over, so that one
//! run tells all there is to mend.
//!
//! - [`parse`], [`parse_expression`]: the ways in.
//! - `cursor`: the tokens, and getting back to where a statement may begin.
//! - `statement`: attributes and blocks.
//! - `expression`: operators, members, calls and constants.
//! - `list`: what stands between commas.

mod cursor;
mod expression;
mod list;
mod statement;

#[cfg(test)]
mod tests;

pub use statement::{parse, parse_expression};
