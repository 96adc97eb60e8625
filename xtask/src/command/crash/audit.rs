//! Reads all lines back, page by page, and counts each.

use anyhow::{Result, bail};
use loki::response::{QueryResponse, QueryResult};
use model::Timestamp;

use super::line::{Lines, number};
use crate::command::bench::server::Server;

/// Lines of a page: Loki's own limit.
const PAGE_LINES: usize = 5000;

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
    let (mut start, end) = lines.bounds();
    let mut numbers = Vec::new();
    loop {
        let page = page(server, &lines.selector(connection), (start, end)).await?;
        let (kept, next) = keep(page);
        numbers.extend(kept.into_iter().map(|line| number(&line, connection)));
        match next {
            Some(next) if next > start => start = next,
            Some(_) => bail!("a moment has more than {PAGE_LINES} lines"),
            None => return Ok(count(&numbers, acknowledged)),
        }
    }
}

type Line = (Timestamp, String);

async fn page(
    server: &Server,
    selector: &str,
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<Line>> {
    let params = [
        ("query", selector.to_owned()),
        ("limit", PAGE_LINES.to_string()),
        ("direction", "forward".to_owned()),
        ("start", loki::time::time_text(start)),
        ("end", loki::time::time_text(end)),
    ];
    let text = server.get("/loki/api/v1/query_range", &params).await?;
    let response: QueryResponse = serde_json::from_str(&text)?;
    let QueryResult::Streams(streams) = response.data.result else {
        bail!("a query for lines was answered with numbers");
    };
    let entries = streams.into_iter().flat_map(|stream| stream.values);
    let mut lines: Vec<Line> = entries.map(|entry| (entry.timestamp, entry.line)).collect();
    lines.sort();
    Ok(lines)
}

/// The lines of a page, and where the next one begins. The last moment of a full page may go on in
/// the next, so it is left to that as a whole.
fn keep(mut page: Vec<Line>) -> (Vec<String>, Option<Timestamp>) {
    let last = page.last().map(|(time, _)| *time).filter(|_| page.len() >= PAGE_LINES);
    page.retain(|(time, _)| Some(*time) != last);
    (page.into_iter().map(|(_, line)| line).collect(), last)
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

    #[test]
    fn the_last_moment_of_a_full_page_is_read_again() {
        let line = |time: usize| (Timestamp(time as i64), time.to_string());
        let (kept, next) = keep((0..9).map(line).collect());
        assert_eq!((kept.len(), next), (9, None));
        let full = (0..PAGE_LINES - 1).map(line).chain([line(PAGE_LINES - 2)]);
        let (kept, next) = keep(full.collect());
        assert_eq!(kept.len(), PAGE_LINES - 2);
        assert_eq!(next, Some(Timestamp(PAGE_LINES as i64 - 2)));
    }
}
