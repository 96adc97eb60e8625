//! What a verification finds: values, for people and programs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; the store handles it.
    Note,
    /// Nothing is lost, but somebody should look.
    Warning,
    /// A rule is broken: lines are lost, wrong or out of reach, or the store does not start.
    Error,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which rule is broken, as a word that programs may compare: `rows.order`.
    pub rule: &'static str,
    /// The object, or the file of the log.
    pub place: String,
    /// Where in it, in bytes from 0, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: &'static str,
}

impl Finding {
    pub(super) fn new(
        severity: Severity,
        rule: &'static str,
        place: impl fmt::Display,
        what: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        let (place, what) = (place.to_string(), what.into());
        Self { severity, rule, place, offset: None, what, advice }
    }

    pub(super) fn error(
        rule: &'static str,
        place: impl fmt::Display,
        what: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        Self::new(Severity::Error, rule, place, what, advice)
    }

    pub(super) fn note(
        rule: &'static str,
        place: impl fmt::Display,
        what: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        Self::new(Severity::Note, rule, place, what, advice)
    }

    pub(super) fn at(mut self, offset: Option<u64>) -> Self {
        self.offset = offset;
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        write!(f, ": {}; {}", self.what, self.advice)
    }
}

/// Findings of one place: of each rule the first, and how often it is broken. So a segment with a
/// million wrong rows has as many findings as there are rules.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<&'static str, (Finding, u64)>);

impl Tally {
    /// Counts what breaks a rule; only the first is put into words.
    pub(super) fn add(&mut self, rule: &'static str, finding: impl FnOnce() -> Finding) {
        self.0.entry(rule).or_insert_with(|| (finding(), 0)).1 += 1;
    }

    pub(super) fn finish(self) -> impl Iterator<Item = Finding> {
        self.0.into_values().map(|(mut finding, times)| {
            if times > 1 {
                finding.what = format!("{} (and {} more like it)", finding.what, times - 1);
            }
            finding
        })
    }
}

/// An error with its causes, as one text.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
