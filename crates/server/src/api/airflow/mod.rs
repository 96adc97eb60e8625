//! `/airflow/v1/…`: what ran, how long it took, how it ended. `docs/airflow-api.md` describes it.

mod asked;
pub(crate) mod dags;
pub(crate) mod durations;
pub(crate) mod errors;
pub(crate) mod follow;
pub(crate) mod log;
pub(crate) mod runs;
pub(crate) mod tries;
