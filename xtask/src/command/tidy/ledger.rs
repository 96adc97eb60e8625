//! What the code offers is written down: metrics, routes, decisions, the command that tests it all.

use super::outcome::{Finding, Outcome};
use super::source::Source;
use super::tree::Tree;

/// Where every metric is explained.
const METRICS: &str = "docs/metrics.md";
/// The whole route table of the server.
const ROUTER: &str = "crates/server/src/router.rs";
/// Where every route is compared with Loki's.
const COMPATIBILITY: &str = "docs/compatibility.md";
/// The folder of decision records, and the page that lists them.
const DECISIONS: &str = "docs/decisions/";
const DECISIONS_INDEX: &str = "docs/decisions/README.md";
/// The script that decides what lands, and the page that tells a newcomer how to test.
const CI: &str = ".ci/run";
const README: &str = "README.md";
/// Folders in which a file is a thing that a user can name, so each has a test of its own.
const NAMED_THINGS: [&str; 1] = ["crates/logql/src/pipeline/"];

/// Compares code and documents.
pub fn check(tree: &Tree) -> Vec<Outcome> {
    vec![metrics(tree), routes(tree), decisions(tree), test_command(tree), tested(tree)]
}

fn metrics(tree: &Tree) -> Outcome {
    let documented = tree.text(METRICS).unwrap_or_default();
    let mut findings = Vec::new();
    for (file, text, source) in tree.sources().filter(|(file, _, _)| file.path.contains("/src/")) {
        for (at, name) in metric_names(text, source) {
            if !documented.contains(name) {
                let message = format!("the metric `{name}` is not in {METRICS}");
                findings.push(Finding::new(&file.path, source.line_of(at), message));
            }
        }
    }
    Outcome::rule("metrics are documented", findings)
}

/// The names under which a file registers metrics. Where a call takes its name from a table, every
/// word of the file that can be a name counts as one.
fn metric_names<'a>(text: &'a str, source: &'a Source) -> Vec<(usize, &'a str)> {
    let calls = source.code.match_indices(".register(").map(|(at, call)| at + call.len());
    let calls: Vec<usize> = calls.filter(|at| !source.is_test(source.line_of(*at))).collect();
    let named: Option<Vec<_>> =
        calls.iter().map(|at| Some((*at, source.literal_at(text, *at)?))).collect();
    let is_name = |name: &str| {
        let opens = name.starts_with(|c: char| c.is_ascii_lowercase());
        opens && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    named.unwrap_or_else(|| source.literals(text).filter(|(_, name)| is_name(name)).collect())
}

fn routes(tree: &Tree) -> Outcome {
    let documented = tree.text(COMPATIBILITY).unwrap_or_default();
    let mut findings = Vec::new();
    for (file, text, source) in tree.sources().filter(|(file, _, _)| file.path == ROUTER) {
        for (at, route) in source.literals(text).filter(|(_, literal)| literal.starts_with('/')) {
            if !mentions(documented, route) {
                let message = format!("the route `{route}` is not in {COMPATIBILITY}");
                findings.push(Finding::new(&file.path, source.line_of(at), message));
            }
        }
    }
    Outcome::rule("routes are documented", findings)
}

/// Whether a text has a path as a whole, not as the beginning or the end of a longer one.
fn mentions(text: &str, route: &str) -> bool {
    let is_path = |c: char| c.is_alphanumeric() || "/_-{}".contains(c);
    text.match_indices(route).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + route.len()..].chars().next();
        !before.is_some_and(is_path) && !after.is_some_and(is_path)
    })
}

fn decisions(tree: &Tree) -> Outcome {
    let index = tree.text(DECISIONS_INDEX).unwrap_or_default();
    let records = tree.files.iter().filter(|file| {
        file.path.starts_with(DECISIONS)
            && file.path != DECISIONS_INDEX
            && file.path.ends_with(".md")
    });
    let unlisted = records.filter(|file| !index.contains(&format!("({})", file.name())));
    let message = format!("no link to it in {DECISIONS_INDEX}");
    let findings = unlisted.map(|file| Finding::new(&file.path, 0, message.clone())).collect();
    Outcome::rule("decisions are listed", findings)
}

/// What a newcomer is told to run is what decides.
fn test_command(tree: &Tree) -> Outcome {
    let script = tree.text(CI).unwrap_or_default();
    let readme = tree.text(README).unwrap_or_default();
    let mut commands = (1..).zip(readme.lines()).filter(|(_, line)| line.starts_with("cargo test"));
    let finding = match commands.next() {
        None => Some(Finding::new(README, 0, "it shows no line that begins with `cargo test`")),
        Some((line, told)) => {
            let command = told.split(" #").next().unwrap_or(told).trim();
            let runs = script.lines().any(|line| line.trim_end().ends_with(command));
            let message = format!("{CI} does not run `{command}`");
            (!runs).then(|| Finding::new(README, line, message))
        }
    };
    Outcome::rule("README tests as CI does", finding.into_iter().collect())
}

