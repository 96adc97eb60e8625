//! Reads back all lines, with all that is said of them.

use anyhow::{Result, bail};
use kubelet::Arrived;
use loki::response::{QueryResponse, QueryResult};
use model::{Labels, Timestamp};

use crate::command::bench::server::Server;

/// Lines of a page: Loki's own limit.
const PAGE_LINES: usize = 5000;

/// All lines between two moments.
pub(super) async fn read(
    server: &Server,
    (mut start, end): (Timestamp, Timestamp),
) -> Result<Vec<Arrived>> {
    let mut all = Vec::new();
    loop {
        let page = page(server, (start, end)).await?;
        let (kept, next) = keep(page);
        all.extend(kept);
        match next {
            Some(next) if next > start => start = next,
            Some(_) => bail!("a moment has more than {PAGE_LINES} lines"),
            None => return Ok(all),
        }
    }
}

async fn page(server: &Server, (start, end): (Timestamp, Timestamp)) -> Result<Vec<Arrived>> {
    let params = [
        ("query", r#"{namespace="airflow"}"#.to_owned()),
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
        page.extend(stream.values.into_iter().map(|entry| Arrived {
            labels: labels.clone(),
            metadata: Labels::default(),
            timestamp: entry.timestamp,
            line: entry.line,
        }));
    }
    page.sort_by_key(|entry| entry.timestamp);
    Ok(page)
}

/// The lines of a page, and where the next one begins. The last moment of a full page may go on in
/// the next, so it is left to that as a whole.
fn keep(mut page: Vec<Arrived>) -> (Vec<Arrived>, Option<Timestamp>) {
    let last = page.last().map(|entry| entry.timestamp).filter(|_| page.len() >= PAGE_LINES);
    page.retain(|entry| Some(entry.timestamp) != last);
    (page, last)
}
