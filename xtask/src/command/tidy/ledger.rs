//! What the code offers is written down: metrics, routes, decisions, the command that tests it all.

use super::outcome::{Finding, Outcome};
use super::scan;
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
/// Where the stages of the language are listed, and the folder that has a file for each.
const LANGUAGE: &str = "crates/logql/src/ast.rs";
const STAGES: &str = "crates/logql/src/pipeline";

/// The pages that lead readers through the code.
const GUIDES: [&str; 2] = ["ARCHITECTURE.md", "CONTRIBUTING.md"];

/// Compares code and documents.
pub fn check(tree: &Tree) -> Vec<Outcome> {
    vec![
        metrics(tree),
        routes(tree),
        decisions(tree),
        guides(tree),
        test_command(tree),
        stages(tree),
    ]
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
    // `metrics.register(&mut registry)` hands a registry on; it names nothing itself.
    let names_one = |at: &usize| !source.code[*at..].trim_start().starts_with("&mut ");
    let calls = calls.filter(|at| !source.is_test(source.line_of(*at)));
    let calls: Vec<usize> = calls.filter(names_one).collect();
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

/// The files and folders that a guide names are there.
fn guides(tree: &Tree) -> Outcome {
    let mut findings = Vec::new();
    for guide in GUIDES {
        let text = tree.text(guide).unwrap_or_default();
        for (number, line) in (1..).zip(text.lines()) {
            let lost = line.split('`').skip(1).step_by(2).filter(|it| is_place(it));
            let lost = lost.filter(|place| !exists(tree, place));
            let message = |place| format!("there is no `{place}`");
            findings.extend(lost.map(|place| Finding::new(guide, number, message(place))));
        }
    }
    Outcome::rule("guides name what is there", findings)
}

/// Whether quoted text names a Rust file or a folder.
fn is_place(quoted: &str) -> bool {
    let is_path = quoted.chars().all(|c| scan::is_word(c) || "/.-".contains(c));
    let is_rust = quoted.contains('/') && (quoted.ends_with(".rs") || quoted.ends_with('/'));
    is_path && is_rust && !quoted.starts_with('/')
}

/// A guide may leave out what stands before a crate's name, and the `src` after it.
fn exists(tree: &Tree, place: &str) -> bool {
    let place = format!("/{place}");
    tree.files.iter().any(|file| {
        let paths = [format!("/{}", file.path), format!("/{}", file.path.replace("/src/", "/"))];
        paths.iter().any(|path| match place.strip_suffix('/') {
            Some(_) => path.contains(&place),
            None => path.ends_with(&place),
        })
    })
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

/// Every variant of `Stage` has a file of its name, with tests in it, beside it in
/// `<stage>/tests.rs`, or in a test file of the crate that bears its name.
fn stages(tree: &Tree) -> Outcome {
    let language = tree.sources().find(|(file, _, _)| file.path == LANGUAGE);
    let names =
        language.map(|(_, _, source)| variants(&source.code, "enum Stage")).unwrap_or_default();
    let untested = names.into_iter().filter(|name| !has_tests(tree, &format!("{name}.rs")));
    let findings = untested.map(|name| {
        Finding::new(&format!("{STAGES}/{name}.rs"), 0, "a stage needs a file with tests")
    });
    Outcome::rule("each stage has a file with tests", findings.collect())
}

/// The names of an enumeration's variants, as files would be named after them.
fn variants(code: &str, head: &str) -> Vec<String> {
    let body = code.split_once(head).and_then(|(_, rest)| rest.split_once("\n}"));
    let lines = body.map_or("", |(body, _)| body).lines().skip(1).map(str::trim_start);
    let names = lines.map(|line| line.split(|c: char| !scan::is_word(c)).next().unwrap_or(line));
    names.filter(|name| name.starts_with(char::is_uppercase)).map(snake_case).collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

fn has_tests(tree: &Tree, name: &str) -> bool {
    let home = LANGUAGE.split_once("src/").map_or("", |(home, _)| home);
    tree.sources().filter(|(file, _, _)| file.path.starts_with(home)).any(|(file, _, source)| {
        let is_stage = file.path == format!("{STAGES}/{name}");
        let is_test_file = file.name() == name && source.test_lines() == source.lines();
        is_test_file || is_stage && source.test_lines() > 0
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
        let handed_on = "store.metrics().register(&mut registry); info(\"serving\");";
        check("metrics are documented", &[("crates/a/src/m.rs", handed_on)], &[]);
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
    fn guides() {
        let files = ("crates/a/src/b/c.rs", "//! C.");
        let guide = |text| [files, ("ARCHITECTURE.md", text)];
        let rule = "guides name what is there";
        check(
            rule,
            &guide("`crates/a/src/b/c.rs`, `a/b/c.rs`, `b/c.rs`, `a/b/`, `c.rs`, `a::b`"),
            &[],
        );
        check(rule, &guide("x\n`a/c.rs` b"), &["ARCHITECTURE.md:2: there is no `a/c.rs`"]);
        check(rule, &guide("`crates/b/`"), &["ARCHITECTURE.md:1: there is no `crates/b/`"]);
        check(rule, &guide("`pipeline/<stage>.rs`, `/a/b/`"), &[]);
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
    fn stages() {
        let rule = "each stage has a file with tests";
        let language = (
            "crates/logql/src/ast.rs",
            "pub enum Stage {\n    /// A.\n    LineFilter(Vec<A>),\n    Unpack,\n}\npub enum B {\n    C,\n}",
        );
        let tested = |path| (path, "fn a() {}\n#[cfg(test)]\nmod tests;");
        let (filter, unpack) = (
            tested("crates/logql/src/pipeline/line_filter.rs"),
            tested("crates/logql/src/pipeline/unpack.rs"),
        );
        check(rule, &[language, filter, unpack], &[]);
        let found = "crates/logql/src/pipeline/unpack.rs: a stage needs a file with tests";
        check(rule, &[language, filter], &[found]);
        check(rule, &[language, filter, (unpack.0, "fn a() {}")], &[found]);
        let elsewhere = ("crates/logql/tests/it/unpack.rs", "fn a() {}");
        check(rule, &[language, filter, (unpack.0, "fn a() {}"), elsewhere], &[]);
    }
}
