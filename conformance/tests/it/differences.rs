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
const DIFFERENCES: &[(&str, &[Engine], &str)] = &[
    ("defaults_alignment-088", BOTH, TIES),
    ("defaults_alignment-089", BOTH, TIES),
    ("defaults_alignment-100", BOTH, TIES),
    ("params_log-047", BOTH, TIES),
    ("line_filters-118", BOTH, FOLDING),
    ("parser_logfmt-052", BOTH, RENAMED),
    ("line_format-258", BOTH, HALF_A_CHARACTER),
    ("parser_pattern-045", &[Server], UNWRITABLE),
    ("parser_pattern-047", &[Server], UNWRITABLE),
    ("parser_regexp-031", &[Server], UNWRITABLE),
    ("parser_regexp-033", &[Server], UNWRITABLE),
];

const TIES: &str = "lines of one time stay in the order in which they were pushed; where a stream \
                    has many of them, Loki's order is that of a sort which is not stable";
const FOLDING: &str = "a letter is found whatever its case; Loki misses those whose upper and \
                       lower case begin with different bytes";
const RENAMED: &str = "a field that is renamed while it is parsed can be filtered by its new name; \
                       Loki's metric queries leave it out";
const HALF_A_CHARACTER: &str = "a line is text: half a character that a template leaves is shown \
                                as U+FFFD and counted so";
const UNWRITABLE: &str = "the answer can be written; Loki fails to, with status 500";

/// Why an engine answers a case differently, if it may.
pub(crate) fn reason(id: &str, engine: Engine) -> Option<&'static str> {
    let listed =
        DIFFERENCES.iter().find(|(known, engines, _)| *known == id && engines.contains(&engine));
    listed.map(|(_, _, reason)| *reason)
}
