//! What the stages count of themselves, as plain data.

use std::collections::BTreeMap;

use model::Labels;

/// Lines that a stage dropped, by `reason`.
pub const DROPPED_LINES: &str = "loki_process_dropped_lines_total";
/// Lines that `stage.limit` dropped, by `label_name` and `label_value`.
pub const DROPPED_LINES_BY_LABEL: &str = "loki_process_dropped_lines_by_label_total";
/// Partial lines that `stage.cri` let go because it held too many.
pub const PARTIAL_LINES_FLUSHED: &str = "loki_process_cri_partial_lines_flushed_total";
/// Lines that `stage.cri` cut.
pub const LINES_TRUNCATED: &str = "loki_process_cri_lines_truncated_total";
/// Texts that `stage.truncate` cut, by `field`.
pub const FIELDS_TRUNCATED: &str = "loki_process_truncated_fields_total";

/// The most label sets of one counter; what comes beyond is not counted. Alloy bounds the values
/// of `by_label_name` likewise.
const SERIES_MAX: usize = 10_000;

/// Counters by name and labels. They only grow.
#[derive(Debug, Clone, Default)]
pub struct Counts(BTreeMap<&'static str, BTreeMap<Labels, u64>>);

impl Counts {
    /// All counters with their labels and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Labels, u64)> {
        let series = self.0.iter();
        series.flat_map(|(name, by)| by.iter().map(|(labels, count)| (*name, labels, *count)))
    }

    /// The value of a counter; 0 when nothing was counted.
    #[must_use]
    pub fn get(&self, name: &str, labels: &Labels) -> u64 {
        self.0.get(name).and_then(|by| by.get(labels)).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, name: &'static str, labels: &Labels, count: u64) {
        let by = self.0.entry(name).or_default();
        if let Some(known) = by.get_mut(labels) {
            *known += count;
        } else if by.len() < SERIES_MAX {
            by.insert(labels.clone(), count);
        }
    }
}

/// The labels of [`DROPPED_LINES`].
pub(crate) fn reason(reason: &str) -> Labels {
    Labels::new([("reason", reason)])
}
