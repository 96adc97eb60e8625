//! Which lines of a log were read, so that a log that is asked for again by a time goes on where it
//! was: no line is lost, and none is there twice.
//!
//! A log can be asked for from a second on, and lines may come in another order than their times:
//! the two streams of a container are stamped each for itself. So the last lines are known one by
//! one, and of those before them the latest time, with how many lines had it.

use std::collections::{HashMap, VecDeque};

use model::Timestamp;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::limits::SEEN_LINES_MAX;

/// What was read of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The latest time of the lines that are not known one by one, in nanoseconds.
    before: Option<i64>,
    /// How many lines had that time.
    of_before: u64,
    /// The lines after those, in the order of the log: their times and hashes.
    last: VecDeque<(i64, u64)>,
}

/// What has to be met again in a log that is read again.
#[derive(Debug)]
pub struct Again {
    before: Option<i64>,
    of_before: u64,
    last: HashMap<(i64, u64), u32>,
}

impl Seen {
    /// Whether anything was read.
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// From when on the log must be asked for.
    pub fn since(&self) -> Option<Timestamp> {
        self.before.map(Timestamp)
    }

    /// What will be met again.
    pub fn again(&self) -> Again {
        let mut last = HashMap::new();
        self.last.iter().for_each(|line| *last.entry(*line).or_default() += 1);
        Again { before: self.before, of_before: self.of_before, last }
    }

    /// Takes a line, and tells whether it was read before.
    pub fn is_new(&mut self, again: &mut Again, time: Timestamp, line: &[u8]) -> bool {
        let known = (time.0, xxh3_64(line));
        let is_new = again.is_new(known);
        if is_new {
            self.last.push_back(known);
            if self.last.len() > SEEN_LINES_MAX
                && let Some((time, _)) = self.last.pop_front()
            {
                self.let_go(time);
            }
        }
        is_new
    }

    fn let_go(&mut self, time: i64) {
        match self.before {
            Some(before) if before > time => {}
            Some(before) if before == time => self.of_before += 1,
            _ => (self.before, self.of_before) = (Some(time), 1),
        }
    }
}

impl Again {
    fn is_new(&mut self, line: (i64, u64)) -> bool {
        if self.before.is_some_and(|before| line.0 < before) {
            return false;
        }
        if self.before == Some(line.0) && self.of_before > 0 {
            self.of_before -= 1;
            return false;
        }
        let Some(count) = self.last.get_mut(&line) else { return true };
        *count -= 1;
        if *count == 0 {
            self.last.remove(&line);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines that are new when a log is read in parts, each from the second on that is asked
    /// for and to some place.
    fn read(log: &[(i64, String)], ends: &[usize]) -> Vec<String> {
        let (mut seen, mut out) = (Seen::default(), Vec::new());
        for end in ends.iter().copied().chain([log.len()]) {
            let mut again = seen.again();
            let second = |time: i64| time.div_euclid(10);
            let since = seen.since().map(|time| second(time.0));
            for (time, line) in &log[..end.min(log.len())] {
                if since.is_none_or(|since| second(*time) >= since)
                    && seen.is_new(&mut again, Timestamp(*time), line.as_bytes())
                {
                    out.push(line.clone());
                }
            }
        }
        out
    }

    proptest! {
        /// Times stand still for long, equal lines follow one another, neighbours are exchanged.
        #[test]
        fn every_line_once(
            steps in prop::collection::vec((0..3_i64, 0..2_u8, any::<bool>()), 0..400),
            mut ends in prop::collection::vec(0..400_usize, 0..6),
        ) {
            ends.sort_unstable();
            let mut time = 0;
            let mut log: Vec<(i64, String)> = Vec::new();
            for (step, line, is_early) in steps {
                time += step / 2;
                log.push((time, line.to_string()));
                let at = log.len() - 1;
                if is_early && at > 0 {
                    let earlier = log[at - 1].0;
                    log[at - 1].0 = log[at].0;
                    log[at].0 = earlier;
                }
            }
            let expect: Vec<String> = log.iter().map(|(_, line)| line.clone()).collect();
            prop_assert_eq!(read(&log, &ends), expect);
        }
    }
}
