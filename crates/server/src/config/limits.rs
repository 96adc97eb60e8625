//! Loki's `limits_config`, as far as it has a meaning here. The names and the meaning of zero ("no
//! limit") are Loki's; so are the defaults, but where a comment says otherwise.

use std::time::Duration;

use ::loki::detect_level::{DEFAULT_FIELDS, DEFAULT_JSON_DEPTH};
use ::loki::push::EntryLimits;
use ::loki::service_name::DEFAULT_SOURCES;
use logql::eval::SelectorScope;
use model::limits::MAX_ENTRIES_LIMIT_PER_QUERY;
use serde::{Deserialize, Serialize};

use super::human::{duration, size};

const MB: usize = 1024 * 1024;
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Limits of pushes and queries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Megabytes of lines that a tenant may push in a second. No limit, unlike Loki's 4: what one
    /// server cannot take it refuses by itself, and an agent that catches up must not be held back.
    pub ingestion_rate_mb: f64,
    /// Megabytes that may come at once, where there is a limit on the rate.
    pub ingestion_burst_size_mb: f64,
    /// Bytes of lines that a stream may be pushed in a second. No limit, unlike Loki's 3 MB: a
    /// stream of ours is not the work of one ingester.
    #[serde(with = "size")]
    pub per_stream_rate_limit: usize,
    /// Bytes that may come at once for a stream, where there is a limit on its rate.
    #[serde(with = "size")]
    pub per_stream_rate_limit_burst: usize,
    /// Streams of a tenant that may be pushed to within half an hour. No limit, unlike Loki's 5000:
    /// our streams cost a line in a table.
    pub max_global_streams_per_user: usize,
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
    /// How far back a query may look; what is older is left out, as if it were not there.
    #[serde(with = "duration")]
    pub max_query_lookback: Duration,
    /// The longest `[range]` in a query.
    #[serde(with = "duration")]
    pub max_query_range: Duration,
    /// The most series in the answer to a metric query.
    pub max_query_series: usize,
    /// What happens to a query with more series than that.
    pub max_query_series_exceeded: SeriesExceeded,
    /// The most matchers in the selectors of a query.
    pub max_streams_matchers_per_query: usize,
    /// The most bytes of lines that a query may read.
    #[serde(with = "size")]
    pub max_query_bytes_read: usize,
    /// The most memory that a query may hold, in bytes. Loki has no such limit.
    #[serde(with = "size")]
    pub max_query_memory: usize,
    /// Labels that the selectors of a query must name.
    pub required_labels: Vec<String>,
    /// How many labels the selectors of a query must name.
    #[serde(deserialize_with = "or_zero")]
    pub minimum_labels_number: usize,
    /// Queries that are refused.
    #[serde(deserialize_with = "or_empty")]
    pub blocked_queries: Vec<BlockedQuery>,
    /// Live tails of a tenant at the same time.
    pub max_concurrent_tail_requests: usize,
    /// How long a query may take.
    #[serde(with = "duration")]
    pub query_timeout: Duration,
    /// Queries are not split here; but a Loki that splits aligns the times of metric queries with
    /// their step, and so do we, unless this is zero.
    #[serde(with = "duration")]
    pub split_queries_by_interval: Duration,
    /// Whether a selector looks for a name that a stream has no label of among the metadata of its
    /// entries. Loki has no such limit, and its selectors do not.
    pub selector_matches_structured_metadata: bool,
    /// Whether the volume end points answer.
    pub volume_enabled: bool,
    /// The most series in the answer of a volume end point.
    pub volume_max_series: usize,
    /// Whether lines can be deleted.
    pub deletion_mode: DeletionMode,
    /// How long lines are kept; zero for ever. It counts only where retention is on: see
    /// [`Config::retention_enabled`](super::Config::retention_enabled).
    #[serde(with = "duration")]
    pub retention_period: Duration,
    /// How long the lines of some streams are kept.
    #[serde(deserialize_with = "or_none_of")]
    pub retention_stream: Vec<RetentionStream>,
}

