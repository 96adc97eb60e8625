//! The slow, obvious evaluator: what a query means, said as plainly as possible.
//!
//! It is the oracle of all tests and the engine of live tail. Its upper half, [`combine`], is also
//! the fast engine's: what is left of a metric query once its range aggregations are computed is a
//! few series by a few steps, and needs no second implementation.
//!
//! - [`log`]: a log query over streams in memory; [`PreparedLog`]: over one entry after the other.
//! - [`metric`]: a metric query, as [`push_down`], [`leaves`], each leaf's [`range`], [`combine`].

pub mod absent;
pub mod range;

mod aggregate;
mod binary;
mod combine;
mod error;
mod label_replace;
mod log;
mod metric;
mod params;
mod push_down;
mod select;
mod supported;
mod value;

pub use combine::{combine, leaves};
pub use error::EvalError;
pub use log::{PreparedLog, log};
pub use metric::{metric, range_series};
pub use params::{Direction, LogParams, Spacing, Steps};
pub use push_down::push_down;
pub use select::{Selector, SelectorScope};
pub use supported::check_supported;
pub use value::{LogStream, Series, Value};
