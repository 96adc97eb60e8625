//! What a tenant's pushes may hold: Loki's `limits_config`, as far as it concerns writing.

use std::time::Duration;

use model::limits::{
    CREATION_GRACE_PERIOD_SECONDS, MAX_LABEL_NAME_LENGTH, MAX_LABEL_NAMES_PER_SERIES,
    MAX_LABEL_VALUE_LENGTH, MAX_LINE_SIZE, MAX_STRUCTURED_METADATA_ENTRIES_COUNT,
    MAX_STRUCTURED_METADATA_SIZE,
};

/// Limits of streams and entries, under Loki's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLimits {
    /// Bytes of a line.
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
    pub max_structured_metadata_size: usize,
    /// Pairs of an entry's structured metadata.
    pub max_structured_metadata_entries_count: usize,
    /// How old an entry may be; `None` takes them all.
    pub reject_old_samples_max_age: Option<Duration>,
    /// How far ahead of our clock an entry may be.
    pub creation_grace_period: Duration,
}

impl Default for EntryLimits {
    fn default() -> Self {
        Self {
            max_line_size: MAX_LINE_SIZE,
            max_line_size_truncate: false,
            max_label_names_per_series: MAX_LABEL_NAMES_PER_SERIES,
            max_label_name_length: MAX_LABEL_NAME_LENGTH,
            max_label_value_length: MAX_LABEL_VALUE_LENGTH,
            allow_structured_metadata: true,
            max_structured_metadata_size: MAX_STRUCTURED_METADATA_SIZE,
            max_structured_metadata_entries_count: MAX_STRUCTURED_METADATA_ENTRIES_COUNT,
            // Loki refuses what is older than a week, to spare its index. Ours does not mind, and
            // an agent that comes back after a long outage must not lose its lines.
            reject_old_samples_max_age: None,
            creation_grace_period: Duration::from_secs(CREATION_GRACE_PERIOD_SECONDS),
        }
    }
}
