//! Lines in their order, some of which wait for a later one to tell whose they are.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;

use crate::attribute::attributor::{Answer, Attributor};
use crate::limits::{WAIT_SECONDS, WAITING_LINES_MAX};
use crate::pod::Attribution;

/// A queue of lines with their answers. What a line waits for comes with the next ones, or not at
/// all; so nothing waits longer than [`WAIT_SECONDS`], by the times of the lines.
#[derive(Debug, Clone)]
pub struct Waiting<T>(VecDeque<(T, Answer, Timestamp)>);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Waiting<T> {
    /// Takes a line that was given this answer.
    pub fn push(&mut self, line: T, answer: Answer, at: Timestamp) {
        self.0.push_back((line, answer, at));
    }

    /// The next line whose turn it is, as of `now`: the time of the newest line, or of the clock
    /// where none comes.
    pub fn pop(
        &mut self,
        attributor: &Attributor,
        now: Timestamp,
    ) -> Option<(T, Option<Arc<Attribution>>)> {
        let crowded = self.0.len() > WAITING_LINES_MAX;
        let (_, answer, at) = self.0.front()?;
        let answer = match answer {
            Answer::Now(attribution) => attribution.clone(),
            Answer::Later(ticket) => {
                let late = now.since(*at) > Duration::from_secs(WAIT_SECONDS) || crowded;
                attributor.settled(ticket).or_else(|| late.then(|| ticket.so_far()))?
            }
        };
        self.0.pop_front().map(|(line, ..)| (line, answer))
    }

    /// The lines, the first first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(line, ..)| line)
    }

    /// The same lines changed, without those that become nothing.
    #[must_use]
    pub fn filter_map(self, mut change: impl FnMut(T) -> Option<T>) -> Self {
        let changed = |(line, answer, at)| Some((change(line)?, answer, at));
        Self(self.0.into_iter().filter_map(changed).collect())
    }

    /// How many lines are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
