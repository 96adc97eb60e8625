//! What is known of Prometheus: samples, the text that a target tells them in, what a scrape makes
//! of it, and the request in which they are written elsewhere. Nothing here waits or asks anybody.
//!
//! - [`sample`]: a value of a series at a time
//! - [`text`]: the exposition formats
//! - [`target`]: where a target is asked, and the labels that its samples get
//! - [`scrape`]: from what a target told to samples, with those that tell of the scrape itself
//! - [`write_request`]: samples on the wire
//! - [`metrics`]: what is counted of sending them

mod metrics;
mod sample;
mod scrape;
mod target;
mod text;
mod write_request;

pub use metrics::{RemoteMetrics, RemoteWriteMetrics};
pub use sample::{Exposed, Sample};
pub use scrape::{Manner, Outcome, Series};
pub use target::{Defaults, Place, SELF_ADDRESS, ScrapeTarget};
pub use text::parse;
pub use write_request::encode;
