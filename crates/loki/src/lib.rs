//! Loki on the wire: what its HTTP API receives and answers, as plain types that are written and
//! read.
//!
//! The server and the clients share this crate, so every type goes both ways. It knows bytes and
//! text only: no socket, no HTTP framework, no runtime.
//!
//! Start here: [`push`] (what arrives).

#![forbid(unsafe_code)]

pub mod push;
