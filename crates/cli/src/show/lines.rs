//! Lines, as logcli prints them: time, the labels that tell streams apart, line.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use loki::query::Direction;
use loki::response::{LabelMap, StreamEntry, StreamValues};
use serde_json::json;

use super::color;
use crate::args::{LabelDisplayArgs, OutputMode};

/// How lines are shown.
#[derive(Debug, Clone)]
pub struct Style {
    /// Which form.
    pub output: OutputMode,
    /// Which labels.
    pub labels: LabelDisplayArgs,
    /// The zone of times.
    pub zone: TimeZone,
    /// Whether to colour.
    pub colored: bool,
}

/// Prints the entries of all streams in one order of time.
///
/// # Errors
/// When the output cannot be written.
pub fn print(
    out: &mut impl Write,
    streams: &[StreamValues],
    direction: Direction,
    style: &Style,
) -> io::Result<()> {
    let common = common_labels(streams);
    let hidden = if style.labels.include_common_labels { LabelMap::new() } else { common };
    let labels: Vec<String> =
        streams.iter().map(|stream| shown_labels(&stream.stream, &hidden, &style.labels)).collect();
    for (index, entry) in in_order(streams, direction) {
        match style.output {
            OutputMode::Raw => writeln!(out, "{}", entry.line)?,
            OutputMode::Jsonl => {
                let time = crate::time::show(entry.timestamp, &style.zone);
                let labels = &streams[index].stream;
                writeln!(
                    out,
                    "{}",
                    json!({"labels": labels, "line": entry.line, "timestamp": time})
                )?;
            }
            OutputMode::Default => {
                let time = crate::time::show(entry.timestamp, &style.zone);
                let time = color::faint(&time, style.colored);
                let labels = color::by_key(&labels[index], &labels[index], style.colored);
                let space = if labels.is_empty() { "" } else { " " };
                writeln!(out, "{time} {labels}{space}{}", entry.line)?;
            }
        }
    }
    Ok(())
}

/// The labels that all streams have, with equal values.
#[must_use]
pub fn common_labels(streams: &[StreamValues]) -> LabelMap {
    let mut common = streams.first().map(|stream| stream.stream.clone()).unwrap_or_default();
    for stream in streams {
        common.retain(|name, value| stream.stream.get(name) == Some(value));
    }
    common
}

/// `{a="b", c="d"}`
#[must_use]
pub fn labels_text(labels: &LabelMap) -> String {
    model::Labels::keeping_empty(labels.iter().map(|(n, v)| (n.as_str(), v.as_str()))).to_string()
}

fn shown_labels(labels: &LabelMap, common: &LabelMap, args: &LabelDisplayArgs) -> String {
    if args.no_labels {
        return String::new();
    }
    let wanted = |name: &String| {
        let included = args.include_label.is_empty() || args.include_label.contains(name);
        included && !args.exclude_label.contains(name) && !common.contains_key(name)
    };
    let shown: LabelMap =
        labels.iter().filter(|(n, _)| wanted(n)).map(|(n, v)| (n.clone(), v.clone())).collect();
    format!("{:width$}", labels_text(&shown), width = args.labels_length)
}

/// Entries with the number of their stream.
fn in_order(streams: &[StreamValues], direction: Direction) -> Vec<(usize, &StreamEntry)> {
    let entries = streams.iter().enumerate();
    let mut entries: Vec<_> =
        entries.flat_map(|(i, stream)| stream.values.iter().map(move |e| (i, e))).collect();
    match direction {
        Direction::Forward => entries.sort_by_key(|(_, entry)| entry.timestamp),
        Direction::Backward => entries.sort_by_key(|(_, e)| std::cmp::Reverse(e.timestamp)),
    }
    entries
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    #[track_caller]
    fn check(output: OutputMode, labels: LabelDisplayArgs, expect: &str) {
        let entry = |nanos, line: &str| StreamEntry {
            timestamp: Timestamp(nanos),
            line: line.into(),
            categories: None,
        };
        let stream = |dag: &str, values| StreamValues {
            stream: [("app".into(), "airflow".into()), ("dag_id".into(), dag.into())].into(),
            values,
        };
        let streams = [
            stream("a", vec![entry(3_000_000_000, "three"), entry(1_000_000_000, "one")]),
            stream("b", vec![entry(2_000_000_000, "two")]),
        ];
        let style = Style { output, labels, zone: TimeZone::UTC, colored: false };
        let mut out = Vec::new();
        print(&mut out, &streams, Direction::Backward, &style).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn streams_are_merged_and_common_labels_left_out() {
        check(
            OutputMode::Default,
            LabelDisplayArgs::default(),
            "1970-01-01T00:00:03Z {dag_id=\"a\"} three\n1970-01-01T00:00:02Z {dag_id=\"b\"} two\n\
             1970-01-01T00:00:01Z {dag_id=\"a\"} one\n",
        );
        let none = LabelDisplayArgs { no_labels: true, ..LabelDisplayArgs::default() };
        check(OutputMode::Raw, none, "three\ntwo\none\n");
    }
}
