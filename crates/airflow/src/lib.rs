//! What is known about Apache Airflow: what a path, a pod and a line say about a task.
//!
//! Bytes in, facts out. Nothing here reads a file, waits or talks to Kubernetes; pods arrive as
//! plain data. Start here: [`TaskTry`] (the identity of one try), [`pod::attribute`] (whose pod is
//! this), [`line::recognise`] and [`record::read`] (what a line says of itself),
//! [`attribute::Attributor`] (whose each line of a log is), [`lifecycle::Lifecycle`] (what ran),
//! [`column::columns`] (which of the facts become labels and which metadata).
//!
//! Every fact is certain or absent. A line about another task is never taken for that task's own.

#![forbid(unsafe_code)]

pub mod attribute;
pub mod column;
pub mod component;
pub mod level;
pub mod lifecycle;
pub mod limits;
pub mod line;
pub mod log_file;
pub mod path;
pub mod pod;
pub mod record;
pub mod task;
pub mod traceback;

pub use component::Component;
pub use level::Level;
pub use pod::Pod;
pub use task::{MapIndex, TaskFacts, TaskTry};
