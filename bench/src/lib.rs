//! Generated Airflow logs: the same for the same seed, on every machine, in any amount.
//!
//! Start here: [`Spec`] and [`Spec::batches`]. What they look like is taken from real Airflow 2
//! and 3 logs: task logs with their start and end lines, prints, JSON, warnings and tracebacks.
//! `cargo xtask bench` pushes and queries them; nothing else may import this crate.

#![forbid(unsafe_code)]

mod line;
mod spec;

pub use spec::{Batches, Spec};
