//! `cargo xtask shortpods`: pods that live for a moment on a node where the real binary runs, and a
//! search for every line of theirs, with what it must be said to be of.

mod found;
mod life;
mod run;
mod seen;

pub use run::{Args, run};
