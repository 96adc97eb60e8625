//! One file for each family of routes.

pub(crate) mod airflow;
pub(crate) mod config;
pub(crate) mod delete;
pub(crate) mod detected;
pub(crate) mod flush;
pub(crate) mod format_query;
mod json;
pub(crate) mod labels;
pub(crate) mod legacy;
pub(crate) mod metrics;
pub(crate) mod otlp;
pub(crate) mod patterns;
pub(crate) mod push;
pub(crate) mod query;
pub(crate) mod ready;
pub(crate) mod series;
pub(crate) mod shards;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod tail;
pub(crate) mod volume;
