//! From entries to an acknowledged push: batched, queued on disk, sent, sent again, and settled.
//!
//! - [`endpoint`]: where lines go, as plain data
//! - [`batch`]: whole parcels
//! - [`streams`]: entries, gathered by stream
//! - [`queue`]: batches on disk, until the sink has them
//! - [`client`], [`backoff`]: one push, and how long to wait before the next try
//! - [`fit`]: what is too large for a Loki, made to fit
//! - [`divide`], [`dead_letter`]: what a sink refuses, and where it is kept
//! - [`sink`]: all of it, for one endpoint
//! - [`metrics`]: what is counted

mod backoff;
mod batch;
mod client;
mod dead_letter;
mod divide;
mod endpoint;
mod fit;
mod metrics;
mod queue;
mod sink;
mod streams;

pub use backoff::Backoff;
pub use batch::Parcel as Outgoing;
pub use client::{Client, Posted};
pub use dead_letter::DeadLetters;
pub use divide::Pieces;
pub use endpoint::{Auth, Endpoint, Secret};
pub use metrics::WriteMetrics;
pub use sink::{Sink, Surroundings as SinkSurroundings};
pub use streams::Streams;
