//! The push API: streams of log lines on their way to a store.
//!
//! An agent calls [`encode()`]; a store calls [`parse`], which keeps what is sound of a request
//! and says what is not, or [`decode()`], for which one bad stream spoils the request.

mod decode;
mod encode;
mod encoding;
mod error;
mod json;
mod known;
mod legacy;
mod limits;
mod metadata;
pub mod otlp;
mod proto;
mod validate;
mod wire;

pub use decode::{Push, PushLimits, decode, parse, parse_legacy};
pub use encode::{Encoder, encode};
pub use encoding::inflate;
pub use error::{PushError, PushErrorKind, Reason, Rejection};
pub use known::KnownStreams;
pub use limits::EntryLimits;
pub use metadata::metadata_name;
pub use proto::CONTENT_TYPE;
pub use validate::validate;
