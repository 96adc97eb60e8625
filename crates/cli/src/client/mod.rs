//! Asks a server: Loki's API over HTTP, with logcli's ways to say who one is.
//!
//! - [`Client`]: one request, its retries and its errors.
//! - [`api`]: an end point each.
//! - [`connect`]: certificates, proxies and headers.
//! - [`push`]: lines on their way to a store.
//! - [`paged`]: more lines than one answer holds; [`edge`] is where two answers meet.
//! - [`tail`]: lines as they arrive.

mod api;
mod backoff;
mod connect;
mod edge;
mod http;
mod paged;
mod push;
pub mod tail;

pub use backoff::Backoff;
pub use connect::token;
pub use http::Client;
pub use push::Pushed;
