//! Any lines can be learned, and what was learned prints as a pattern that LogQL's `|>` takes and
//! that passes every line it was learned from.

#![no_main]

use drain::{Config, Miner};
use libfuzzer_sys::fuzz_target;
use logql::ast::{LineFilter, LineFilterOp, LineMatch, Span, Stage, Text};
use logql::pipeline::{Pipeline, RowLabels};
use model::Timestamp;

/// Few of all, so that small inputs reach the limits.
const SMALL: Config = Config {
    templates_max: 8,
    children_max: 3,
    leaf_templates_max: 3,
    words_max: 24,
    line_bytes_max: 200,
    word_bytes_max: 16,
    likeness_percent: 70,
    crowded_likeness_percent: 50,
};

fuzz_target!(|text: &str| {
    learn(text, SMALL);
    learn(text, Config::default());
});

fn learn(text: &str, config: Config) {
    let templates_max = config.templates_max;
    let mut miner = Miner::new(config);
    let learned: Vec<_> = text.split('\n').map(|line| (miner.learn(line), line)).collect();
    assert!(miner.templates().count() <= templates_max);
    for (id, template) in miner.templates() {
        let lines = learned.iter().filter(|(of, _)| *of == Some(id)).map(|(_, line)| *line);
        check(&template.to_string(), lines);
    }
}

fn check<'a>(pattern: &str, lines: impl Iterator<Item = &'a str>) {
    let filter = Pipeline::new(&[filter(pattern)]);
    let filter = filter.unwrap_or_else(|error| panic!("{pattern:?}: {error}"));
    for line in lines {
        let mut labels = RowLabels::default();
        let passed = filter.process(Timestamp(0), line, &mut labels);
        assert!(passed.is_some(), "{pattern:?} does not pass {line:?}");
    }
}

fn filter(pattern: &str) -> Stage {
    let span = Span::default();
    let text = Text { value: pattern.to_owned(), span };
    let alternatives = vec![LineMatch::Text(text)];
    Stage::LineFilter(LineFilter { op: LineFilterOp::Pattern, alternatives, span })
}
