//! What is asked, and what is answered.

use std::time::Duration;

use logql::ast::Expr;
use logql::eval::{Direction, Value};
use model::{TenantId, Timestamp};

use crate::{Explain, Stats};

/// One query with all that its answer depends on.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whose data.
    pub tenant: TenantId,
    /// The parsed and checked query.
    pub query: Expr,
    /// At one time, or over a range of time.
    pub kind: Kind,
    /// The most entries of a query for lines; 0 means all.
    pub limit: usize,
    /// Which end of the range the entries are taken from, and in which order they come.
    pub direction: Direction,
    /// Entries closer to the one before than this are left out; zero keeps all.
    pub interval: Duration,
}

/// When a query looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// At one time.
    Instant {
        /// The time.
        time: Timestamp,
    },
    /// Over a range: lines with `start <= t < end`, or numbers at `start, start + step … end`.
    Range {
        /// The first time.
        start: Timestamp,
        /// The last time (numbers), or the first after it (lines).
        end: Timestamp,
        /// Between two numbers of a series.
        step: Duration,
    },
}

/// An answer, with what it cost and what its reader should know.
#[derive(Debug)]
pub struct Answer {
    /// Streams, or series.
    pub value: Value,
    /// What was read for it.
    pub stats: Stats,
    /// Hints for people: the query ran, but perhaps does not say what was meant.
    pub warnings: Vec<String>,
    /// How it was found.
    pub explain: Explain,
}

impl Answer {
    /// How the answer was found, line by line: see [`Explain::lines`].
    #[must_use]
    pub fn explained(&self) -> Vec<String> {
        self.explain.lines(&self.stats)
    }
}
