//! `cargo xtask fuzz`: odd input for whatever reads input. The targets stand in `fuzz/`, a
//! workspace of its own; their first inputs are made of the conformance data.

mod run;
mod seed;
mod session;
mod target;

pub use run::{Args, run};
