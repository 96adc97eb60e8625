//! What is wrong with a configuration, as values: where, what, and what to do about it.

use std::fmt;

use crate::limits::DIAGNOSTICS_MAX;
use crate::source::Span;

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it keeps the configuration from running.
    pub severity: Severity,
    /// Where it is.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The configuration cannot run.
    Error,
    /// It runs, and perhaps not as was meant.
    Warning,
}

impl Diagnostic {
    /// An error.
    #[must_use]
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, span, message: message.into(), hint: None }
    }

    /// A warning.
    #[must_use]
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with the nearest of the known names as a hint, if one is near.
    #[must_use]
    pub fn nearest<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(name, known) {
            Some(near) => self.hint(format!("did you mean \"{near}\"?")),
            None => self,
        }
    }
}

/// Message and hint, without the place, which only the sources can tell.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Problems as they are found; what exceeds the limit is counted and not kept.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    dropped: usize,
    errors: usize,
}

impl Diagnostics {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more. A problem that was told already at the same place is not told again.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.kept.contains(&diagnostic) {
            return;
        }
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if self.kept.len() < DIAGNOSTICS_MAX {
            self.kept.push(diagnostic);
        } else {
            self.dropped += 1;
        }
    }

    /// All of another run.
    pub fn append(&mut self, other: Self) {
        self.dropped += other.dropped;
        other.kept.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Whether one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there were, kept or not.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// How many were not kept.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// In the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.kept.iter()
    }

    /// In the order of the text.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut all: Vec<_> = self.kept.iter().collect();
        all.sort_by_key(|diagnostic| diagnostic.span);
        all
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The name that was probably meant: the nearest by edits, if that are few for its length.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Two short names are always near each other, which says nothing.
    let allowed = (name.chars().count() / 3).min(4);
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= allowed && *candidate != name)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many characters are inserted, removed, replaced or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    // Names are short; what is longer is near nothing.
    const CHARS_MAX: usize = 128;
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len() > CHARS_MAX || right.len() > CHARS_MAX {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = above[j] + usize::from(a != b);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, Diagnostics, nearest};
    use crate::limits::DIAGNOSTICS_MAX;
    use crate::source::Span;

    #[track_caller]
    fn check(name: &str, expect: Option<&str>) {
        let known = ["targets", "forward_to", "max_lines", "url"];
        assert_eq!(nearest(name, known), expect, "{name}");
    }

    #[test]
    fn the_nearest_name_is_offered_when_it_is_near() {
        check("target", Some("targets"));
        check("foward_to", Some("forward_to"));
        check("forwrad_to", Some("forward_to"));
        check("maxlines", Some("max_lines"));
        check("ulr", Some("url"));
        check("labels", None);
        check("", None);
        check("url", None);
    }

    #[test]
    fn problems_are_counted_beyond_the_limit() {
        let mut problems = Diagnostics::new();
        for at in 0..=u32::try_from(DIAGNOSTICS_MAX).unwrap() {
            let mut span = Span::default();
            (span.start, span.end) = (at, at);
            problems.push(Diagnostic::error(span, "wrong"));
            problems.push(Diagnostic::error(span, "wrong"));
        }
        assert_eq!(problems.iter().count(), DIAGNOSTICS_MAX);
        assert!(problems.dropped() >= 1);
    }
}
