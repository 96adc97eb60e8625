//! Each action, and rules that make no sense.

use super::*;

fn rule(action: Action, sources: &[&str], regex: &str, target: &str, replacement: &str) -> Config {
    Config {
        action,
        source_labels: sources.iter().map(|name| (*name).to_owned()).collect(),
        regex: regex.into(),
        target_label: target.into(),
        replacement: replacement.into(),
        ..Config::default()
    }
}

#[track_caller]
fn check(rules: &[Config], labels: &str, expect: &str) {
    let rules = Rules::build(rules).unwrap();
    let labels = Labels::parse(labels).unwrap();
    let shown = rules.apply(&labels).map_or("dropped".to_owned(), |labels| labels.to_string());
    assert_eq!(shown, expect, "for {labels}");
    let target = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let target = rules.apply_target(&target).map(|target| Labels::new(target).to_string());
    assert_eq!(target.unwrap_or("dropped".to_owned()), expect, "as a target");
}

#[test]
fn replace() {
    let set = |sources: &[&str], regex: &str, target: &str, replacement: &str, expect: &str| {
        let rule = rule(Action::Replace, sources, regex, target, replacement);
        check(&[rule], r#"{a="foo", b="bar"}"#, expect);
    };
    set(&["a"], "f(.*)", "d", "ch${1}-ch${1}", r#"{a="foo", b="bar", d="choo-choo"}"#);
    set(&["a", "b"], "(.*);(.*)", "a", "$2$1", r#"{a="barfoo", b="bar"}"#);
    set(&["a"], "o", "d", "x", r#"{a="foo", b="bar"}"#);
    set(&["a"], "(?P<x>.).*", "d_${x}", "$x", r#"{a="foo", b="bar", d_f="f"}"#);
    set(&["a"], "foo", "a", "", r#"{b="bar"}"#);
    set(&["none"], "(.*)", "d", "fixed", r#"{a="foo", b="bar", d="fixed"}"#);
    set(&["none"], "(.*)", "a", "$1", r#"{b="bar"}"#);
    set(&["none"], "(.+)", "a", "$1", r#"{a="foo", b="bar"}"#);
    set(&[], "(.*)", "d", "x", r#"{a="foo", b="bar", d="x"}"#);
    // A name that turns out to be none sets nothing.
    set(&["none"], "(.*)", "$1", "x", r#"{a="foo", b="bar"}"#);
}

#[test]
fn keep_and_drop() {
    use Action::{Drop, DropEqual, Keep, KeepEqual};
    let labels = r#"{a="foo", b="foo", c="bar"}"#;
    let keeps = |rule| check(&[rule], labels, labels);
    let drops = |rule| check(&[rule], labels, "dropped");
    keeps(rule(Keep, &["a"], "fo+", "", "$1"));
    drops(rule(Keep, &["a"], "o+", "", "$1"));
    drops(rule(Keep, &["none"], ".+", "", "$1"));
    drops(rule(Drop, &["a", "c"], "foo;bar", "", "$1"));
    keeps(rule(Drop, &["none"], ".+", "", "$1"));
    keeps(rule(KeepEqual, &["a"], "(.*)", "b", "$1"));
    drops(rule(KeepEqual, &["a"], "(.*)", "c", "$1"));
    drops(rule(DropEqual, &["a"], "(.*)", "b", "$1"));
    keeps(rule(DropEqual, &["a"], "(.*)", "none", "$1"));
    drops(rule(DropEqual, &["x"], "(.*)", "none", "$1"));
}

#[test]
fn names() {
    use Action::{LabelDrop, LabelKeep, LabelMap};
    let map = rule(LabelMap, &[], "__meta_(my.*)", "", "${1}");
    check(
        &[map],
        r#"{__meta_my_bar="aaa", __meta_your="z", my_bar="x"}"#,
        r#"{__meta_my_bar="aaa", __meta_your="z", my_bar="aaa"}"#,
    );
    let labels = r#"{a="1", b1="2", b2="3"}"#;
    check(&[rule(LabelDrop, &[], "b.*", "", "$1")], labels, r#"{a="1"}"#);
    check(&[rule(LabelKeep, &[], "b.*", "", "$1")], labels, r#"{b1="2", b2="3"}"#);
    check(&[rule(LabelKeep, &[], "b", "", "$1")], labels, "{}");
}

#[test]
fn values() {
    let lower = rule(Action::Lowercase, &["a", "b"], "(.*)", "lower", "$1");
    let upper = rule(Action::Uppercase, &["a"], "(.*)", "a", "$1");
    check(&[lower, upper], r#"{a="Foo", b="BAR"}"#, r#"{a="FOO", b="BAR", lower="foo;bar"}"#);
    let hash = rule(Action::HashMod, &["c"], "(.*)", "d", "$1");
    check(&[Config { modulus: 1000, ..hash }], r#"{c="baz"}"#, r#"{c="baz", d="976"}"#);
}

#[test]
fn rules_follow_one_another() {
    let first = rule(Action::Replace, &["a"], "(.*)", "b", "$1");
    let second = rule(Action::Keep, &["b"], "foo", "", "$1");
    check(&[first.clone(), second.clone()], r#"{a="foo"}"#, r#"{a="foo", b="foo"}"#);
    check(&[second, first], r#"{a="foo"}"#, "dropped");
}

#[track_caller]
fn check_error(rule: &Config, expect: &str) {
    let good = Config { target_label: "x".into(), ..Config::default() };
    let error = Rules::build(&[good, rule.clone()]).unwrap_err();
    assert_eq!((error.path.as_slice(), &error.message[..]), (&[(1, "rule")][..], expect));
}

#[test]
fn rules_that_make_no_sense() {
    use Action::{DropEqual, HashMod, LabelDrop, LabelMap, Lowercase, Replace};
    let sources = &["a"];
    check_error(&rule(Replace, sources, "(.*)", "", "$1"), "is needed for replace");
    check_error(&rule(Replace, sources, "(.*)", "a-b", "$1"), "\"a-b\" is no name of a label");
    check_error(&rule(Replace, sources, "(.*)", "a-$1", "$1"), "\"a-$1\" is no name of a label");
    check_error(&rule(HashMod, sources, "(.*)", "x", "$1"), "is needed for hashmod");
    check_error(&rule(HashMod, sources, "(.*)", "$1", "$1"), "\"$1\" is no name of a label");
    check_error(&rule(LabelMap, &[], "(.*)", "", "$1-x"), "\"$1-x\" is no name of a label");
    check_error(&rule(LabelDrop, sources, "x", "", "$1"), "labeldrop takes nothing but regex");
    check_error(
        &rule(DropEqual, sources, "x", "a", "$1"),
        "dropequal takes nothing but source_labels and target_label",
    );
    check_error(&rule(Lowercase, sources, "(.*)", "a", "x"), "cannot be given for lowercase");
    check_error(
        &rule(Replace, sources, "(", "a", "x"),
        "error parsing regexp: missing closing ): `(`",
    );
}

#[test]
fn entries_are_relabelled() {
    let drop = rule(Action::Drop, &["app"], "noise", "", "$1");
    let keep = rule(Action::LabelKeep, &[], "app", "", "$1");
    let mut relabeler = Relabeler::new(Rules::build(&[drop, keep]).unwrap(), 2);
    let mut process = |labels: &[(&str, &str)]| {
        let entry = Entry::new(Labels::new(labels.to_vec()), model::Timestamp(0), "x");
        relabeler.process(entry).map(|entry| entry.labels.to_string())
    };
    for _ in 0..3 {
        assert_eq!(process(&[("app", "web"), ("x", "y")]).as_deref(), Some(r#"{app="web"}"#));
        assert_eq!(process(&[("app", "noise")]), None);
        assert_eq!(process(&[("x", "nothing that stays")]), None);
    }
    assert!(relabeler.young.len() + relabeler.old.len() <= 2);
}
