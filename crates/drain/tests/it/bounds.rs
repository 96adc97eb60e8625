//! What a miner does at its limits.

use drain::{Config, Miner};

/// Learns lines and shows the templates that are left, oldest first.
fn learn<'a>(config: Config, lines: impl IntoIterator<Item = &'a str>) -> (Miner, Vec<String>) {
    let mut miner = Miner::new(config);
    for line in lines {
        miner.learn(line);
    }
    let mut templates: Vec<_> = miner.templates().collect();
    templates.sort_by_key(|(id, _)| *id);
    let shown = templates.iter().map(|(_, template)| template.to_string()).collect();
    (miner, shown)
}

#[track_caller]
fn check(config: Config, lines: &[&str], expect: &[&str]) {
    assert_eq!(learn(config, lines.iter().copied()).1, expect, "{lines:?}");
}

#[test]
fn the_template_used_least_recently_makes_room() {
    let config = Config { templates_max: 2, ..Config::default() };
    check(config.clone(), &["one", "two", "one", "three"], &["one", "three"]);
    check(config, &["one", "two", "three"], &["two", "three"]);
}

#[test]
fn an_evicted_template_is_no_part_of_a_crowd() {
    let config = Config { templates_max: 1, leaf_templates_max: 2, ..Config::default() };
    check(config, &["hello anna", "hello bert", "hello carl"], &["hello carl"]);
}

#[test]
fn an_evicted_template_is_gone_and_its_id_does_not_come_back() {
    let mut miner = Miner::new(Config { templates_max: 1, ..Config::default() });
    let first = miner.learn("one").unwrap();
    assert_eq!(miner.learn("one"), Some(first));
    let second = miner.learn("two").unwrap();
    let third = miner.learn("one").unwrap();
    assert!(first < second && second < third);
    assert!(miner.template(first).is_none());
    assert_eq!(miner.template(third).unwrap().count(), 1);
}

#[test]
fn words_beyond_the_limit_are_the_rest() {
    let config = Config { words_max: 2, ..Config::default() };
    check(config.clone(), &["a b c", "a b d e"], &["a b <_>"]);
    check(config.clone(), &["a b", "a b "], &["a b", "a b "]);
    check(config, &["1 2 3"], &["<_> <_> <_>"]);
}

#[test]
fn bytes_beyond_the_limit_are_the_rest() {
    let config = Config { line_bytes_max: 5, ..Config::default() };
    check(config.clone(), &["abc def"], &["abc <_>"]);
    check(config.clone(), &["abcde"], &["abcde"]);
    check(config.clone(), &["abcdef"], &[]);
    check(Config { line_bytes_max: 6, ..config }, &["abc dé"], &["abc <_>"]);
}

#[test]
fn blank_lines_are_not_mined() {
    check(Config::default(), &["", " ", "\n \t"], &[]);
    check(Config { words_max: 0, ..Config::default() }, &["a"], &[]);
}

#[test]
fn long_words_vary() {
    let config = Config { word_bytes_max: 5, ..Config::default() };
    check(config, &["got abcdef", "got ghijkl", "saw abcde"], &["got <_>", "saw abcde"]);
}

#[test]
fn a_crowd_of_messages_that_begin_alike_has_a_variable_in_it() {
    let names = ["anna", "bert", "carl", "dora", "emil"];
    let lines: Vec<_> = names.iter().map(|name| format!("hello {name}")).collect();
    let few = Config { leaf_templates_max: 2, ..Config::default() };
    let (_, shown) = learn(few, lines.iter().map(String::as_str));
    assert_eq!(shown, ["hello <_>", "hello bert"]);
    let (_, shown) = learn(Config::default(), lines.iter().map(String::as_str));
    assert_eq!(shown.len(), names.len());
}

#[test]
fn a_crowd_of_first_words_shares_a_branch() {
    let config = Config { children_max: 1, ..Config::default() };
    let lines = ["zoe has left the house", "anna has left the house", "bert has left the house"];
    let expect = ["zoe has left the house", "<_> has left the house"];
    check(config, &lines, &expect);
    check(Config::default(), &lines, &lines);
}
