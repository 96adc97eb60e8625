//! What every stage is: something that an entry passes through.

use std::fmt;
use std::time::Duration;

use model::Timestamp;

use crate::counts::Counts;
use crate::entry::Entry;
use crate::metrics::Family;

/// A stage at work.
pub(crate) trait Process: fmt::Debug + Send {
    /// Takes an entry, changes it in place, and says what becomes of it.
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow;

    /// Gives out what has waited long enough.
    fn tick(&mut self, _context: &mut Context<'_>, _out: &mut Vec<Entry>) {}

    /// When [`Process::tick`] is due.
    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }

    /// Gives out all that it still holds.
    fn flush(&mut self, _context: &mut Context<'_>, _out: &mut Vec<Entry>) {}

    /// Tells the metrics that it keeps.
    fn families(&mut self, _now: Timestamp, _out: &mut Vec<Family>) {}
}

/// What becomes of an entry.
#[derive(Debug)]
pub(crate) enum Flow {
    /// It goes on.
    Next,
    /// It is gone.
    Drop,
    /// It is held, to go on later.
    Hold,
    /// These go on in its place.
    Many(Vec<Entry>),
}

/// What a stage may use beside the entry.
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) counts: &'a mut Counts,
    /// How long whoever feeds the pipeline has to wait before the next entry.
    pub(crate) pause: &'a mut Duration,
    pub(crate) tap: Option<&'a mut Tap>,
}

/// Looks on while entries pass: for live debugging.
pub struct Tap(Box<dyn FnMut(&Tapped<'_>) + Send>);

/// What a tap is shown: one entry at one stage.
#[derive(Debug)]
pub struct Tapped<'a> {
    /// Which of the pipeline's stages, from 0. The stages inside a `stage.match` are not shown one
    /// by one.
    pub index: usize,
    /// Its name.
    pub name: &'static str,
    /// The entry before it.
    pub before: &'a Entry,
    /// What came out.
    pub after: After<'a>,
}

/// What came out of a stage.
#[derive(Debug)]
pub enum After<'a> {
    /// The entry.
    Kept(&'a Entry),
    /// Nothing.
    Dropped,
    /// Nothing yet.
    Held,
    /// Several entries, or another one.
    Many(&'a [Entry]),
}

impl Tap {
    /// A tap that calls this.
    #[must_use]
    pub fn new(call: impl FnMut(&Tapped<'_>) + Send + 'static) -> Self {
        Self(Box::new(call))
    }

    pub(crate) fn show(
        &mut self,
        index: usize,
        name: &'static str,
        before: &Entry,
        after: &After<'_>,
    ) {
        let after = match after {
            After::Kept(entry) => After::Kept(entry),
            After::Dropped => After::Dropped,
            After::Held => After::Held,
            After::Many(entries) => After::Many(entries),
        };
        (self.0)(&Tapped { index, name, before, after });
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}
