//! The command: reads the tree, applies every rule, reports.

use std::path::PathBuf;

use anyhow::Context as _;

use super::graph::Graph;
use super::outcome::{Finding, Outcome};
use super::tree::Tree;
use super::{budget, imports, ledger, text, words};
use crate::report::{Report, Verdict};

/// Checks the tree against STYLE.md and ARCHITECTURE.md.
///
/// Files that git ignores are not looked at. Each finding is printed as `path:line: what is wrong`.
#[derive(clap::Args)]
pub struct Args {
    /// The project's folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When the tree or cargo's metadata cannot be read.
pub fn run(args: &Args) -> anyhow::Result<Verdict> {
    let root = args.root.canonicalize();
    let root = root.with_context(|| format!("failed to find {}", args.root.display()))?;
    let tree = Tree::read(&root)?;
    let graph = Graph::read(&root)?;
    report(&tree, &outcomes(&tree, &graph)).print()
}

/// Every rule, in the order of the table.
fn outcomes(tree: &Tree, graph: &Graph) -> Vec<Outcome> {
    let mut outcomes = budget::check(tree);
    outcomes.extend(words::check(tree));
    outcomes.extend(text::check(tree));
    outcomes.extend(imports::check(tree, graph));
    outcomes.extend(ledger::check(tree));
    outcomes
}

fn report(tree: &Tree, outcomes: &[Outcome]) -> Report {
    let mut findings: Vec<&Finding> = outcomes.iter().flat_map(|it| &it.findings).collect();
    findings.sort();
    let verdict = if findings.is_empty() { Verdict::Holds } else { Verdict::FallsShort };
    Report {
        head: vec!["rule", "limit", "worst", "where", "broken"],
        rows: outcomes.iter().map(row).collect(),
        details: findings.iter().map(ToString::to_string).collect(),
        figures: figures(tree, outcomes.len(), findings.len()),
        verdict,
    }
}

fn row(outcome: &Outcome) -> Vec<String> {
    let number = |value: Option<usize>| value.map(|it| it.to_string()).unwrap_or_default();
    let (worst, place) = outcome.worst.clone().unzip();
    vec![
        outcome.rule.to_owned(),
        number(outcome.budget),
        number(worst),
        place.unwrap_or_default(),
        outcome.findings.len().to_string(),
    ]
}

fn figures(tree: &Tree, rules: usize, broken: usize) -> String {
    let sources = tree.sources().count();
    let lines: usize = tree.sources().map(|(_, _, source)| source.lines()).sum();
    let tests: usize = tree.sources().map(|(_, _, source)| source.test_lines()).sum();
    let share = (tests * 100).checked_div(lines).unwrap_or_default();
    let median = budget::median_function_lines(tree);
    format!(
        "tidy: {rules} rules over {} files; {sources} of Rust with {lines} lines, {share} % tests, \
         median function {median} lines; {broken} broken",
        tree.files.len(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::graph::graph;
    use super::super::tree::tree;
    use super::{Verdict, outcomes, report};

    #[test]
    fn a_broken_rule_shows_in_table_list_figures_and_verdict() {
        let table =
            "| crate | ours it may import | must never import |\n|---|---|---|\n| a | – | – |\n";
        let mut files = vec![
            ("ARCHITECTURE.md", table),
            (".ci/run", "cargo test\n"),
            ("README.md", "cargo test\n"),
            ("a.rs", "//! A.\nfn a() {}\n"),
        ];
        let graph = graph(&["a:"]);
        let holds = report(&tree(&files), &outcomes(&tree(&files), &graph));
        assert_eq!((holds.verdict, holds.details.len()), (Verdict::Holds, 0));

        files.push(("b.rs", "//! B.\nmod utils;\n"));
        let falls = report(&tree(&files), &outcomes(&tree(&files), &graph));
        assert_eq!(falls.verdict, Verdict::FallsShort);
        assert!(falls.details[0].starts_with("b.rs:2: `utils`"), "{:?}", falls.details);
        assert!(falls.figures.ends_with("median function 1 lines; 1 broken"), "{}", falls.figures);
    }
}
