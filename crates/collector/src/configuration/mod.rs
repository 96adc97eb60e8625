//! An Alloy configuration: its texts, what is wrong with them, and what its components are told.
//!
//! - [`load`]: the files, and the texts inside them
//! - [`short`]: our own, in YAML
//! - [`program`]: all of it put together; evaluated once, and again where something changed
//! - [`level`]: the components of the top, or of one use of a module
//! - [`module`]: the modules that are declared or imported
//! - [`check`]: everything that is wrong, before anything runs
//! - [`layout`]: how `fmt` writes a file

mod check;
mod layout;
mod level;
mod load;
mod module;
mod program;
mod reference;
mod short;
#[cfg(test)]
mod tests;
mod tree;

pub use check::{Checked, check};
pub use layout::{Laid, lay_out};
pub use load::{Configuration, ReadError, load, of_text};
pub use program::{Host, Known, Machine, News, Program};
