//! Rules for every tracked file, whatever its language.

use super::outcome::{Finding, Outcome};
use super::tree::{File, Tree};

/// The largest file that may be tracked, in bytes: what is larger is made, not kept.
const FILE_BYTES: usize = 5 * 1024 * 1024;
/// Folders at a machine's root that hold somebody's own things.
const PRIVATE_ROOTS: [&str; 3] = ["work", "home", "Users"];
/// The home folder of Airflow's container image, which its tracebacks name.
const AIRFLOW_HOME: &str = "/home/airflow";

/// Reads all files.
pub fn check(tree: &Tree) -> Vec<Outcome> {
    vec![sizes(tree), machine_paths(tree), trailing_space(tree)]
}

fn sizes(tree: &Tree) -> Outcome {
    let mut outcome = Outcome::limit("bytes of a tracked file", FILE_BYTES);
    for file in &tree.files {
        let message = format!("{} bytes: make it when it is needed", file.size);
        outcome.measure(file.size, Finding::new(&file.path, 0, message));
    }
    outcome
}

fn machine_paths(tree: &Tree) -> Outcome {
    let findings = lines(tree, |_| true).filter_map(|(file, number, line)| {
        let path = machine_path(line)?;
        Some(Finding::new(&file.path, number, format!("`{path}` is a path of one machine")))
    });
    Outcome::rule("no path of one machine", findings.collect())
}

/// The first path in a line that begins at a private root. `a/home/b` and `$X/home/b` do not.
fn machine_path(line: &str) -> Option<&str> {
    let opens = |at: usize| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_.~-}".contains(c))
    };
    let starts = line.match_indices('/').map(|(at, _)| at).filter(|at| opens(*at));
    starts.map(|at| path_at(&line[at..])).find(|path| is_private(path))
}

/// The path that `text` begins with.
fn path_at(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || "/._-".contains(c)));
    &text[..end.unwrap_or(text.len())]
}

fn is_private(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let is_root = parts.next().is_some_and(|root| PRIVATE_ROOTS.contains(&root));
    let goes_on = parts.next().is_some_and(|part| !part.is_empty());
    is_root && goes_on && !path.starts_with(AIRFLOW_HOME)
}

fn trailing_space(tree: &Tree) -> Outcome {
    let spaced = lines(tree, |file| file.path.ends_with(".md"))
        .filter(|(_, _, line)| line.ends_with([' ', '\t']));
    let message = "white space at the end of the line";
    let findings = spaced.map(|(file, number, _)| Finding::new(&file.path, number, message));
    Outcome::rule("no trailing space in prose", findings.collect())
}

/// The numbered lines of all text files of a sort.
fn lines(tree: &Tree, sort: impl Fn(&File) -> bool) -> impl Iterator<Item = (&File, usize, &str)> {
    let texts = tree.files.iter().filter(move |file| sort(file));
    texts.filter_map(|file| Some((file, file.text.as_deref()?))).flat_map(|(file, text)| {
        (1..).zip(text.lines()).map(move |(number, line)| (file, number, line))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::{FILE_BYTES, check as check_text};

    #[track_caller]
    fn check(path: &str, text: &str, expect: &[&str]) {
        let outcomes = check_text(&tree(&[(path, text)]));
        let found: Vec<String> =
            outcomes.iter().flat_map(|it| &it.findings).map(ToString::to_string).collect();
        assert_eq!(found, expect, "{path}");
    }

    #[test]
    fn file_sizes() {
        check("a.json", &"a".repeat(FILE_BYTES), &[]);
        check(
            "a.json",
            &"a".repeat(FILE_BYTES + 1),
            &["a.json: 5242881 bytes: make it when it is needed"],
        );
    }

    #[test]
    fn paths_of_a_machine() {
        // Put together here, so that this file keeps the rule it tests.
        let (work, home) = ("/work", "/home");
        check(
            "a.md",
            &format!("see {work}/main/a.rs"),
            &[&format!("a.md:1: `{work}/main/a.rs` is a path of one machine")],
        );
        check(
            "a.sh",
            &format!("a\ncd \"{home}/me\""),
            &[&format!("a.sh:2: `{home}/me` is a path of one machine")],
        );
        check(
            "a.txt",
            &format!("{home}/airflow/.local/lib a{work}/x $HOME{work}/x ${{X}}{work}/x"),
            &[],
        );
        check("a.txt", "a /homes/b /workers/c /work or /home/ alone", &[]);
    }

    #[test]
    fn trailing_spaces() {
        check("a.md", "a\nb \n", &["a.md:2: white space at the end of the line"]);
        check("a.txt", "b \n", &[]);
    }
}
