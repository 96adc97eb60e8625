//! `cargo xtask tidy`: style and structure as a test, so that reviews can be about design.
//!
//! [`run`] reads the tracked [`tree`] once and asks each family of rules for its [`outcome`]s.
//! A rule is a pure function of the tree: no rule reads a file or starts a program.

mod budget;
mod graph;
mod imports;
mod ledger;
mod outcome;
mod run;
mod scan;
mod source;
mod text;
mod tree;
mod words;

pub use run::{Args, run};
