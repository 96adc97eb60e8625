//! `cargo xtask crash`: kills the real binary under load at random moments, again and again, and
//! then looks for every line that was acknowledged.

mod audit;
mod killer;
mod line;
mod run;
mod sender;

pub use run::{Args, run};
