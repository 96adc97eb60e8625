//! `cargo xtask attribution`: plays logs of real deployments, with truth for every line, through
//! the real collector and store, and compares.

pub(in crate::command) mod corpus;
mod cri;
mod found;
mod lifecycle;
mod node;
mod run;
mod tally;
mod truth;

pub use run::{Args, run};
