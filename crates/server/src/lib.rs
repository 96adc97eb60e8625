//! HTTP: Loki's API over the store and the query engine.
//!
//! Start here: [`Server`], then `router.rs`, the whole route table on one page. Each family of
//! routes is a file of `api/`; what they share (who asks, may they, what is refused) lies beside.
//!
//! This is the only crate that knows axum, and `refusal.rs` is the only place where errors become
//! status codes.

#![forbid(unsafe_code)]

mod answer;
mod api;
mod app;
mod auth;
mod blocked;
mod config;
mod deletions;
mod error;
mod fields;
mod levels;
mod lifecycle;
mod limit;
mod lines;
mod metrics;
mod newest;
mod params;
mod patterns;
mod policy;
mod rate;
mod refusal;
mod retention;
mod router;
mod select;
mod server;
mod tail;
mod tenant;

pub use config::{
    BlockedQuery, Bucket, Config, DEFAULT_PORT, DeletionMode, Limits, QueryType, RetentionStream,
    SeriesExceeded, Token,
};
pub use error::{Error, ErrorKind};
pub use server::{Parts, Server};
