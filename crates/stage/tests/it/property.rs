//! What holds for whatever lines come.

use barogram_stage as stage;
use model::{Labels, Timestamp};
use proptest::prelude::*;
use stage::relabel::{Action, Relabeler, Rules};
use stage::{
    Entry, Pipeline, StageConfig, cri, drop, json, label_drop, label_keep, labels, logfmt, luhn,
    r#match, multiline, output, pack, pattern, regex, relabel, replace, split_json, static_labels,
    structured_metadata, template, tenant, timestamp, truncate,
};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000_000);

fn map(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

/// One of each stage that reads lines, chained.
fn all() -> Vec<StageConfig> {
    let text = str::to_owned;
    let line = || truncate::Rule { limit: 40, suffix: text("…"), ..Default::default() };
    let inner =
        vec![StageConfig::StaticLabels(static_labels::Config { values: map(&[("x", "y")]) })];
    vec![
        StageConfig::Cri(cri::Config { max_partial_lines: 2, ..Default::default() }),
        StageConfig::Docker,
        StageConfig::Decolorize,
        StageConfig::SplitJson(split_json::Config::default()),
        StageConfig::Json(json::Config {
            expressions: map(&[("a", ""), ("b", "a[0].b || c"), ("t", "")]),
            ..Default::default()
        }),
        StageConfig::Logfmt(logfmt::Config { regex: text("^[a-c]"), ..Default::default() }),
        StageConfig::Pattern(pattern::Config {
            pattern: text("<a>=<b> <_>"),
            labels_from_groups: true,
            ..Default::default()
        }),
        StageConfig::Regex(regex::Config {
            expression: text(r"(?P<c>\w+)=(?P<d>\S*)"),
            labels_from_groups: true,
            ..Default::default()
        }),
        StageConfig::Replace(replace::Config {
            expression: text("(a)(b)?"),
            replace: text("{{ .Value | ToUpper }}{{ .c }}"),
            ..Default::default()
        }),
        StageConfig::Template(template::Config {
            source: text("e"),
            template: text("{{ .a }}{{ .Entry | trunc 5 }}"),
        }),
        StageConfig::Timestamp(timestamp::Config {
            source: text("t"),
            format: text("Unix"),
            fallback_formats: vec![text("2006-01-02"), text("RFC3339")],
            ..Default::default()
        }),
        StageConfig::Luhn(luhn::Config {
            delimiters: text(" -"),
            min_length: 2,
            ..Default::default()
        }),
        StageConfig::Match(r#match::Config {
            selector: text(r#"{c=~".*"} |~ "[a-m]""#),
            stages: inner,
            ..Default::default()
        }),
        StageConfig::StructuredMetadata(structured_metadata::Config {
            values: map(&[("a", ""), ("m", "d")]),
            ..Default::default()
        }),
        StageConfig::Labels(labels::Config { values: map(&[("e", "")]), ..Default::default() }),
        StageConfig::Tenant(tenant::Config { source: text("b"), ..Default::default() }),
        StageConfig::Airflow,
        StageConfig::Truncate(truncate::Config { rules: vec![line()] }),
        StageConfig::LabelDrop(label_drop::Config { values: vec![text("d")] }),
        StageConfig::Drop(drop::Config { expression: text("^drop"), ..Default::default() }),
        StageConfig::Multiline(multiline::Config {
            firstline: text("^[a-f]"),
            ..Default::default()
        }),
        StageConfig::Pack(pack::Config { labels: vec![text("c")], ..Default::default() }),
        StageConfig::Output(output::Config { source: text("e") }),
        StageConfig::LabelKeep(label_keep::Config { values: vec![text("e"), text("x")] }),
    ]
}

fn run(stages: &[StageConfig], entries: impl IntoIterator<Item = Entry>) -> Vec<Entry> {
    let mut pipeline = Pipeline::new(stages, 0).expect("the settings make sense");
    let mut out = Vec::new();
    for entry in entries {
        pipeline.process(entry, NOW, &mut out);
    }
    pipeline.flush(NOW, &mut out);
    out
}

fn entries(labels: &Labels, lines: &[String]) -> Vec<Entry> {
    lines.iter().map(|line| Entry::new(labels.clone(), Timestamp(0), line.clone())).collect()
}

fn odd_line() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,60}",
        "[{}\\[\\]\":,=\\\\ a-c1-4.]{0,60}",
        "\\{\"(a|t|log|stream)\":(\"[a-z 0-9-]{0,9}\"|[0-9.]{1,9}|\\[[1,]{0,4}\\])\\}",
        "(2026-01-02T03:04:05Z|t) (stdout|stderr) (P|F|F:x) [a-f=0-9 é]{0,30}",
        "\\[[1-3]{1}(,[a-c\"]{1,3}){0,3}\\]",
    ]
}

