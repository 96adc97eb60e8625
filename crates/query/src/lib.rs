//! LogQL on DataFusion: from a checked query and a snapshot of the store to an answer.
//!
//! Start here: [`Engine::run`]. A query for lines becomes the plan *scan → pipeline → newest rows*;
//! each range aggregation of a metric query becomes *scan → partial panes* (or *scan → samples*),
//! and what is left after that, a few series by a few steps, is the plain algebra of
//! [`logql::eval`].
//!
//! This is the only crate that knows DataFusion, and it knows its physical layer alone: plans are
//! built directly, because there is no SQL here and one obvious plan for each kind of query.
//! It must not know HTTP, and it reads objects only through [`store`].

#![forbid(unsafe_code)]

mod advice;
mod answer;
mod deletion;
mod engine;
mod error;
mod exec;
mod explain;
mod plan;
mod request;
mod scan;
mod selector;
mod stats;
mod window;

pub use deletion::{Deletion, Hidden};
pub use engine::{Config, Engine};
pub use error::{BytesRead, Error, ErrorKind};
pub use explain::Explain;
pub use request::{Answer, Kind, Request};
pub use stats::Stats;
