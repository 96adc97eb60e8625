//! What the code offers is written down: metrics, routes, decisions, the command that tests it all.

use super::outcome::{Finding, Outcome};
use super::tree::{File, Tree};

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
const NAMED_THINGS: [&str; 2] = ["crates/logql/src/pipeline/", "crates/gotemplate/src/func/"];

/// Compares code and documents.
pub fn check(tree: &Tree) -> Vec<Outcome> {
    vec![metrics(tree), routes(tree), decisions(tree), test_command(tree), tested(tree)]
}

fn metrics(tree: &Tree) -> Outcome {
    let documented = tree.text(METRICS).unwrap_or_default();
    let mut findings = Vec::new();
    for (file, text, source) in tree.sources().filter(|(file, _, _)| file.path.contains("/src/")) {
        for (at, call) in source.code.match_indices(".register(") {
            let name = source.literal_at(text, at + call.len());
            let line = source.line_of(at);
            if let Some(name) =
                name.filter(|name| !source.is_test(line) && !documented.contains(name))
            {
                let message = format!("the metric `{name}` is not in {METRICS}");
                findings.push(Finding::new(&file.path, line, message));
            }
        }
    }
    Outcome::rule("metrics are documented", findings)
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

fn tested(tree: &Tree) -> Outcome {
    let is_named = |file: &File| {
        NAMED_THINGS.iter().any(|folder| {
            let name = file.path.strip_prefix(folder);
            name.is_some_and(|name| !name.contains('/') && name != "mod.rs")
        })
    };
    let things = tree.sources().filter(|(file, _, _)| is_named(file));
    let untested = things.filter(|(_, _, source)| source.test_lines() == 0);
    let message = "it has no test of its own";
    let findings = untested.map(|(file, _, _)| Finding::new(&file.path, 0, message)).collect();
    Outcome::rule("each thing with a name has a test", findings)
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
        check("metrics are documented", &[("crates/a/src/m.rs", "r.register(name);")], &[]);
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
    }
}
