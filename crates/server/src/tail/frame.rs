//! From lines that are due to the text of a frame.

use std::collections::HashMap;

use logql::eval::{Direction, LogStream};
use logql::pipeline::ResultLabels;
use loki::detect_level::DETECTED_LEVEL;
use loki::legacy::{LegacyDroppedEntry, LegacyTailFrame};
use loki::response::CATEGORIZE_LABELS;
use loki::tail::{DroppedEntry, TailFrame};
use loki::time::rfc3339;
use model::{Labels, Timestamp};
use serde::Serialize;

use super::pending::{Batch, Row};
use crate::answer;

/// How frames are to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As since Loki 1.0.
    Today {
        /// Tell the stream's labels, structured metadata and parsed labels apart.
        categorize: bool,
    },
    /// As before.
    Legacy,
    /// Each line as a JSON object on a line of its own.
    Rows,
}

/// A line of [`Form::Rows`].
#[derive(Debug, Serialize)]
struct RowObject<'a> {
    time: String,
    level: Option<&'a str>,
    line: &'a str,
}

/// Tells how many lines were left out, in [`Form::Rows`].
#[derive(Debug, Serialize)]
struct DroppedObject {
    dropped: usize,
}

/// The text of a frame.
///
/// # Errors
/// None that are known of: everything in it can be written as JSON.
pub(super) fn text(batch: Batch, form: Form) -> serde_json::Result<String> {
    let Batch { rows, dropped } = batch;
    match form {
        Form::Today { categorize } => {
            let streams = by_labels(rows);
            let entry = |(labels, time): (Labels, Timestamp)| DroppedEntry {
                labels: answer::label_map(&labels),
                timestamp: time.to_string(),
            };
            let direction = Direction::Forward;
            let form = answer::Form { categorize, direction, explain: false };
            let flag = categorize.then(|| CATEGORIZE_LABELS.to_owned());
            serde_json::to_string(&TailFrame {
                streams: answer::stream_values(streams, form),
                dropped_entries: dropped.into_iter().map(entry).collect(),
                encoding_flags: flag.into_iter().collect(),
            })
        }
        Form::Legacy => {
            let entry = |(labels, time): (Labels, Timestamp)| LegacyDroppedEntry {
                timestamp: rfc3339(time),
                labels: labels.to_string(),
            };
            serde_json::to_string(&LegacyTailFrame {
                streams: by_labels(rows).into_iter().map(answer::legacy_stream).collect(),
                dropped_entries: dropped.into_iter().map(entry).collect(),
            })
        }
        Form::Rows => objects(&rows, dropped.len()),
    }
}

fn objects(rows: &[Row], dropped: usize) -> serde_json::Result<String> {
    let mut text = String::new();
    for Row { labels, time, line } in rows {
        let level = labels.metadata.get(DETECTED_LEVEL);
        let object = RowObject { time: rfc3339(*time), level, line };
        text += &serde_json::to_string(&object)?;
        text.push('\n');
    }
    if dropped > 0 {
        text += &serde_json::to_string(&DroppedObject { dropped })?;
        text.push('\n');
    }
    Ok(text)
}

/// Streams in the order of their first lines.
fn by_labels(rows: Vec<Row>) -> Vec<LogStream> {
    let mut at: HashMap<ResultLabels, usize> = HashMap::new();
    let mut streams: Vec<LogStream> = Vec::new();
    for Row { labels, time, line } in rows {
        let index = *at.entry(labels).or_insert_with_key(|labels| {
            streams.push(LogStream { labels: labels.clone(), entries: Vec::new() });
            streams.len() - 1
        });
        streams[index].entries.push((time, line));
    }
    streams
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: Form, expect: &str) {
        let row = |app: &str, id: &str, time| Row {
            labels: ResultLabels {
                stream: Labels::new([("app", app)]),
                metadata: Labels::new([("id", id)]),
                parsed: Labels::default(),
            },
            time: Timestamp(time),
            line: format!("at {time}"),
        };
        let rows = vec![row("x", "1", 1), row("y", "", 2), row("x", "1", 3)];
        let dropped = vec![(Labels::new([("app", "x")]), Timestamp(4))];
        let text = text(Batch { rows, dropped }, form).unwrap();
        assert_eq!(text.replace('"', ""), expect);
    }

    #[test]
    fn frames_have_loki_s_forms() {
        check(
            Form::Today { categorize: false },
            "{streams:[{stream:{app:x,id:1},values:[[1,at 1],[3,at 3]]},\
             {stream:{app:y},values:[[2,at 2]]}],\
             dropped_entries:[{labels:{app:x},timestamp:4}]}",
        );
        check(
            Form::Today { categorize: true },
            "{streams:[{stream:{app:x},values:[[1,at 1,{structuredMetadata:{id:1}}],\
             [3,at 3,{structuredMetadata:{id:1}}]]},{stream:{app:y},values:[[2,at 2,{}]]}],\
             dropped_entries:[{labels:{app:x},timestamp:4}],encodingFlags:[categorize-labels]}",
        );
        check(
            Form::Legacy,
            "{streams:[{labels:{app=\\x\\, id=\\1\\},entries:[\
             {ts:1970-01-01T00:00:00.000000001Z,line:at 1},\
             {ts:1970-01-01T00:00:00.000000003Z,line:at 3}]},\
             {labels:{app=\\y\\},entries:[{ts:1970-01-01T00:00:00.000000002Z,line:at 2}]}],\
             dropped_entries:[{timestamp:1970-01-01T00:00:00.000000004Z,labels:{app=\\x\\}}]}",
        );
    }
}
