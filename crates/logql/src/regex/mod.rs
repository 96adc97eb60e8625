//! Regular expressions as people of Loki write them: Go's RE2 syntax, run by the `regex` crate.
//!
//! - [`Regex`]: a compiled expression, searched in a line or matched against a whole value.
//! - [`translate`]: Go's syntax to that of the `regex` crate, with Go's errors.
//! - [`Search`] and [`Whole`]: what an expression comes down to, for faster ways of finding it.

mod class;
mod compile;
mod loose;
mod shape;
mod translate;

pub use compile::Regex;
pub use shape::{Search, Whole};
pub use translate::{Translation, translate};
