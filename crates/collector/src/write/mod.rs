//! From entries to an acknowledged push: batched, sent, sent again, and settled.

mod backoff;
mod batch;
mod client;
mod dead_letter;
mod writer;

pub use backoff::Backoff;
pub use client::Client;
pub use dead_letter::DeadLetters;
pub use writer::Writer;
