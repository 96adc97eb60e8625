//! What may not be written: names that say nothing, work left for later, tests switched off.

use super::outcome::{Finding, Outcome};
use super::scan;
use super::tree::{File, Tree};

/// Drawers: a thing put there can only be found again by the one who put it.
const DRAWERS: [&str; 9] =
    ["utils", "util", "common", "helpers", "helper", "types", "manager", "misc", "stuff"];
/// Work left for later belongs into an issue, or is done now.
const LATER: [&str; 3] = ["TODO", "FIXME", "XXX"];
/// Macros that are fine while one writes and wrong once one commits.
const UNFINISHED: [&str; 3] = ["dbg!", "todo!", "unimplemented!"];
/// Kinds of text, other than Rust, in which a comment can put work off.
const COMMENTED: [&str; 8] = [".toml", ".sh", ".py", ".ts", ".css", ".yaml", ".yml", ".proto"];

/// Reads names, words and attributes.
pub fn check(tree: &Tree) -> Vec<Outcome> {
    vec![names(tree), unfinished(tree), ignored_tests(tree)]
}

fn names(tree: &Tree) -> Outcome {
    let mut findings = Vec::new();
    for file in &tree.files {
        let stems = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        if let Some(drawer) = stems.into_iter().find(|stem| DRAWERS.contains(stem)) {
            findings.push(Finding::new(&file.path, 0, drawer_message(drawer)));
        }
    }
    for (file, _, source) in tree.sources() {
        for drawer in DRAWERS {
            let declaration = format!("mod {drawer}");
            for at in scan::words(&source.code, &declaration) {
                let line = source.line_of(at);
                findings.push(Finding::new(&file.path, line, drawer_message(drawer)));
            }
        }
    }
    Outcome::rule("names say what is inside", findings)
}

fn drawer_message(drawer: &str) -> String {
    format!("`{drawer}` is the name of a drawer: name it after what is in it")
}

fn unfinished(tree: &Tree) -> Outcome {
    let mut findings = Vec::new();
    let mut found = |file: &File, line: usize, word: &str| {
        findings.push(Finding::new(&file.path, line, format!("`{word}`: finish it")));
    };
    for (file, _, source) in tree.sources() {
        for word in LATER {
            scan::words(&source.comments, word)
                .for_each(|at| found(file, source.line_of(at), word));
        }
        for word in UNFINISHED {
            scan::words(&source.code, word).for_each(|at| found(file, source.line_of(at), word));
        }
    }
    for file in tree.files.iter().filter(|file| COMMENTED.iter().any(|it| file.path.ends_with(it)))
    {
        for (number, line) in (1..).zip(file.text.iter().flat_map(|text| text.lines())) {
            let words = LATER.iter().filter(|word| scan::words(line, word).next().is_some());
            words.for_each(|word| found(file, number, word));
        }
    }
    Outcome::rule("nothing is left for later", findings)
}

fn ignored_tests(tree: &Tree) -> Outcome {
    let mut findings = Vec::new();
    for (file, _, source) in tree.sources() {
        for (at, _) in source.code.match_indices("#[ignore]") {
            let message = "say why the test is ignored: `#[ignore = \"…\"]`";
            findings.push(Finding::new(&file.path, source.line_of(at), message));
        }
    }
    Outcome::rule("an ignored test says why", findings)
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::check as check_words;

    #[track_caller]
    fn check(path: &str, text: &str, expect: &[&str]) {
        let outcomes = check_words(&tree(&[(path, text)]));
        let found: Vec<String> =
            outcomes.iter().flat_map(|it| &it.findings).map(ToString::to_string).collect();
        assert_eq!(found, expect, "{path}: {text}");
    }

    #[test]
    fn drawers() {
        let found = |at: &str, name: &str| {
            format!("{at}: `{name}` is the name of a drawer: name it after what is in it")
        };
        check("a/utils.rs", "", &[&found("a/utils.rs", "utils")]);
        check("a/common/b.rs", "", &[&found("a/common/b.rs", "common")]);
        check("ui/src/types.d.ts", "", &[&found("ui/src/types.d.ts", "types")]);
        check("a.rs", "mod a;\nmod helpers {}\n", &[&found("a.rs:2", "helpers")]);
        check("a/commonplace.rs", "mod utilsx;", &[]);
    }

    #[test]
    fn later() {
        check("a.rs", "fn a() {} // TODO: b\n", &["a.rs:1: `TODO`: finish it"]);
        check("a.rs", "/// a\n/// FIXME\n", &["a.rs:2: `FIXME`: finish it"]);
        check("a.rs", "let a = \"TODO\"; // XXXII TODOs\n", &[]);
        check("a.toml", "a = 1 # XXX\n", &["a.toml:1: `XXX`: finish it"]);
        check("a.md", "Nobody leaves a TODO.\n", &[]);
    }

    #[test]
    fn macros() {
        check("a.rs", "fn a() {\n  todo!()\n}", &["a.rs:2: `todo!`: finish it"]);
        check(
            "a.rs",
            "dbg!(a); unimplemented!();",
            &["a.rs:1: `dbg!`: finish it", "a.rs:1: `unimplemented!`: finish it"],
        );
        check("a.rs", "// never dbg!(a)\nlet a = \"todo!\";", &[]);
    }

    #[test]
    fn ignored() {
        check(
            "a.rs",
            "#[test]\n#[ignore]\nfn a() {}",
            &["a.rs:2: say why the test is ignored: `#[ignore = \"…\"]`"],
        );
        check("a.rs", "#[ignore = \"needs a server\"]\nfn a() {}", &[]);
        check("a.rs", "// `#[ignore]`", &[]);
    }
}
