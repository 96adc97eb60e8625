//! Whatever a file holds, `stage.cri` unwraps it and rules relabel it: no line is lost or doubled,
//! and every label is one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{Labels, Timestamp};
use stage::relabel::{self, Action, Relabeler, Rules};
use stage::{Entry, Pipeline, StageConfig, cri};

fuzz_target!(|input: (&str, &str, &str)| {
    let (text, regex, replacement) = input;
    let out = unwrap(text);
    // Joining makes fewer entries of the lines, never more.
    assert!(out.len() <= text.split('\n').count());
    relabel(&out, regex, replacement);
});

fn unwrap(text: &str) -> Vec<Entry> {
    let config = cri::Config { max_partial_lines: 2, ..cri::Config::default() };
    let mut pipeline = Pipeline::new(&[StageConfig::Cri(config)], 0).expect("it makes sense");
    let mut out = Vec::new();
    let now = Timestamp(0);
    for line in text.split('\n') {
        pipeline.process(Entry::new(Labels::default(), now, line), now, &mut out);
    }
    pipeline.flush(now, &mut out);
    out
}

fn relabel(entries: &[Entry], regex: &str, replacement: &str) {
    let rule = |action, target: &str| relabel::Config {
        action,
        source_labels: vec!["stream".to_owned(), "line".to_owned()],
        regex: regex.to_owned(),
        target_label: target.to_owned(),
        replacement: replacement.to_owned(),
        ..relabel::Config::default()
    };
    let Ok(rules) = Rules::build(&[rule(Action::Replace, "x_$1"), rule(Action::Drop, "")]) else {
        return;
    };
    let mut relabeler = Relabeler::new(rules.clone(), 2);
    for entry in entries {
        let mut entry = entry.clone();
        entry.labels = entry.labels.with("line", &entry.line);
        let plain = rules.apply(&entry.labels).filter(|labels| !labels.is_empty());
        let labels = relabeler.process(entry).map(|entry| entry.labels);
        assert_eq!(labels, plain, "what is remembered is what was worked out");
        for (name, _) in labels.iter().flat_map(Labels::iter) {
            assert!(model::labels::is_label_name(name), "{name:?}");
        }
    }
}
