//! Loki's `limits_config`, as far as it has a meaning here. The names and the meaning of zero ("no
//! limit") are Loki's; so are the defaults, but where a comment says otherwise.

use std::time::Duration;

use ::loki::detect_level::{DEFAULT_FIELDS, DEFAULT_JSON_DEPTH};
use ::loki::push::EntryLimits;
use ::loki::service_name::DEFAULT_SOURCES;
use model::limits::MAX_ENTRIES_LIMIT_PER_QUERY;
use serde::{Deserialize, Serialize};

use super::human::{duration, size};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Limits of pushes and queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a line.
    #[serde(with = "size")]
    pub max_line_size: usize,
    /// Cut a line that is too long, instead of refusing it.
    pub max_line_size_truncate: bool,
    /// Labels of a stream.
    pub max_label_names_per_series: usize,
    /// Bytes of a label's name.
    pub max_label_name_length: usize,
    /// Bytes of a label's value.
    pub max_label_value_length: usize,
    /// Whether entries may have structured metadata.
    pub allow_structured_metadata: bool,
    /// Bytes of an entry's structured metadata.
    #[serde(with = "size")]
    pub max_structured_metadata_size: usize,
    /// Pairs of an entry's structured metadata.
    pub max_structured_metadata_entries_count: usize,
    /// Refuse old entries. Off, unlike Loki: its index suffers from them, our store does not, and
    /// an agent that comes back after a long outage must not lose its lines.
    pub reject_old_samples: bool,
    /// What is old.
    #[serde(with = "duration")]
    pub reject_old_samples_max_age: Duration,
    /// How far ahead of our clock an entry may be.
    #[serde(with = "duration")]
    pub creation_grace_period: Duration,
    /// The labels that tell a stream's `service_name`; none adds no such label.
    pub discover_service_name: Vec<String>,
    /// Whether entries get the metadata `detected_level`.
    pub discover_log_levels: bool,
    /// The fields that tell the level.
    pub log_level_fields: Vec<String>,
    /// How deep in JSON lines those fields are looked for.
    pub log_level_from_json_max_depth: usize,
    /// Entries that a query may ask for.
    pub max_entries_limit_per_query: usize,
    /// The longest range of a query.
    #[serde(with = "duration")]
    pub max_query_length: Duration,
    /// The most series in the answer to a metric query.
    pub max_query_series: usize,
    /// How long a query may take.
    #[serde(with = "duration")]
    pub query_timeout: Duration,
    /// Queries are not split here; but a Loki that splits aligns the times of metric queries with
    /// their step, and so do we, unless this is zero.
    #[serde(with = "duration")]
    pub split_queries_by_interval: Duration,
    /// Whether the volume end points answer.
    pub volume_enabled: bool,
    /// The most series in the answer of a volume end point.
    pub volume_max_series: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let entry = EntryLimits::default();
        Self {
            max_line_size: entry.max_line_size,
            max_line_size_truncate: entry.max_line_size_truncate,
            max_label_names_per_series: entry.max_label_names_per_series,
            max_label_name_length: entry.max_label_name_length,
            max_label_value_length: entry.max_label_value_length,
            allow_structured_metadata: entry.allow_structured_metadata,
            max_structured_metadata_size: entry.max_structured_metadata_size,
            max_structured_metadata_entries_count: entry.max_structured_metadata_entries_count,
            reject_old_samples: false,
            reject_old_samples_max_age: 7 * DAY,
            creation_grace_period: entry.creation_grace_period,
            discover_service_name: DEFAULT_SOURCES.map(str::to_owned).into(),
            discover_log_levels: true,
            log_level_fields: DEFAULT_FIELDS.map(str::to_owned).into(),
            log_level_from_json_max_depth: DEFAULT_JSON_DEPTH,
            max_entries_limit_per_query: MAX_ENTRIES_LIMIT_PER_QUERY,
            max_query_length: 30 * DAY + HOUR,
            max_query_series: 500,
            query_timeout: Duration::from_secs(60),
            split_queries_by_interval: HOUR,
            volume_enabled: true,
            volume_max_series: 1000,
        }
    }
}

impl Limits {
    /// What the engine of a server with these limits is to be built with.
    #[must_use]
    pub fn query_config(&self) -> query::Config {
        let timeout = if self.query_timeout.is_zero() { Duration::MAX } else { self.query_timeout };
        query::Config { timeout, ..query::Config::default() }
    }

    /// The limits of streams and entries.
    #[must_use]
    pub fn entry_limits(&self) -> EntryLimits {
        EntryLimits {
            max_line_size: or_none(self.max_line_size),
            max_line_size_truncate: self.max_line_size_truncate,
            max_label_names_per_series: or_none(self.max_label_names_per_series),
            max_label_name_length: or_none(self.max_label_name_length),
            max_label_value_length: or_none(self.max_label_value_length),
            allow_structured_metadata: self.allow_structured_metadata,
            max_structured_metadata_size: or_none(self.max_structured_metadata_size),
            max_structured_metadata_entries_count: or_none(
                self.max_structured_metadata_entries_count,
            ),
            reject_old_samples_max_age: self
                .reject_old_samples
                .then_some(self.reject_old_samples_max_age),
            creation_grace_period: self.creation_grace_period,
        }
    }
}

/// Zero is no limit.
fn or_none(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}
