//! `cargo xtask attribution`: plays logs of real deployments, with truth for every line, through
//! what we know of Airflow, and compares.

mod corpus;
mod cri;
mod lifecycle;
mod play;
mod run;
mod tally;
mod truth;

pub use run::{Args, run};
