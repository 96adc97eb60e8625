//! What a rule found: the row it adds to the table and the places that break it.

use std::fmt;

/// What one rule found in the whole tree.
#[derive(Debug)]
pub struct Outcome {
    /// The rule, as the table names it.
    pub rule: &'static str,
    /// The limit, when the rule has one.
    pub budget: Option<usize>,
    /// The largest value met, and where. Only rules with a limit have one.
    pub worst: Option<(usize, String)>,
    /// What breaks the rule.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// A rule with a limit, before anything was measured.
    pub fn limit(rule: &'static str, budget: usize) -> Self {
        Self { rule, budget: Some(budget), worst: None, findings: Vec::new() }
    }

    /// A rule that a place either keeps or breaks.
    pub fn rule(rule: &'static str, findings: Vec<Finding>) -> Self {
        Self { rule, budget: None, worst: None, findings }
    }

    /// Takes note of a measured value; beyond the limit it becomes a finding.
    pub fn measure(&mut self, value: usize, at: Finding) {
        if self.worst.as_ref().is_none_or(|(worst, _)| value > *worst) {
            self.worst = Some((value, at.place()));
        }
        if self.budget.is_some_and(|budget| value > budget) {
            self.findings.push(at);
        }
    }
}

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root of the tree.
    pub path: String,
    /// Its line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong, and where it helps, what to do.
    pub message: String,
}

impl Finding {
    /// A finding about one line.
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }

    /// `path:line`, or the path alone.
    pub fn place(&self) -> String {
        if self.line == 0 { self.path.clone() } else { format!("{}:{}", self.path, self.line) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.message)
    }
}
