//! What the targets in `fuzz_targets/` share. `cargo xtask fuzz` makes their seeds and runs them.

#![forbid(unsafe_code)]

mod envelope;
mod size;

pub use envelope::Envelope;
pub use size::{LIMITS, check_size};
