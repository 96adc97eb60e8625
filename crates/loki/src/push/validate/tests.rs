//! What is taken out of a push, and in which words.

use std::time::Duration;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_768_867_200);

fn limits() -> EntryLimits {
    EntryLimits {
        max_line_size: 8,
        max_label_names_per_series: 2,
        max_label_name_length: 12,
        max_label_value_length: 6,
        max_structured_metadata_size: 6,
        max_structured_metadata_entries_count: 2,
        reject_old_samples_max_age: Some(Duration::from_secs(60)),
        ..EntryLimits::default()
    }
}

/// Validates `{labels} line {metadata}` at `seconds` from now, beside a good entry.
#[track_caller]
fn check(labels: &str, seconds: i64, line: &str, metadata: &str, expect: &str) {
    let labels = Labels::parse(labels).unwrap();
    let timestamp = Timestamp(NOW.as_nanos() + seconds * 1_000_000_000);
    let metadata = Labels::parse(metadata).unwrap();
    let entry = Entry { timestamp, line: line.to_owned(), metadata };
    let good = Stream {
        labels: Labels::new([("a", "good")]),
        entries: vec![Entry::new(NOW, "good"), Entry::new(NOW, "too")],
    };
    let mut streams = vec![good.clone(), Stream { labels, entries: vec![entry] }];
    let rejected = validate(&mut streams, &limits(), NOW);
    let shown = match rejected.as_slice() {
        [] => "ok".to_owned(),
        [one] => format!("{}: {}", one.reason.as_str(), one.text),
        more => panic!("{more:?}"),
    };
    assert!(shown.starts_with(expect), "{shown}");
    assert_eq!(streams[0], good);
    assert_eq!(streams.len(), if expect == "ok" { 2 } else { 1 });
}

#[test]
fn what_the_limits_allow_is_kept() {
    check(r#"{a="1"}"#, 0, "12345678", r#"{a="1",b="23"}"#, "ok");
    check(r#"{a="1"}"#, -60, "", "{}", "ok");
    check(r#"{a="1"}"#, 600, "", "{}", "ok");
    check(r#"{a="1",b="2",service_name="x"}"#, 0, "", "{}", "ok");
    check(r#"{abcdefghijkl="123456"}"#, 0, "", "{}", "ok");
}

#[test]
fn what_they_forbid_is_refused_in_loki_s_words() {
    let a = r#"{a="1"}"#;
    check(
        a,
        0,
        "123456789",
        "{}",
        "line_too_long: max entry size '8' bytes exceeded for stream '{a=\"1\"}' while adding an entry with length '9' bytes",
    );
    check(
        a,
        -61,
        "",
        "{}",
        "greater_than_max_sample_age: entry for stream '{a=\"1\"}' has timestamp too old: 2026-01-19T23:58:59Z, oldest acceptable timestamp is: 2026-01-19T23:59:00Z",
    );
    check(
        a,
        601,
        "",
        "{}",
        "too_far_in_future: entry for stream '{a=\"1\"}' has timestamp too new: 2026-01-20T00:10:01Z",
    );
    check(
        a,
        0,
        "",
        r#"{a="1",b="2",c="3"}"#,
        "structured_metadata_too_many: stream '{a=\"1\"}' has too many structured metadata labels: '3', limit: '2'",
    );
    check(
        a,
        0,
        "",
        r#"{a="123456"}"#,
        "structured_metadata_too_large: stream '{a=\"1\"}' has structured metadata too large: '7' bytes, limit: '6' bytes",
    );
    check(
        r#"{a="1",b="2",c="3"}"#,
        0,
        "",
        "{}",
        "max_label_names_per_series: entry for stream '{a=\"1\", b=\"2\", c=\"3\"}' has 3 label names; limit 2",
    );
    check(r#"{abcdefghijklm="1"}"#, 0, "", "{}", "label_name_too_long: stream");
    check(r#"{a="1234567"}"#, 0, "", "{}", "label_value_too_long: stream");
}

#[test]
fn long_lines_are_cut_at_a_character_if_so_configured() {
    let limits = EntryLimits { max_line_size_truncate: true, ..limits() };
    let entries = vec![Entry::new(NOW, "1234567ż")];
    let mut streams = vec![Stream { labels: Labels::new([("a", "1")]), entries }];
    assert_eq!(validate(&mut streams, &limits, NOW), []);
    assert_eq!(streams[0].entries[0].line, "1234567");
}
