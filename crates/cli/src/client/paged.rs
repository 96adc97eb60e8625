//! More lines than one answer holds, fetched batch by batch as logcli does.

use std::time::Duration;

use anyhow::{Result, bail};
use loki::query::{Direction, RangeQuery};
use loki::response::{QueryResponse, QueryResult};

use super::Client;
use super::edge::Edge;

impl Client {
    /// All lines of a range, batch by batch, each handed on as it comes. Gives their number.
    ///
    /// # Errors
    /// When a request fails, or more lines than a batch holds share one timestamp.
    pub async fn all_lines(
        &self,
        query: &RangeQuery,
        batch: usize,
        mut take: impl FnMut(QueryResponse) -> Result<()>,
    ) -> Result<usize> {
        let mut paged = Paged::new(query.clone(), batch.max(1));
        loop {
            let mut response = self.query_range(&paged.query).await?;
            let QueryResult::Streams(streams) = &mut response.data.result else {
                take(response)?;
                return Ok(0);
            };
            let received = streams.iter().map(|stream| stream.values.len()).sum();
            paged.taken += paged.edge.pass(streams);
            take(response)?;
            if !paged.advance(received)? {
                return Ok(paged.taken);
            }
        }
    }
}

/// Walks through a range.
struct Paged {
    /// What to ask next.
    query: RangeQuery,
    batch: usize,
    /// The most lines in all; zero: no limit.
    limit: usize,
    taken: usize,
    edge: Edge,
}

impl Paged {
    fn new(mut query: RangeQuery, batch: usize) -> Self {
        let limit = query.limit;
        query.limit = if limit == 0 { batch } else { limit.min(batch) };
        let edge = Edge::new(query.direction);
        Self { query, batch, limit, taken: 0, edge }
    }

    /// Moves on to the next batch; `false` when there is none.
    fn advance(&mut self, received: usize) -> Result<bool> {
        let is_last = received < self.query.limit || self.taken == self.limit;
        let Some(edge) = self.edge.time().filter(|_| !is_last) else { return Ok(false) };
        let overlap = self.edge.len();
        if overlap >= self.batch {
            bail!(
                "{overlap} lines share the time {}, as many as a batch holds, so there is no way \
                 past them: give --batch {} or more",
                loki::time::rfc3339(edge),
                overlap + 1,
            );
        }
        match self.query.direction {
            Direction::Forward => self.query.bounds.start = edge,
            // The end of a range is outside; the edge must be inside again.
            Direction::Backward => self.query.bounds.end = edge + Duration::from_nanos(1),
        }
        let rest = if self.limit == 0 { self.batch } else { self.limit - self.taken };
        self.query.limit = (rest + overlap).min(self.batch);
        self.edge.begin_again();
        Ok(true)
    }
}
