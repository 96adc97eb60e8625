//! Loki on the wire: what its HTTP API receives and answers, as plain types that are written and
//! read.
//!
//! The server and the clients share this crate, so every type goes both ways. It knows bytes and
//! text only: no socket, no HTTP framework, no runtime.
//!
//! Start here: [`push`] (what arrives), [`query`] (what is asked), [`response`] (what is answered).

#![forbid(unsafe_code)]

pub mod delete;
pub mod detect_level;
pub mod detected;
pub mod error;
pub mod legacy;
pub mod params;
pub mod patterns;
pub mod push;
pub mod query;
pub mod response;
mod sample;
pub mod series;
pub mod service_name;
mod stats;
pub mod status;
mod stream;
pub mod tail;
pub mod time;
pub mod volume;

pub use error::ParamError;
pub use params::Params;
