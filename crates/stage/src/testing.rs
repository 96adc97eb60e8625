//! How the tests of stages are written: settings, entries in, entries out as text.

use model::{Labels, Timestamp};

use crate::config::StageConfig;
use crate::entry::Entry;
use crate::pipeline::Pipeline;

/// What is now in tests.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000_000_000);

/// Sends a line through and compares what comes out, entries between ` || `.
#[track_caller]
pub(crate) fn check(configs: &[StageConfig], labels: &str, line: &str, expect: &str) {
    check_lines(configs, labels, &[line], expect);
}

/// The same with several lines, and all that is held let go at the end.
#[track_caller]
pub(crate) fn check_lines(configs: &[StageConfig], labels: &str, lines: &[&str], expect: &str) {
    let mut pipeline = Pipeline::new(configs, 7).unwrap_or_else(|error| panic!("{error}"));
    let labels = Labels::parse(labels).unwrap();
    let mut out = Vec::new();
    for line in lines {
        pipeline.process(Entry::new(labels.clone(), Timestamp(0), *line), NOW, &mut out);
    }
    pipeline.flush(NOW, &mut out);
    let shown: Vec<String> = out.iter().map(show).collect();
    assert_eq!(shown.join(" || "), expect, "for {lines:?}");
}

/// Checks what building says.
#[track_caller]
pub(crate) fn check_error(config: StageConfig, expect: &str) {
    let error = Pipeline::new(&[config], 7).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some(expect));
}

/// `{labels} line +{metadata} <extracted> @time`, without what is not there.
pub(crate) fn show(entry: &Entry) -> String {
    let mut text = format!("{} {}", entry.labels, entry.line);
    if !entry.metadata.is_empty() {
        text += &format!(" +{}", entry.metadata);
    }
    let values = entry.extracted.names().into_iter().filter_map(|name| {
        let value = entry.extracted.text(name);
        let value = value.as_deref().unwrap_or("null");
        (entry.labels.get(name) != Some(value)).then(|| format!("{name}={value}"))
    });
    let values: Vec<String> = values.collect();
    if !values.is_empty() {
        text += &format!(" <{}>", values.join(", "));
    }
    if entry.timestamp != Timestamp(0) {
        text += &format!(" @{}", entry.timestamp);
    }
    text
}
