//! What components do: a configuration at work.
//!
//! Entries go from component to component in batches, each with what it came from. A source opens
//! an item in its [`ledger`] for what it read; the last entry that came from it closes the item,
//! whether a store has acknowledged it or a stage has dropped it; then the file's position moves.
//!
//! - [`runner`]: the configuration, started, evaluated again, read anew, ended
//! - [`start`], [`start_source`], [`running`], [`node`]: the components that are at work
//! - [`samples_waiting`], [`remote_endpoint`]: metrics, until a store of metrics has them
//! - [`births`], [`follow`], [`followed`], [`read`]: files, from their birth to their last line
//! - [`pod_logs`], [`pod_log`], [`docker_log`], [`seen`]: logs that Kubernetes or Docker tells
//! - the others: what each component does, under its name

mod airflow_pod_ends;
mod airflow_task_logs;
mod births;
mod details;
mod discovery_docker;
mod discovery_file;
mod discovery_kubernetes;
mod discovery_relabel;
mod docker_log;
mod exports;
mod exposed;
mod exposition;
mod flow;
mod follow;
mod followed;
mod glob;
mod http;
mod journal_files;
mod kept;
mod ledger;
mod local_file;
mod local_file_match;
mod loki_echo;
mod loki_process;
mod loki_relabel;
mod loki_source_api;
mod loki_source_docker;
mod loki_source_file;
mod loki_source_journal;
mod loki_source_kubernetes;
mod loki_source_kubernetes_events;
mod loki_source_podlogs;
mod loki_source_syslog;
mod loki_write;
mod node;
mod objects;
mod page;
mod pod_log;
mod pod_logs;
mod prometheus_relabel;
mod prometheus_remote_write;
mod prometheus_scrape;
mod read;
mod remote;
mod remote_endpoint;
mod remote_http;
mod remote_kubernetes;
mod runner;
mod running;
mod samples_waiting;
mod seen;
mod start;
mod start_metrics;
mod start_source;
mod stats;
mod syslog_entries;
mod syslog_listener;
mod target_file;
mod view;
mod ways;

pub use http::bind;
pub(crate) use kept::save_regularly;
pub(crate) use ledger::{Keeper, Ledger};
pub use page::{PagePart, serve};
pub use runner::{Control, Refused, Runner};
pub use running::{Kubernetes, RunnerConfig, RunnerParts};
