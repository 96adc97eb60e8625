//! What holds for all lines and all limits.

use std::collections::BTreeMap;

use drain::{Config, Miner, TemplateId};
use proptest::prelude::*;

use crate::filter::passes;

/// What lines are made of: what the reader, the masks and the printer treat in a way of their own.
const ATOMS: [&str; 44] = [
    " ",
    "  ",
    "    ",
    "\t",
    "\n",
    "a",
    "b",
    "ab",
    "x",
    "ax",
    "é",
    "INFO",
    "error",
    "POST",
    "a-b",
    "-",
    "--",
    "----",
    ":",
    "::",
    ".",
    "_",
    "12",
    "7ms",
    "1-2-x",
    "x1-1",
    "a12-a1",
    "fe80::1",
    "aoim0e9g",
    "=",
    "==",
    ",",
    "\"",
    "\\\"",
    "{",
    "{\"msg\":\"",
    "\"event\": \"",
    "\"}",
    "<",
    ">",
    "<a>",
    "<_>",
    "\0",
    "\u{1b}[1;34m",
];

fn line() -> impl Strategy<Value = String> {
    let atom =
        prop_oneof![20 => prop::sample::select(&ATOMS[..]).prop_map(str::to_owned), 1 => ".{0,6}"];
    prop::collection::vec(atom, 0..14).prop_map(|atoms| atoms.concat())
}

/// Lines that come from few forms, as those of programs do, so that they meet in templates.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let few = prop::collection::vec(prop::collection::vec(line(), 1..4), 1..5);
    (few, prop::collection::vec((any::<prop::sample::Index>(), line(), " {0,3}"), 1..60)).prop_map(
        |(forms, fills)| {
            let fill = |(form, value, padding): &(prop::sample::Index, String, String)| {
                let form: &Vec<String> = form.get(&forms);
                form.join(&format!("{padding}{value}"))
            };
            fills.iter().map(fill).collect()
        },
    )
}

fn config() -> impl Strategy<Value = Config> {
    let likeness = (0_u8..=100, 0_u8..=100);
    let tree = (0_usize..40, 0_usize..4, 0_usize..6);
    (tree, 0_usize..12, 0_u16..80, 0_usize..20, likeness).prop_map(
        |(tree, words, line, word, likeness)| Config {
            templates_max: tree.0,
            children_max: tree.1,
            leaf_templates_max: tree.2,
            words_max: words,
            line_bytes_max: line,
            word_bytes_max: word,
            likeness_percent: likeness.0,
            crowded_likeness_percent: likeness.1,
        },
    )
}

/// Learns all lines, and checks each against what its template has become.
fn check(lines: &[String], config: Config) -> Result<(), TestCaseError> {
    let templates_max = config.templates_max.max(1);
    let mut miner = Miner::new(config);
    let ids: Vec<_> = lines.iter().map(|line| miner.learn(line)).collect();
    let mut counts = BTreeMap::<TemplateId, u64>::new();
    for (id, line) in ids.iter().zip(lines) {
        let Some(id) = id else { continue };
        *counts.entry(*id).or_default() += 1;
        let Some(template) = miner.template(*id) else { continue };
        let pattern = template.to_string();
        prop_assert_eq!(passes(&pattern, line), Ok(true), "{:?} for {:?}", pattern, line);
    }
    prop_assert!(miner.templates().count() <= templates_max);
    for (id, template) in miner.templates() {
        prop_assert_eq!(template.count(), counts[&id]);
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_template_passes_every_line_it_took_in(lines in lines()) {
        check(&lines, Config::default())?;
    }

    #[test]
    fn it_does_so_within_any_limits(lines in lines(), config in config()) {
        check(&lines, config)?;
    }

    #[test]
    fn two_miners_learn_the_same(lines in lines()) {
        let learn = || {
            let mut miner = Miner::new(Config::default());
            let ids: Vec<_> = lines.iter().map(|line| miner.learn(line)).collect();
            let templates: Vec<_> = miner.templates().map(|(_, t)| t.to_string()).collect();
            (ids, templates)
        };
        prop_assert_eq!(learn(), learn());
    }
}
