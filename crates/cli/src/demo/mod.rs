//! The demo: a sample of real Airflow pods, played as a Kubernetes node would write them.

pub mod play;
pub mod questions;
pub mod sample;
