//! `cargo xtask bench`: speed and cost of the real binary on generated Airflow logs, beside rivals
//! on the same data. Figures are ratios of one run, CPU seconds and counts: machines are noisy.

mod args;
mod collect;
mod complete;
mod dataset;
mod import;
mod ingest;
mod query;
mod receiver;
mod restart;
mod rival;
pub(crate) mod server;

pub use args::{Args, run};
