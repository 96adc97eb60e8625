//! How long things may be: files, functions, lines, tests and tables of contents.

use super::outcome::{Finding, Outcome};
use super::scan::{self, Kind};
use super::source::Source;
use super::tree::Tree;

/// Lines of a source file that are not test code. Half of a reader's patience; the best projects
/// of the field keep nineteen files of twenty below it.
const FILE_LINES: usize = 500;
/// Lines of test code inside a source file; beyond, they move to a sibling file.
const INLINE_TEST_LINES: usize = 150;
/// Lines of a function, from its `fn` to its closing brace: a screen.
const FUNCTION_LINES: usize = 70;
/// The median length of a function: most should say one thing.
const MEDIAN_FUNCTION_LINES: usize = 10;
/// Characters of a line: two files fit side by side.
const LINE_COLUMNS: usize = 100;
/// Lines of a `mod.rs`: a table of contents.
const CONTENTS_LINES: usize = 80;

/// Measures the tree.
pub fn check(tree: &Tree) -> Vec<Outcome> {
    vec![
        files(tree),
        inline_tests(tree),
        functions(tree),
        median_function(tree),
        columns(tree),
        contents(tree),
        contents_without_logic(tree),
        opening(tree),
    ]
}

fn files(tree: &Tree) -> Outcome {
    let mut outcome = Outcome::limit("lines of a file, without tests", FILE_LINES);
    for (file, _, source) in tree.sources() {
        let lines = source.lines() - source.test_lines();
        let message = format!("{lines} lines without tests: split it by what it tells about");
        outcome.measure(lines, Finding::new(&file.path, 0, message));
    }
    outcome
}

fn inline_tests(tree: &Tree) -> Outcome {
    let mut outcome = Outcome::limit("lines of inline tests", INLINE_TEST_LINES);
    for (file, _, source) in tree.sources() {
        let tests = source.test_lines();
        if tests < source.lines() {
            let stem = file.path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
            let message = format!("{tests} lines of inline tests: move them to {stem}/tests.rs");
            outcome.measure(tests, Finding::new(&file.path, 0, message));
        }
    }
    outcome
}

fn functions(tree: &Tree) -> Outcome {
    let mut outcome = Outcome::limit("lines of a function", FUNCTION_LINES);
    for (file, _, source) in tree.sources() {
        for function in source.functions.iter().filter(|function| !function.is_test) {
            let message = format!("{} has {} lines", function.name, function.lines);
            outcome.measure(function.lines, Finding::new(&file.path, function.line, message));
        }
    }
    outcome
}

fn median_function(tree: &Tree) -> Outcome {
    let mut outcome = Outcome::limit("lines of the median function", MEDIAN_FUNCTION_LINES);
    let median = median_function_lines(tree);
    let message = format!("the median function has {median} lines");
    outcome.measure(median, Finding::new("all sources", 0, message));
    outcome
}

/// The median length of a function outside test code.
pub fn median_function_lines(tree: &Tree) -> usize {
    let functions = tree.sources().flat_map(|(_, _, source)| &source.functions);
    let mut lines: Vec<usize> =
        functions.filter(|function| !function.is_test).map(|function| function.lines).collect();
    lines.sort_unstable();
    lines.get(lines.len() / 2).copied().unwrap_or_default()
}

fn columns(tree: &Tree) -> Outcome {
    let mut outcome = Outcome::limit("columns of a line", LINE_COLUMNS);
    for (file, text, source) in tree.sources() {
        for (number, line) in (1..).zip(text.lines()) {
            let columns = columns_of(source, number, line);
            let message = format!("{columns} columns");
            outcome.measure(columns, Finding::new(&file.path, number, message));
        }
    }
    outcome
}

/// The columns of a line that its author could have broken. What cannot be broken, or would be
/// worse for it, does not count: a word with a URL, the inside of a literal that spans lines, a
/// literal that has its line for itself (a message is searched for as a whole), and the literals
/// of a test's table.
fn columns_of(source: &Source, number: usize, line: &str) -> usize {
    let kinds = source.kinds_of(number);
    let is_alone =
        !line.char_indices().any(|(at, c)| kinds[at] != Kind::Literal && scan::is_word(c));
    let is_data = is_alone || source.is_test(number) || source.opens_in_literal(number);
    let counted = line.char_indices().filter(|(at, _)| !is_data || kinds[*at] != Kind::Literal);
    let url = line.split_whitespace().find(|word| word.contains("://"));
    counted.count().saturating_sub(url.map_or(0, |url| url.chars().count()))
}

fn contents(tree: &Tree) -> Outcome {
    let mut outcome = Outcome::limit("lines of a mod.rs", CONTENTS_LINES);
    for (file, _, source) in tree.sources().filter(|(file, _, _)| file.name() == "mod.rs") {
        let message = format!("{} lines: it is a table of contents", source.lines());
        outcome.measure(source.lines(), Finding::new(&file.path, 0, message));
    }
    outcome
}

