//! The collector: from a node's log files to a push.
//!
//! It reads what the kubelet keeps under `/var/log/pods`, joins what was cut, finds out which task
//! wrote it, and pushes it to a Loki-compatible store. Three promises hold it together:
//!
//! - **Opened at birth.** A file is opened the moment it appears and its handle is kept until its
//!   last byte is read, so the lines of a pod that lived 300 ms outlive the pod.
//! - **A position moves when the store has acknowledged**, not when a line was handed on. What lies
//!   between waits on disk.
//! - **Read twice, sent the same.** What a file's bytes become depends on nothing but the bytes, so
//!   that the store drops what a restart sends again.
//!
//! Start here: [`Collector`] and [`Config`]. The road of a line is `tail` → `stage` → `write`.

#![forbid(unsafe_code)]

mod collector;
pub mod component;
mod config;
pub mod configuration;
mod custody;
pub mod discover;
mod docker;
mod error;
mod journal;
pub mod kubernetes;
mod limits;
mod metrics;
mod prometheus;
pub mod run;
mod stage;
mod stamped;
mod status;
mod syslog;
mod tail;
mod volumes;
mod write;

pub use self::stage::{NoPods, PodSource, TaskEntry, TaskLog, TaskPlace};
pub use collector::{Collector, Handle, Parts};
pub use config::{Config, Namespaces, TaskLogs, TaskLogsMode};
pub use error::{Error, ErrorKind};
pub use status::Status;
pub use write::{Auth, Credential, Endpoint, Pieces, Secret, Streams};