proptest! {
    #[test]
    fn no_line_is_too_odd(
        lines in proptest::collection::vec(odd_line(), 1..8),
        stages in proptest::sample::subsequence(all(), 0..24),
    ) {
        let labels = Labels::new([("app", "a")]);
        for entry in run(&stages, entries(&labels, &lines)) {
            for (name, value) in entry.labels.iter().chain(entry.metadata.iter()) {
                prop_assert!(model::labels::is_label_name(name) && !value.is_empty());
            }
        }
    }

    #[test]
    fn what_is_remembered_changes_nothing(lines in proptest::collection::vec(odd_line(), 1..8)) {
        // Labels that share their memory are looked up, those of their own memory are worked out.
        let shared = Labels::new([("app", "a")]);
        let fresh = lines.iter().map(|line| {
            Entry::new(Labels::new([("app", "a")]), Timestamp(0), line.clone())
        });
        let show = |entries: Vec<Entry>| {
            let shown = entries.into_iter().map(|entry| {
                (entry.labels.to_string(), entry.metadata.to_string(), entry.line, entry.timestamp)
            });
            shown.collect::<Vec<_>>()
        };
        let fresh = show(run(&all(), fresh));
        prop_assert_eq!(show(run(&all(), entries(&shared, &lines))), fresh);
    }

    #[test]
    fn a_line_in_pieces_is_the_line(pieces in proptest::collection::vec("[^\n]{0,20}", 1..6)) {
        let last = pieces.len() - 1;
        let records = pieces.iter().enumerate().map(|(at, piece)| {
            let flag = if at == last { "F" } else { "P" };
            format!("2026-01-02T03:04:05Z stdout {flag} {piece}")
        });
        let records: Vec<String> = records.collect();
        let stages = [StageConfig::Cri(cri::Config::default())];
        let out = run(&stages, entries(&Labels::default(), &records));
        prop_assert_eq!(out.len(), 1);
        prop_assert_eq!(&out[0].line, &pieces.concat());
    }

    #[test]
    fn joining_loses_no_line(
        lines in proptest::collection::vec(("[ab]", "[0-9a-f]{0,5}"), 1..20), lines_max in 1_u64..5,
    ) {
        let config = multiline::Config {
            firstline: "^[a-c]".to_owned(),
            max_lines: lines_max,
            trim_newlines: false,
            ..Default::default()
        };
        let stream = |name: &str| Labels::new([("s", name)]);
        let input = lines.iter().map(|(name, line)| {
            Entry::new(stream(name), Timestamp(0), line.clone())
        });
        let out = run(&[StageConfig::Multiline(config)], input);
        for name in ["a", "b"] {
            let before = lines.iter().filter(|(of, _)| of == name).map(|(_, line)| line.as_str());
            let after = out.iter().filter(|entry| entry.labels == stream(name));
            let after: Vec<&str> = after.map(|entry| entry.line.as_str()).collect();
            prop_assert_eq!(before.collect::<Vec<_>>().join("\n"), after.join("\n"));
            for entry in &after {
                prop_assert!(entry.split('\n').count() as u64 <= lines_max);
            }
        }
    }

    #[test]
    fn relabelling_is_remembered_as_it_was(
        sets in proptest::collection::vec(
            proptest::collection::vec(("[a-d]", "[x-z]{0,3}"), 0..4), 1..20),
        known_max in 0_usize..4,
    ) {
        let rule = |action, source: &str, regex: &str, target: &str| relabel::Config {
            action,
            source_labels: [source.to_owned()].into_iter().filter(|s| !s.is_empty()).collect(),
            regex: regex.to_owned(),
            target_label: target.to_owned(),
            ..Default::default()
        };
        let rules = Rules::build(&[
            rule(Action::Replace, "a", "(x+)(.*)", "d"),
            rule(Action::Drop, "b", "z.*", ""),
            rule(Action::LabelDrop, "", "c", ""),
        ]).unwrap();
        let mut relabeler = Relabeler::new(rules.clone(), known_max);
        for set in &sets {
            let labels = Labels::new(set.iter().map(|(a, b)| (a.as_str(), b.as_str())));
            let plain = rules.apply(&labels).filter(|labels| !labels.is_empty());
            let entry = Entry::new(labels, Timestamp(0), "x");
            prop_assert_eq!(relabeler.process(entry).map(|entry| entry.labels), plain);
        }
    }
}
