//! What a short configuration may say, what is told of one that is wrong, and that what it is
//! written out as is right.

use std::fs;

use crate::configuration::{Machine, check as check_all, load};

/// What is wrong with a file of this text, and what of another is told; nothing if all is right.
#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    fs::write(&path, text).unwrap();
    let told = match load(&path) {
        Ok(all) => check_all(&all[0], &Machine::default()).rendered(false),
        Err(error) => error.to_string(),
    };
    let start = format!("{}:", path.display());
    for expect in expect {
        let (place, words) = expect.split_once(' ').unwrap();
        let is_told = told.contains(&format!("{start}{place}")) && told.contains(words);
        assert!(is_told, "{told:?} does not tell {expect:?}");
    }
    assert_eq!(told.is_empty(), expect.is_empty(), "{told}");
}

#[test]
fn what_may_be_said() {
    check("", &[]);
    check("# nothing\n", &[]);
    check("task_logs: 'off'\n", &[]);
    check("task_logs: on\npods:\n  namespaces: {include: [a, b], exclude: [c]}\n", &[]);
    check("sinks:\n  - url: http://loki:3100\n", &[]);
    check(
        "sinks:\n  - url: https://a:3100\n    token_file: /t\n    tenant: one\n  \
         - {url: 'http://b:3100', name: b}\npods:\n  folder: /logs\n  namespaces: {include: \
         [a, b.c], exclude: [d]}\n  labels: {include: {app.io/x: 'y'}, exclude: {z: w}}\n\
         labels: {cluster: prod}\nstate_dir: /s\nlisten: 0.0.0.0:1\n",
        &[],
    );
}

#[test]
fn what_is_wrong() {
    check("sink:\n", &["1:1 did you mean \"sinks\"?"]);
    check("sinks:\n  - urll: http://a\n", &["2:5 did you mean \"url\"?", "2:5 a sink needs a url"]);
    check("sinks:\n  - url: loki:3100\n", &["2:10 a sink needs a url"]);
    check("pods:\n  namespaces: [a]\n", &["2:15 include, exclude"]);
    check("pods:\n  namespaces: {include: a}\n", &["2:25 must be a list"]);
    check("labels: {0x: a}\n", &["1:10 label name \"0x\""]);
    check("task_logs: all\n", &["1:12 must be \"auto\", \"on\" or \"off\""]);
    check("listen: here\n", &["1:9 no address"]);
    check("labels: {a: b}\nlabels: {a: c}\n", &["2:1 is there already"]);
    check("labels: {a: [b]}\n", &["1:13 must be a text"]);
}

#[test]
fn an_object_of_kubernetes_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    fs::write(&path, "apiVersion: v1\nkind: Secret\n").unwrap();
    assert!(load(&path).unwrap_err().to_string().contains("no ConfigMap"));
}

#[test]
fn what_is_told_besides() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    fs::write(&path, "state_dir: /s\nlisten: 127.0.0.1:1\n").unwrap();
    let one = load(&path).unwrap().remove(0);
    assert_eq!(one.state_dir.unwrap().to_str(), Some("/s"));
    assert_eq!(one.listen, Some(([127, 0, 0, 1], 1).into()));
}
