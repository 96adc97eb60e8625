//! From entries to an acknowledged push: batched, queued on disk, sent, sent again, and settled.
//!
//! - [`endpoint`]: where lines go, as plain data
//! - [`auth`], [`tls`]: how one proves who one is, and whom one trusts
//! - [`batch`]: whole parcels
//! - [`streams`]: entries, gathered by stream
//! - [`queue`]: batches on disk, until the sink has them
//! - [`client`], [`backoff`]: one push, and how long to wait before the next try
//! - [`fit`]: what is too large for a Loki, made to fit
//! - [`divide`], [`dead_letter`]: what a sink refuses, and where it is kept
//! - [`sink`]: all of it, for one endpoint
//! - [`metrics`]: what is counted

mod auth;
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
mod tls;

pub use auth::{Auth, Credential, Secret};
pub use backoff::Backoff;
pub use batch::Parcel as Outgoing;
pub use client::{Client, Posted};
pub use dead_letter::DeadLetters;
pub use divide::Pieces;
pub use endpoint::Endpoint;
pub use metrics::WriteMetrics;
pub use sink::{Sink, Surroundings as SinkSurroundings};
pub use streams::Streams;
pub use tls::{ClientCertificate, Tls};