/// A test of a thing stands in its file, beside it in `<thing>/tests.rs`, or in a test file of the
/// crate that bears its name.
fn tested(tree: &Tree) -> Outcome {
    let things = tree.sources().filter_map(|(file, _, source)| {
        let folder = NAMED_THINGS.iter().find(|folder| file.path.starts_with(**folder))?;
        let is_thing = !file.path[folder.len()..].contains('/') && file.name() != "mod.rs";
        is_thing.then_some((file, source, folder))
    });
    let untested = things.filter(|(file, source, folder)| {
        let home = folder.split_once("src/").map_or("", |(home, _)| home);
        source.test_lines() == 0 && !has_test_file(tree, home, file.name())
    });
    let message = "it has no test of its own";
    let findings = untested.map(|(file, _, _)| Finding::new(&file.path, 0, message)).collect();
    Outcome::rule("each thing with a name has a test", findings)
}

fn has_test_file(tree: &Tree, home: &str, name: &str) -> bool {
    tree.sources().any(|(file, _, source)| {
        let is_test = source.test_lines() == source.lines();
        is_test && file.path.starts_with(home) && file.name() == name
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::check as check_ledger;

    /// Expects exactly these findings of one rule.
    #[track_caller]
    fn check(rule: &str, files: &[(&str, &str)], expect: &[&str]) {
        let outcomes = check_ledger(&tree(files));
        let outcome = outcomes.iter().find(|outcome| outcome.rule == rule).unwrap();
        let found: Vec<String> = outcome.findings.iter().map(ToString::to_string).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn metrics() {
        let code = (
            "crates/a/src/m.rs",
            "//! M.\nr.register(\n  \"lines\",\n  \"Lines.\", m);\n#[cfg(test)]\nfn t() { r.register(\"x\"); }",
        );
        let found = "crates/a/src/m.rs:2: the metric `lines` is not in docs/metrics.md";
        check("metrics are documented", &[code], &[found]);
        check("metrics are documented", &[code, ("docs/metrics.md", "| `a_lines_total` |")], &[]);
        let table = "for (n, h) in [(\"lines\", \"All lines.\")] { r.register(n, h); }";
        let found = "crates/a/src/m.rs:1: the metric `lines` is not in docs/metrics.md";
        check("metrics are documented", &[("crates/a/src/m.rs", table)], &[found]);
        check("metrics are documented", &[("crates/a/src/m.rs", "let a = \"lines\";")], &[]);
    }

    #[test]
    fn routes() {
        let code =
            ("crates/server/src/router.rs", "r.route(\"/a/b\", get(b)).route(\"/a\", get(c))");
        let found = |route: &str| {
            format!(
                "crates/server/src/router.rs:1: the route `{route}` is not in docs/compatibility.md"
            )
        };
        check("routes are documented", &[code], &[&found("/a/b"), &found("/a")]);
        check("routes are documented", &[code, ("docs/compatibility.md", "`/a/b` and `/a`")], &[]);
        check(
            "routes are documented",
            &[code, ("docs/compatibility.md", "`/a/b`")],
            &[&found("/a")],
        );
        check(
            "routes are documented",
            &[code, ("docs/compatibility.md", "| `/a/bc`, `/a` |")],
            &[&found("/a/b")],
        );
    }

    #[test]
    fn decisions() {
        let files =
            [("docs/decisions/001-a.md", "# A"), ("docs/decisions/README.md", "[A](001-a.md)")];
        check("decisions are listed", &files, &[]);
        let found = "docs/decisions/001-a.md: no link to it in docs/decisions/README.md";
        check("decisions are listed", &files[..1], &[found]);
    }

    #[test]
    fn test_commands() {
        let rule = "README tests as CI does";
        let script = (".ci/run", "step test cargo test --workspace\n");
        check(
            rule,
            &[script, ("README.md", "```sh\ncargo test --workspace   # all of it\n```\n")],
            &[],
        );
        let found = "README.md:1: .ci/run does not run `cargo test`";
        check(rule, &[script, ("README.md", "cargo test\n")], &[found]);
        check(rule, &[script], &["README.md: it shows no line that begins with `cargo test`"]);
    }

    #[test]
    fn tests_of_named_things() {
        let rule = "each thing with a name has a test";
        let path = "crates/logql/src/pipeline/json.rs";
        check(
            rule,
            &[(path, "fn a() {}")],
            &["crates/logql/src/pipeline/json.rs: it has no test of its own"],
        );
        check(rule, &[(path, "fn a() {}\n#[cfg(test)]\nmod tests;")], &[]);
        check(rule, &[("crates/logql/src/pipeline/mod.rs", "mod json;")], &[]);
        let elsewhere = |path| (path, "fn a() {}");
        check(rule, &[(path, "fn a() {}"), elsewhere("crates/logql/tests/it/json.rs")], &[]);
        let others = elsewhere("crates/a/tests/it/json.rs");
        check(
            rule,
            &[(path, "fn a() {}"), others],
            &["crates/logql/src/pipeline/json.rs: it has no test of its own"],
        );
    }
}
