//! Reads all lines back, and counts each.

use anyhow::Result;

use super::line::{Lines, number};
use crate::command::bench::server::Server;
use crate::paged;

/// What was found of the lines of a connection, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Different lines.
    pub(super) lines: u64,
    /// Acknowledged ones that are not there.
    pub(super) lost: u64,
    /// Lines that are there more than once.
    pub(super) doubled: u64,
    /// Lines that nobody sent.
    pub(super) foreign: u64,
}

impl Found {
    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            lines: self.lines + other.lines,
            lost: self.lost + other.lost,
            doubled: self.doubled + other.doubled,
            foreign: self.foreign + other.foreign,
        }
    }
}

/// Looks for the lines of a connection, of which the first `acknowledged` must be there.
pub(super) async fn audit(
    server: &Server,
    lines: &Lines,
    connection: usize,
    acknowledged: usize,
) -> Result<Found> {
    let shown = paged::lines(server, &lines.selector(connection), lines.bounds()).await?;
    let numbers: Vec<_> = shown.iter().map(|shown| number(&shown.line, connection)).collect();
    Ok(count(&numbers, acknowledged))
}

/// Counts numbers of lines; `None` is a line that has none. What is acknowledged has the lowest
/// numbers, and nothing else was sent: a sender gives up on no push.
fn count(numbers: &[Option<usize>], acknowledged: usize) -> Found {
    let mut times = vec![0_u64; acknowledged];
    let mut foreign = 0;
    for number in numbers {
        match number.and_then(|number| times.get_mut(number)) {
            Some(times) => *times += 1,
            None => foreign += 1,
        }
    }
    let all = |test: fn(u64) -> bool| times.iter().filter(|times| test(**times)).count() as u64;
    Found {
        lines: all(|times| times > 0) + foreign,
        lost: all(|times| times == 0),
        doubled: all(|times| times > 1),
        foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_counts_once() {
        let numbers = [0, 1, 1, 3, 7].map(Some).into_iter().chain([None]);
        let found = count(&numbers.collect::<Vec<_>>(), 5);
        assert_eq!(found, Found { lines: 5, lost: 2, doubled: 1, foreign: 2 });
        let whole = Found { lines: 2, ..Found::default() };
        assert_eq!(count(&[Some(1), Some(0)], 2), whole);
        assert_eq!(found.and(whole), Found { lines: 7, ..found });
    }
}
