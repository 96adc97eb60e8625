//! Reads all stored lines of a selector back over HTTP, page by page.

use anyhow::{Result, bail};
use loki::response::{QueryResponse, QueryResult};
use model::{Labels, Timestamp};

use crate::command::bench::server::Server;

/// Lines of a page: Loki's own limit.
const PAGE_LINES: usize = 5000;

/// A line as the server shows it.
pub(crate) struct Shown {
    /// Its labels and metadata together.
    pub(crate) labels: Labels,
    pub(crate) timestamp: Timestamp,
    pub(crate) line: String,
}

/// All lines between two moments, by time.
pub(crate) async fn lines(
    server: &Server,
    selector: &str,
    (mut start, end): (Timestamp, Timestamp),
) -> Result<Vec<Shown>> {
    let mut all = Vec::new();
    loop {
        let (kept, next) = keep(page(server, selector, (start, end)).await?);
        all.extend(kept);
        match next {
            Some(next) if next > start => start = next,
            Some(_) => bail!("a moment has more than {PAGE_LINES} lines"),
            None => return Ok(all),
        }
    }
}

async fn page(
    server: &Server,
    selector: &str,
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<Shown>> {
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
    let mut page = Vec::new();
    for stream in streams {
        let labels = Labels::new(stream.stream);
        page.extend(stream.values.into_iter().map(|entry| Shown {
            labels: labels.clone(),
            timestamp: entry.timestamp,
            line: entry.line,
        }));
    }
    page.sort_by_key(|shown| shown.timestamp);
    Ok(page)
}

/// The lines of a page, and where the next one begins. The last moment of a full page may go on in
/// the next, so it is left to that as a whole.
fn keep(mut page: Vec<Shown>) -> (Vec<Shown>, Option<Timestamp>) {
    let last = page.last().map(|shown| shown.timestamp).filter(|_| page.len() >= PAGE_LINES);
    page.retain(|shown| Some(shown.timestamp) != last);
    (page, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_moment_of_a_full_page_is_read_again() {
        let line = |time: usize| Shown {
            labels: Labels::default(),
            timestamp: Timestamp(time as i64),
            line: time.to_string(),
        };
        let (kept, next) = keep((0..9).map(line).collect());
        assert_eq!((kept.len(), next), (9, None));
        let full = (0..PAGE_LINES - 1).map(line).chain([line(PAGE_LINES - 2)]);
        let (kept, next) = keep(full.collect());
        assert_eq!(kept.len(), PAGE_LINES - 2);
        assert_eq!(next, Some(Timestamp(PAGE_LINES as i64 - 2)));
    }
}
