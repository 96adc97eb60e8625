//! The functions and constants that every configuration may use, one file for each namespace.
//!
//! - `function`: what a function is, and how it is called.
//! - `registry`: which name stands for which; old spellings among them.
//! - `array`, `constants`, `convert`, `encoding`, `file`, `string`, `sys`: the namespaces.
//! - `format`: what `string.format` does. `json_path`: paths into JSON.

mod array;
mod convert;
mod encoding;
mod file;
mod format;
mod function;
mod json_path;
mod registry;
mod string;
mod sys;

#[cfg(test)]
mod tests;

pub use function::Function;
pub(crate) use function::call;
pub(crate) use registry::{lookup, names};
