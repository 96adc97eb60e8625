//! Patterns of paths: `*`, `?`, `[…]`, `{a,b}` within a name, `**` for any number of folders.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::limits::{GLOB_ALTERNATIVES_MAX, GLOB_FILES_MAX};

/// A pattern, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Each alternative of the braces, as its names.
    alternatives: Vec<Vec<String>>,
}

/// Folders that were listed, so that many patterns list each once.
#[derive(Debug, Default)]
pub struct Listing(HashMap<PathBuf, Vec<String>>);

impl Pattern {
    /// The pattern that a text is.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut alternatives = vec![text.to_owned()];
        while let Some((at, variants)) =
            alternatives.iter().enumerate().find_map(|(at, it)| Some((at, braces(it)?)))
        {
            if alternatives.len() + variants.len() > GLOB_ALTERNATIVES_MAX {
                break;
            }
            alternatives.splice(at..=at, variants);
        }
        let names = |text: String| {
            text.split('/').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
        };
        Self { alternatives: alternatives.into_iter().map(names).collect() }
    }

    /// Whether it stands for this absolute path.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        let Some(path) = path.to_str() else { return false };
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        self.alternatives.iter().any(|pattern| matches_names(pattern, &names))
    }

    /// The files that it stands for.
    #[must_use]
    pub fn files(&self, listing: &mut Listing) -> Vec<PathBuf> {
        let mut out = Vec::new();
        for pattern in &self.alternatives {
            expand(PathBuf::from("/"), pattern, listing, &mut out);
        }
        out.sort();
        out.dedup();
        out
    }
}

impl Listing {
    fn names(&mut self, folder: &Path) -> &[String] {
        self.0.entry(folder.to_owned()).or_insert_with(|| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
        })
    }
}

fn expand(folder: PathBuf, pattern: &[String], listing: &mut Listing, out: &mut Vec<PathBuf>) {
    let Some((first, rest)) = pattern.split_first() else {
        if folder.is_file() && out.len() < GLOB_FILES_MAX {
            out.push(folder);
        }
        return;
    };
    if first == "**" {
        expand(folder.clone(), rest, listing, out);
        for name in listing.names(&folder).to_vec() {
            let path = folder.join(name);
            // A link to a folder above would never end.
            if path.is_dir() && !path.is_symlink() {
                expand(path, pattern, listing, out);
            }
        }
    } else if first.contains(['*', '?', '[']) {
        for name in listing.names(&folder).to_vec() {
            if matches_name(first, &name) {
                expand(folder.join(name), rest, listing, out);
            }
        }
    } else {
        let path = folder.join(first);
        if rest.is_empty() || path.is_dir() {
            expand(path, rest, listing, out);
        }
    }
}

fn matches_names(pattern: &[String], names: &[&str]) -> bool {
    match (pattern.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "**" => {
            (0..=names.len()).any(|skipped| matches_names(rest, &names[skipped..]))
        }
        (Some((first, rest)), Some((name, names))) => {
            matches_name(first, name) && matches_names(rest, names)
        }
        _ => false,
    }
}

fn matches_name(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    // Where to go on after the last star: in the pattern, and in the name.
    let (mut p, mut n, mut back) = (0, 0, None);
    while n < name.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                back = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some('?') => Some(p + 1),
            Some('[') => class(&pattern, p, name[n]),
            Some('\\') if pattern.get(p + 1) == Some(&name[n]) => Some(p + 2),
            Some(c) if *c == name[n] => Some(p + 1),
            _ => None,
        };
        match (step, back) {
            (Some(next), _) => (p, n) = (next, n + 1),
            (None, Some((after, from))) => {
                (p, n, back) = (after, from + 1, Some((after, from + 1)));
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Where the pattern goes on after a class that begins at `at`, if the character is in it.
fn class(pattern: &[char], at: usize, c: char) -> Option<usize> {
    let is_negated = matches!(pattern.get(at + 1), Some('^' | '!'));
    let from = at + 1 + usize::from(is_negated);
    let end = (from + 1..pattern.len()).find(|end| pattern[*end] == ']')?;
    let mut is_in = false;
    let mut i = from;
    while i < end {
        if i + 2 < end && pattern[i + 1] == '-' {
            is_in |= (pattern[i]..=pattern[i + 2]).contains(&c);
            i += 3;
        } else {
            is_in |= pattern[i] == c;
            i += 1;
        }
    }
    (is_in != is_negated).then_some(end + 1)
}

/// The texts that the first braces stand for.
fn braces(text: &str) -> Option<Vec<String>> {
    let open = text.find('{')?;
    let close = open + text[open..].find('}')?;
    let (before, after) = (&text[..open], &text[close + 1..]);
    Some(text[open + 1..close].split(',').map(|it| format!("{before}{it}{after}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, expect: bool) {
        assert_eq!(Pattern::new(pattern).matches(Path::new(path)), expect, "{pattern} {path}");
    }

    #[test]
    fn what_patterns_stand_for() {
        check("/var/log/*.log", "/var/log/a.log", true);
        check("/var/log/*.log", "/var/log/b/a.log", false);
        check("/var/log/*.log", "/var/log/a.log.1", false);
        check("/var/log/pods/*uid/base/*.log", "/var/log/pods/a_b_uid/base/0.log", true);
        check("/var/log/**/*.log", "/var/log/a.log", true);
        check("/var/log/**/*.log", "/var/log/b/c/a.log", true);
        check("/var/**", "/var/log/b", true);
        check("/a/b?.[ch]", "/a/b1.h", true);
        check("/a/b?.[^ch]", "/a/b1.h", false);
        check("/a/[a-c]*x*", "/a/bxyxz", true);
        check("/a/[a-c]*x*", "/a/dxyxz", false);
        check("/a/{b,c}/{d,e}", "/a/c/e", true);
        check("/a/{b,c}/{d,e}", "/a/d/e", false);
        check("/a/*a*b", "/a/aaab", true);
        check("/a/*a*b", "/a/aaac", false);
    }

    #[test]
    fn files_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["a/0.log", "a/1.log", "a/x", "b/c/0.log"] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "").unwrap();
        }
        let find = |pattern: &str| {
            let pattern = Pattern::new(&format!("{}/{pattern}", root.display()));
            let found = pattern.files(&mut Listing::default());
            let names = found.iter().map(|path| path.strip_prefix(root).unwrap().to_str().unwrap());
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(find("*/*.log"), "a/0.log a/1.log");
        assert_eq!(find("**/0.log"), "a/0.log b/c/0.log");
        assert_eq!(find("a/x"), "a/x");
        assert_eq!(find("a/{x,y,0.log}"), "a/0.log a/x");
        assert_eq!(find("a/y"), "");
    }
}
