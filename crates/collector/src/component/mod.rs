//! The components of Alloy that are here, one file each under the name that users write: its
//! settings as plain data, and how they are read from a block. What they do is in
//! [`run`](crate::run).
//!
//! Start here: [`KINDS`], the table of them.

pub mod airflow_pod_ends;
pub mod airflow_task_logs;
mod client;
pub mod discovery_docker;
pub mod discovery_file;
pub mod discovery_kubernetes;
pub mod discovery_relabel;
mod foreign;
mod kind;
pub mod local_file;
pub mod local_file_match;
mod loki_echo;
pub mod loki_process;
pub mod loki_relabel;
pub mod loki_source_api;
pub mod loki_source_docker;
pub mod loki_source_file;
pub mod loki_source_journal;
pub mod loki_source_kubernetes;
pub mod loki_source_kubernetes_events;
pub mod loki_source_podlogs;
pub mod loki_source_syslog;
pub mod loki_write;
mod prometheus_exporter_self;
pub mod prometheus_relabel;
pub mod prometheus_remote_write;
pub mod prometheus_scrape;
mod receiver;
pub mod remote_http;
pub mod remote_kubernetes;
mod rules;
pub(crate) mod selector;
mod setting;

pub use foreign::{Foreign, unknown};
pub use kind::{Export, KINDS, Kind, Settings};
pub use receiver::{Batch, Receiver, To};
pub use rules::RuleSet;
pub use setting::{LogFormat, LogLevel, Logging, check_setting};
