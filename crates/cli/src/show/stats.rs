//! What a query cost, and how much a selector stands for, as logcli prints them.

use std::io::{self, Write};

use logql::ast::SignedDuration;
use logql::duration::format_go;
use loki::response::Stats;
use loki::series::IndexStats;

use super::{bytes, color};

/// Tab stops of Go's tabwriter as logcli sets it up.
const TAB: usize = 8;

/// Prints the statistics of an answer, one a line.
///
/// # Errors
/// When the output cannot be written.
pub fn query(out: &mut impl Write, stats: &Stats, colored: bool) -> io::Result<()> {
    let (summary, store) = (&stats.summary, &stats.querier.store);
    let seconds = |seconds: f64| format_go(SignedDuration((seconds * 1e9) as i64));
    let rows = [
        ("Querier.TotalChunksRef", store.total_chunks_ref.to_string()),
        ("Querier.TotalChunksDownloaded", store.total_chunks_downloaded.to_string()),
        ("Summary.BytesProcessedPerSecond", bytes::human(summary.bytes_processed_per_second)),
        ("Summary.LinesProcessedPerSecond", summary.lines_processed_per_second.to_string()),
        ("Summary.TotalBytesProcessed", bytes::human(summary.total_bytes_processed)),
        ("Summary.TotalLinesProcessed", summary.total_lines_processed.to_string()),
        ("Summary.PostFilterLines", summary.total_post_filter_lines.to_string()),
        ("Summary.ExecTime", seconds(summary.exec_time)),
        ("Summary.QueueTime", seconds(summary.queue_time)),
    ];
    for (name, value) in rows {
        let tab = if (name.len() + 1) % TAB == 0 { "" } else { "\t" };
        writeln!(out, "{} {tab} {value}", color::blue(name, colored))?;
    }
    Ok(())
}

/// Prints how much a selector stands for.
///
/// # Errors
/// When the output cannot be written.
pub fn index(out: &mut impl Write, stats: &IndexStats, colored: bool) -> io::Result<()> {
    let rows = [
        ("bytes", bytes::human(stats.bytes).replace(' ', "")),
        ("chunks", stats.chunks.to_string()),
        ("streams", stats.streams.to_string()),
        ("entries", stats.entries.to_string()),
    ];
    writeln!(out, "{{")?;
    for (name, value) in rows {
        writeln!(out, "  {}: {value}", color::blue(name, colored))?;
    }
    writeln!(out, "}}")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use loki::response::Summary;

    use super::*;

    #[test]
    fn statistics_of_a_query() {
        let summary = Summary {
            bytes_processed_per_second: 8_000_000,
            total_bytes_processed: 1234,
            total_lines_processed: 17,
            exec_time: 0.0125,
            ..Summary::default()
        };
        let mut out = Vec::new();
        query(&mut out, &Stats { summary, ..Stats::default() }, false).unwrap();
        assert_snapshot!(String::from_utf8(out).unwrap().replace('\t', "⇥"), @r"
        Querier.TotalChunksRef ⇥ 0
        Querier.TotalChunksDownloaded ⇥ 0
        Summary.BytesProcessedPerSecond  8.0 MB
        Summary.LinesProcessedPerSecond  0
        Summary.TotalBytesProcessed ⇥ 1.2 kB
        Summary.TotalLinesProcessed ⇥ 17
        Summary.PostFilterLines  0
        Summary.ExecTime ⇥ 12.5ms
        Summary.QueueTime ⇥ 0s
        ");
    }

    #[test]
    fn statistics_of_a_selector() {
        let stats = IndexStats { streams: 3, chunks: 4, entries: 5, bytes: 1_234_567 };
        let mut out = Vec::new();
        index(&mut out, &stats, false).unwrap();
        assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        {
          bytes: 1.2MB
          chunks: 4
          streams: 3
          entries: 5
        }
        ");
    }
}
