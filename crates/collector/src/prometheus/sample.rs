//! A value of a series at a time.

use model::Labels;

/// The label that holds the name of a metric.
pub const NAME: &str = "__name__";

/// The value that says that a series has ended: one of the many that are not a number, which
/// Prometheus tells from the others by its bits.
pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// A value of a series at a time, on its way to whoever keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The series, with its name among its labels.
    pub labels: Labels,
    /// The value.
    pub value: f64,
    /// The time, in milliseconds since 1970.
    pub time_ms: i64,
}

/// What a target tells of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposed {
    /// The series, with its name among its labels.
    pub labels: Labels,
    /// The value.
    pub value: f64,
    /// The time in milliseconds since 1970, if the target tells one.
    pub time_ms: Option<i64>,
}

impl Sample {
    /// The end of a series.
    pub fn stale(labels: Labels, time_ms: i64) -> Self {
        Self { labels, value: STALE, time_ms }
    }

    /// Whether it says that a series has ended.
    pub fn is_stale(&self) -> bool {
        self.value.to_bits() == STALE.to_bits()
    }
}
