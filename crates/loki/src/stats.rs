//! The statistics of an answer, under Loki's names: what Grafana's query inspector and logcli show.
//!
//! Loki counts chunks, caches and ingesters. There are none here, so only what has the same meaning
//! is filled in; readers take a missing number for zero.

use serde::{Deserialize, Serialize};

/// `data.stats`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// The sums.
    pub summary: Summary,
    /// What was read from the store.
    pub querier: Querier,
}

/// `data.stats.summary`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Summary {
    /// Bytes of lines read, for each second of execution.
    pub bytes_processed_per_second: u64,
    /// Lines read, for each second of execution.
    pub lines_processed_per_second: u64,
    /// Bytes of lines read.
    pub total_bytes_processed: u64,
    /// Lines read.
    pub total_lines_processed: u64,
    /// Seconds of execution.
    pub exec_time: f64,
    /// Seconds of waiting before it.
    pub queue_time: f64,
    /// Entries or series in the answer.
    pub total_entries_returned: u64,
    /// Lines that were left after the filters.
    pub total_post_filter_lines: u64,
    /// How many parts of the query ran side by side.
    pub shards: u64,
}

/// `data.stats.querier`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Querier {
    /// The store.
    pub store: StoreStats,
}

/// `data.stats.querier.store`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct StoreStats {
    /// Parts of the store (segments, or memory) that the query's time and labels left in.
    pub total_chunks_ref: u64,
    /// Parts that were read.
    pub total_chunks_downloaded: u64,
}
