//! Tokens to a tree: recursive descent, one function for each production of the grammar.
//!
//! ```text
//! query       = log | metric
//! log         = selector stage*  | "(" log ")"
//! metric      = range | aggregation | binary | number | vector | label_replace | "(" metric ")"
//! ```
//!
//! - [`parse`], [`parse_selector`], [`parse_matchers`]: the ways in.
//! - `cursor`: the tokens, and errors about them. Loki's parser is generated, and its errors list
//!   what it could have shifted when that is at most four things; each production says so itself.
//! - `query`, `metric`, `range`, `binary`, `literal`: numbers.
//! - `selector`, `pipeline`, `line_filter`, `label_filter`: lines.
//! - `hint`: what people usually mean by what they wrote.

mod binary;
mod cursor;
mod hint;
mod label_filter;
mod line_filter;
mod literal;
mod metric;
mod pipeline;
mod query;
mod range;
mod selector;

#[cfg(test)]
mod tests;

pub use query::{parse, parse_lines, parse_matchers, parse_selector};
