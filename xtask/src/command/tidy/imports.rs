//! ARCHITECTURE.md says which crate may import which; cargo says which does.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::outcome::{Finding, Outcome};
use super::tree::Tree;

/// Where the table stands.
const DOCUMENT: &str = "ARCHITECTURE.md";
/// The titles of the table's columns. The last is for readers only.
const TITLES: [&str; 3] = ["crate", "ours it may import", "must never import"];
/// What a cell says when it means nothing at all.
const NOTHING: &str = "–";
/// What a cell says when a crate may import every other.
const ANYTHING: &str = "anything";
/// What follows a name that a crate may reach through others but must not name itself.
const DIRECTLY: &str = "directly";

/// Compares the table with the graph.
pub fn check(tree: &Tree, graph: &Graph) -> Vec<Outcome> {
    let findings = match tree.text(DOCUMENT) {
        None => vec![Finding::new(DOCUMENT, 0, "it is missing, and the import table with it")],
        Some(text) => compare(&rows(text), graph),
    };
    vec![Outcome::rule("crates import what they may", findings)]
}

/// One crate's line of the table.
struct Row<'a> {
    line: usize,
    name: &'a str,
    may: Vec<&'a str>,
    never: Vec<&'a str>,
}

/// The rows of the first table that has the titles.
fn rows(text: &str) -> Vec<Row<'_>> {
    let numbered = (1..).zip(text.lines());
    let from_head = numbered.skip_while(|(_, line)| !cells(line).starts_with(&TITLES));
    let table = from_head.take_while(|(_, line)| line.starts_with('|')).skip(2);
    table.filter_map(|(line, text)| row(line, text)).collect()
}

fn row(line: usize, text: &str) -> Option<Row<'_>> {
    match cells(text)[..] {
        [name, may, never, ..] => Some(Row { line, name, may: names(may), never: names(never) }),
        _ => None,
    }
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    inner.split('|').map(bare).collect()
}

fn names(cell: &str) -> Vec<&str> {
    cell.split(',').map(bare).filter(|name| !name.is_empty() && *name != NOTHING).collect()
}

/// Without white space and code marks around it.
fn bare(text: &str) -> &str {
    text.trim().trim_matches('`')
}

fn compare(rows: &[Row<'_>], graph: &Graph) -> Vec<Finding> {
    let listed: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    let members: BTreeSet<&str> = graph.members().collect();
    let at = |line, message: String| Finding::new(DOCUMENT, line, message);
    let missing = members.difference(&listed).map(|name| {
        at(0, format!("the import table has no row for `{name}`: decide what it may import"))
    });
    let mut findings: Vec<Finding> = missing.collect();
    for row in rows {
        if members.contains(row.name) {
            findings.extend(broken(row, graph).into_iter().map(|message| at(row.line, message)));
        } else {
            findings.push(at(row.line, format!("there is no crate `{}`", row.name)));
        }
    }
    findings
}

/// What a crate imports against its row.
fn broken(row: &Row<'_>, graph: &Graph) -> Vec<String> {
    let is_allowed = |import: &&str| row.may.contains(import) || row.may.contains(&ANYTHING);
    let imports = graph.our_imports(row.name);
    let strange = imports.iter().filter(|import| !is_allowed(import));
    let strange = strange
        .map(|import| format!("`{}` imports `{import}`, which the table does not allow", row.name));
    let forbidden = row.never.iter().filter_map(|rule| {
        let chain = forbidden_chain(row.name, rule, graph)?;
        Some(format!("`{}` must never import `{rule}`: {chain}", row.name))
    });
    strange.chain(forbidden).collect()
}

/// How a crate reaches what a rule forbids. A rule is a name, perhaps with a `*` at its end, and
/// means the whole build of the crate unless the word `directly` follows.
fn forbidden_chain(name: &str, rule: &str, graph: &Graph) -> Option<String> {
    match rule.split_once(' ') {
        Some((pattern, DIRECTLY)) => {
            let import = graph.direct_import(name, |it| matches(bare(pattern), it))?;
            Some(format!("{name} → {import}"))
        }
        _ => graph.chain(name, |it| matches(rule, it)),
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::super::graph::graph;
    use super::super::tree::tree;
    use super::check as check_imports;

    /// A table of the given rows against a graph of `member:dependencies` lines.
    #[track_caller]
    fn check(rows: &str, packages: &[&str], expect: &[&str]) {
        let head = "# A\n\n| crate | ours it may import | must never import | because |\n|---|---|---|---|\n";
        let tree = tree(&[("ARCHITECTURE.md", &format!("{head}{rows}\n\n| x | – |\n"))]);
        let outcomes = check_imports(&tree, &graph(packages));
        let found: Vec<String> =
            outcomes.iter().flat_map(|it| &it.findings).map(ToString::to_string).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn allowed() {
        let packages = ["a:b serde", "b:", "*serde:"];
        check("| `a` | `b` | tokio | |\n| b | – | – | |", &packages, &[]);
        check("| a | anything | – | |\n| b | – | – | |", &packages, &[]);
    }

    #[test]
    fn not_allowed() {
        let found = "ARCHITECTURE.md:5: `a` imports `b`, which the table does not allow";
        check(
            "| a | c | – | |\n| b | – | – | |\n| c | – | – | |",
            &["a:b c", "b:", "c:"],
            &[found],
        );
    }

    #[test]
    fn never() {
        let packages = ["a:b", "b:x", "*x:tokio-util tokio", "*tokio:"];
        let found = "ARCHITECTURE.md:5: `a` must never import `tokio`: a → b → x → tokio";
        check("| a | b | `tokio` | |\n| b | – | – | |", &packages, &[found]);
        let found = "ARCHITECTURE.md:6: `b` must never import `tokio-*`: b → x → tokio-util";
        check("| a | b | – | |\n| b | – | kube, tokio-* | |", &packages, &[found]);
    }

    #[test]
    fn never_directly() {
        let packages = ["a:b", "b:x"];
        check("| a | b | x directly | |\n| b | – | – | |", &packages, &[]);
        let found = "ARCHITECTURE.md:6: `b` must never import `x directly`: b → x";
        check("| a | b | – | |\n| b | – | x directly | |", &packages, &[found]);
    }

    #[test]
    fn rows_and_crates_match() {
        let missing =
            "ARCHITECTURE.md: the import table has no row for `b`: decide what it may import";
        check("| a | – | – | |", &["a:", "b:"], &[missing]);
        check(
            "| a | – | – | |\n| c | – | – | |",
            &["a:"],
            &["ARCHITECTURE.md:6: there is no crate `c`"],
        );
        let no_document = check_imports(&tree(&[("a.md", "")]), &graph(&["a:"]));
        assert_eq!(no_document[0].findings.len(), 1);
    }
}
