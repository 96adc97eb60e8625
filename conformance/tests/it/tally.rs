//! Counts the cases that pass, and fails with those that differ without being listed.

use barogram_conformance::{Case, Recording, cases};

use crate::differences::{Engine, reason};

/// What came of the cases so far.
pub(crate) struct Tally {
    engine: Engine,
    passed: usize,
    listed: usize,
    failures: Vec<String>,
}

impl Tally {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, passed: 0, listed: 0, failures: Vec::new() }
    }

    /// A case on the list of differences must differ, any other must not.
    pub(crate) fn add(&mut self, case: &Case, outcome: Result<(), String>) {
        match (outcome, reason(&case.id, self.engine)) {
            (Ok(()), None) => self.passed += 1,
            (Err(_), Some(_)) => self.listed += 1,
            (Ok(()), Some(reason)) => {
                self.failures.push(format!("{}: no longer differs ({reason})", case.id));
            }
            (Err(what), None) => {
                self.failures.push(format!("{}: {:?}\n  {what}", case.id, case.params));
            }
        }
    }

    /// # Panics
    /// When a case differs that may not, or the other way round.
    #[expect(clippy::print_stdout, reason = "how many cases there were is worth seeing")]
    pub(crate) fn finish(self) {
        let Self { engine, passed, listed, failures } = self;
        let count = failures.len();
        println!("{engine:?}: {passed} passed, {listed} differ as listed, {count} failed");
        assert!(failures.is_empty(), "{count} cases differ:\n{}", failures.join("\n"));
    }
}

/// The cases of a recording; `BAROGRAM_CASE` narrows them down to those whose id begins so.
pub(crate) fn wanted(recording: Recording) -> impl Iterator<Item = Case> {
    let wanted = std::env::var("BAROGRAM_CASE").unwrap_or_default();
    cases(recording).unwrap().into_iter().filter(move |case| case.id.starts_with(&wanted))
}
