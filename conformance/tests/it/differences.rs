//! The cases that differ on purpose. `docs/compatibility.md` says more about each kind of them.

/// What answers a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// `logql::eval`, the slow one.
    Evaluator,
    /// A whole server with the fast one.
    Server,
}

use Engine::{Evaluator, Server};

/// Both engines differ.
const BOTH: &[Engine] = &[Evaluator, Server];

/// Cases, which engines differ, and why.
const DIFFERENCES: &[(&str, &[Engine], &str)] = &[];

/// Why an engine answers a case differently, if it may.
pub(crate) fn reason(id: &str, engine: Engine) -> Option<&'static str> {
    let listed =
        DIFFERENCES.iter().find(|(known, engines, _)| *known == id && engines.contains(&engine));
    listed.map(|(_, _, reason)| *reason)
}
