//! The lines of a run: each follows from its connection and its number, so that what is sent again
//! is the same.

use std::time::Duration;

use fastrand::Rng;
use model::{Clock, Entry, Labels, Stream, SystemClock, Timestamp};

/// One line in so many comes late, for a day that has segments already.
const LATE_ONE_IN: u32 = 10;
/// How late.
const LATE: Duration = Duration::from_secs(20 * 3600);
/// The most bytes that a line has beside its numbers.
const FILLER_BYTES_MAX: usize = 200;

/// What all lines of one run have in common.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    seed: u64,
    start: Timestamp,
}

impl Lines {
    /// The lines of a run that begins now.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, start: SystemClock.now() }
    }

    /// A push of some lines of a connection, as Loki's protocol has it.
    pub(super) fn push(&self, connection: usize, numbers: impl Iterator<Item = usize>) -> Vec<u8> {
        let labels = [
            ("source", "crash".to_owned()),
            ("run", self.name()),
            ("connection", connection.to_string()),
        ];
        let entries = numbers.map(|number| self.entry(connection, number)).collect();
        loki::push::encode(&[Stream { labels: Labels::new(labels), entries }])
    }

    /// The query for all lines of a connection.
    pub(super) fn selector(&self, connection: usize) -> String {
        let run = self.name();
        format!(r#"{{source="crash", run="{run}", connection="{connection}"}}"#)
    }

    /// The moments between which all lines lie, however many there are.
    pub(super) fn bounds(&self) -> (Timestamp, Timestamp) {
        (self.start - LATE, self.start + LATE)
    }

    /// No other run has this name: a bucket may hold several.
    fn name(&self) -> String {
        self.start.as_nanos().to_string()
    }

    fn entry(&self, connection: usize, number: usize) -> Entry {
        let of_line = self.seed ^ ((connection as u64) << 48) ^ number as u64;
        let mut random = Rng::with_seed(of_line);
        let late = if random.u32(..LATE_ONE_IN) == 0 { LATE } else { Duration::ZERO };
        let time = self.start - late + Duration::from_micros(number as u64);
        let length = random.usize(..FILLER_BYTES_MAX);
        let filler: String =
            std::iter::repeat_with(|| random.alphanumeric()).take(length).collect();
        Entry::new(time, format!("connection {connection} line {number} {filler}"))
    }
}

/// The number of a line, if it is one of this connection.
pub(super) fn number(line: &str, connection: usize) -> Option<usize> {
    let rest = line.strip_prefix(&format!("connection {connection} line "))?;
    rest.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_their_number_and_are_the_same_again() {
        let lines = Lines::new(7);
        for line in 0..50 {
            let entry = lines.entry(3, line);
            assert_eq!(number(&entry.line, 3), Some(line));
            assert_eq!(number(&entry.line, 4), None);
            assert_eq!(lines.entry(3, line), entry);
        }
        assert!((0..50).any(|line| lines.entry(3, line).timestamp < lines.start));
    }
}
