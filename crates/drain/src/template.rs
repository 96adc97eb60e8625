//! A template: what the lines that it has taken in have in common.

use std::fmt;

use crate::likeness::Likeness;
use crate::pattern;
use crate::token::Tokens;
use crate::tree::{Path, Slot};

/// A template's name. It stays when the template becomes more general, and no other template of
/// its miner ever has it. Ids are ordered by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId {
    /// The number of the line that was the first.
    pub(crate) born: u64,
    pub(crate) slot: Slot,
}

/// What some lines have in common. It prints as a pattern of LogQL's, without quotes.
#[derive(Debug, Clone)]
pub struct Template {
    id: TemplateId,
    tokens: Tokens,
    path: Path,
    count: u64,
    last_used: u64,
}

impl fmt::Display for Template {
    /// The pattern. Two templates may print the same one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pattern::write(&self.tokens, f)
    }
}

impl Template {
    /// The template of one line.
    pub(crate) fn new(id: TemplateId, tokens: &Tokens, path: Path) -> Self {
        Self { id, tokens: tokens.clone(), path, count: 0, last_used: id.born }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> TemplateId {
        self.id
    }

    /// How many lines it has taken in.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How alike a line is to the lines that it has taken in.
    pub(crate) fn likeness(&self, line: &Tokens) -> Option<Likeness> {
        Likeness::of(&self.tokens, line)
    }

    /// The number of the line that came last.
    pub(crate) fn last_used(&self) -> u64 {
        self.last_used
    }

    /// Where it stands in the tree.
    pub(crate) fn path(&self) -> Path {
        self.path
    }

    /// Takes in a line that is like it, and opens what differs.
    pub(crate) fn take_in(&mut self, line: &Tokens, is_covered: bool, number: u64) {
        self.count += 1;
        self.last_used = number;
        if !is_covered {
            self.tokens.open_where_different(line);
        }
    }
}