/// How long the lines of the streams of a selector are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionStream {
    /// A LogQL selector: `{dag_id="audit"}`.
    pub selector: String,
    /// Of several that match, the one with the highest priority counts; of these, the shortest.
    #[serde(default)]
    pub priority: i64,
    /// How long; zero for ever.
    #[serde(with = "duration")]
    pub period: Duration,
}

/// What happens to a metric query with too many series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeriesExceeded {
    /// The answer has as many series as there may be, and a warning: a panel shows something.
    #[default]
    Truncate,
    /// The query is refused, also where the series are only on the way to an answer: as in Loki.
    Refuse,
}

/// Whether lines can be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeletionMode {
    /// No request is accepted. Those that were accepted before go on hiding their lines.
    Disabled,
    /// What is deleted is hidden from queries.
    FilterOnly,
    /// What is deleted is hidden from queries at once, and erased from the store once its request
    /// may not be cancelled any more.
    #[default]
    FilterAndDelete,
}

/// A query that is refused, or a class of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlockedQuery {
    /// The query as it is written, or a regular expression; nothing, or `*`, stands for all.
    pub pattern: String,
    /// Whether the pattern is a regular expression, looked for anywhere in the query.
    pub regex: bool,
    /// The FNV-1 hash of the query, as Loki logs it, in place of a pattern.
    pub hash: u32,
    /// Which kinds of queries; none stands for all.
    pub types: Vec<QueryType>,
}

/// The kinds of queries that can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueryType {
    /// Numbers.
    Metric,
    /// Lines, by stages that filter.
    Filter,
    /// Lines, by nothing but a selector.
    Limited,
}

impl Default for Limits {
    fn default() -> Self {
        let entry = EntryLimits::default();
        Self {
            ingestion_rate_mb: 0.0,
            ingestion_burst_size_mb: 6.0,
            per_stream_rate_limit: 0,
            per_stream_rate_limit_burst: 15 * MB,
            max_global_streams_per_user: 0,
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
            max_query_lookback: Duration::ZERO,
            max_query_range: Duration::ZERO,
            max_query_series: 500,
            max_query_series_exceeded: SeriesExceeded::default(),
            max_streams_matchers_per_query: 1000,
            max_query_bytes_read: 0,
            // What the engine takes by itself: sorting a day of one busy task fits.
            max_query_memory: 512 * MB,
            required_labels: Vec::new(),
            minimum_labels_number: 0,
            blocked_queries: Vec::new(),
            max_concurrent_tail_requests: 10,
            query_timeout: Duration::from_secs(60),
            split_queries_by_interval: HOUR,
            selector_matches_structured_metadata: true,
            volume_enabled: true,
            volume_max_series: 1000,
            deletion_mode: DeletionMode::default(),
            retention_period: Duration::ZERO,
            retention_stream: Vec::new(),
        }
    }
}

impl Limits {
    /// What the engine of a server with these limits is to be built with.
    #[must_use]
    pub fn query_config(&self) -> query::Config {
        self.bound(&query::Config::default())
    }

    /// The engine's settings, bounded by these limits.
    #[must_use]
    pub fn bound(&self, config: &query::Config) -> query::Config {
        let timeout = if self.query_timeout.is_zero() { Duration::MAX } else { self.query_timeout };
        let refuse = self.max_query_series_exceeded == SeriesExceeded::Refuse;
        query::Config {
            timeout,
            memory_bytes: or_none(self.max_query_memory),
            bytes_read_max: or_none(self.max_query_bytes_read) as u64,
            scope: if self.selector_matches_structured_metadata {
                SelectorScope::LabelsAndMetadata
            } else {
                SelectorScope::Labels
            },
            split: self.split_queries_by_interval,
            series_max: if refuse { or_none(self.max_query_series) } else { usize::MAX },
            ..config.clone()
        }
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

/// Loki's own files write no number as an empty one.
fn or_zero<'de, D: serde::Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn or_none_of<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<RetentionStream>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn or_empty<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<BlockedQuery>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
