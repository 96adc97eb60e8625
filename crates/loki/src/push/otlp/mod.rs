//! OpenTelemetry's logs (OTLP over HTTP), and how Loki maps them to streams.
//!
//! A resource's identity becomes labels; everything else becomes structured metadata. Names get `_`
//! for what a label's name cannot hold, maps are flattened.

mod count;
mod json;
mod map;
mod message;
mod parse;
mod room;
mod value;

pub use message::Status;
pub use parse::{OtlpForm, parse};