fn contents_without_logic(tree: &Tree) -> Outcome {
    let mut findings = Vec::new();
    for (file, _, source) in tree.sources().filter(|(file, _, _)| file.name() == "mod.rs") {
        for at in scan::words(&source.code, "fn") {
            let is_type = source.code[at + "fn".len()..].trim_start().starts_with('(');
            if !is_type {
                let message = "a function in a mod.rs: give it a file of its own";
                findings.push(Finding::new(&file.path, source.line_of(at), message));
            }
        }
    }
    Outcome::rule("no function in a mod.rs", findings)
}

fn opening(tree: &Tree) -> Outcome {
    let silent = tree.sources().filter(|(_, text, _)| !text.starts_with("//!"));
    let message = "open with `//!`: what the file is for and what it must not do";
    let findings = silent.map(|(file, _, _)| Finding::new(&file.path, 1, message)).collect();
    Outcome::rule("a file opens with //!", findings)
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::{check as check_budgets, median_function_lines};

    /// Expects exactly these findings in a tree of one file.
    #[track_caller]
    fn check(path: &str, text: &str, expect: &[&str]) {
        let outcomes = check_budgets(&tree(&[(path, text)]));
        let found: Vec<String> =
            outcomes.iter().flat_map(|it| &it.findings).map(ToString::to_string).collect();
        assert_eq!(found, expect);
    }

    /// `//!` and `count` more lines.
    fn file(count: usize, line: &str) -> String {
        format!("//! File.\n{}", line.repeat(count))
    }

    #[test]
    fn file_lines() {
        check("a.rs", &file(499, "//\n"), &[]);
        check(
            "a.rs",
            &file(500, "//\n"),
            &["a.rs: 501 lines without tests: split it by what it tells about"],
        );
        let tests =
            format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", file(499, "//\n"), "//\n".repeat(100));
        check("a.rs", &tests, &[]);
        check("a/tests/it/main.rs", &file(900, "//\n"), &[]);
    }

    #[test]
    fn inline_test_lines() {
        let tests = |lines: usize| {
            format!("//! File.\n#[cfg(test)]\nmod tests {{\n{}}}\n", "//\n".repeat(lines))
        };
        check("a/b.rs", &tests(147), &[]);
        check(
            "a/b.rs",
            &tests(148),
            &["a/b.rs: 151 lines of inline tests: move them to a/b/tests.rs"],
        );
        check("a/b/mod.rs", &tests(60), &[]);
    }

    #[test]
    fn function_lines() {
        let function = |name: &str, lines: usize| {
            format!("fn {name}() {{\n{}}}\n", "    a();\n".repeat(lines - 2))
        };
        let short = "fn s() {}\n".repeat(3);
        check("a.rs", &format!("//! F.\n{short}{}", function("f", 70)), &[]);
        check(
            "a.rs",
            &format!("//! F.\n{short}{}", function("f", 71)),
            &["a.rs:5: f has 71 lines"],
        );
        check(
            "a.rs",
            &format!("//! F.\n{}", function("f", 11)),
            &["all sources: the median function has 11 lines"],
        );
        check("a/tests/b.rs", &format!("//! F.\n{}", function("f", 90)), &[]);
        let lengths =
            tree(&[("a.rs", &format!("{short}{}{}", function("f", 5), function("g", 9)))]);
        assert_eq!(median_function_lines(&lengths), 1);
    }

    #[test]
    fn line_columns() {
        let long = "x".repeat(100);
        check("a.rs", &format!("//! F.\n{long}\n"), &[]);
        check("a.rs", &format!("//! F.\nlet {long}\n"), &["a.rs:2: 104 columns"]);
        check("a.rs", &format!("//! F.\n// {long}\n"), &["a.rs:2: 103 columns"]);
        check("a.rs", &format!("//! F.\n// See https://{long}\n"), &[]);
        check("a.rs", &format!("//! F.\nlet a = \"{long}\";\n"), &["a.rs:2: 111 columns"]);
        check("a.rs", &format!("//! F.\nlet a = \"\n{long}{long}\";\n"), &[]);
        check("a.rs", &format!("//! F.\nf(\n    \"{long}\",\n    r#\"{long}\"#,\n);\n"), &[]);
        check("tests/a.rs", &format!("//! F.\ncheck(\"{long}\", 1);\n"), &[]);
        check("tests/a.rs", &format!("//! F.\ncheck({long});\n"), &["tests/a.rs:2: 108 columns"]);
        check("a.rs", &format!("//! F.\n{}\n", "ä".repeat(100)), &[]);
    }

    #[test]
    fn contents_pages() {
        check("a/mod.rs", &file(79, "mod a;\n"), &[]);
        check(
            "a/mod.rs",
            &file(80, "mod a;\n"),
            &["a/mod.rs: 81 lines: it is a table of contents"],
        );
        check("a/mod.rs", "//! F.\npub type F = fn(u8);\n", &[]);
        let found = "a/mod.rs:3: a function in a mod.rs: give it a file of its own";
        check("a/mod.rs", "//! F.\ntrait A {\nfn a();\n}\n", &[found]);
    }

    #[test]
    fn openings() {
        let found = "a.rs:1: open with `//!`: what the file is for and what it must not do";
        check("a.rs", "// A comment.\n", &[found]);
        check("a.rs", "", &[found]);
        check("a.sh", "", &[]);
    }
}
