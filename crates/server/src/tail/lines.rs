//! [`Lines`]: from a query to the frames of a tail: first what is there, then what comes.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use logql::ast::{Expr, LogExpr};
use logql::eval::{Direction, LogStream, PreparedLog, SelectorScope, Value};
use logql::pipeline::RowLabels;
use loki::tail::TailQuery;
use model::{Stream, TenantId, TimeRange, Timestamp};
use query::{Deletion, Hidden, Kind, Request};
use store::{Arrived, Snapshot};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::frame::{self, Form};
use super::pending::{Pending, Row};
use crate::app::App;
use crate::refusal::Refusal;

/// Lines are gathered for so long, so that there are fewer frames; a line is to be seen within a
/// second.
const GATHER_PAUSE: Duration = Duration::from_millis(100);

/// What a tail asks.
#[derive(Debug)]
pub(crate) struct Lines {
    app: Arc<App>,
    tenant: TenantId,
    expr: LogExpr,
    query: PreparedLog,
    scope: SelectorScope,
    deletions: Arc<[Deletion]>,
    /// The same, compiled.
    hidden: Hidden,
    asked: TailQuery,
    form: Form,
}

impl Lines {
    /// Compiles the query.
    pub(crate) fn new(
        app: Arc<App>,
        tenant: TenantId,
        expr: LogExpr,
        asked: TailQuery,
        form: Form,
    ) -> Result<Self, Refusal> {
        let scope = app.engine(&tenant).config().scope;
        let query = PreparedLog::new(&expr, scope).map_err(query::Error::from)?;
        let (deletions, hidden) = (Arc::default(), Hidden::default());
        Ok(Self { app, tenant, expr, query, scope, deletions, hidden, asked, form })
    }

    /// Makes frames as they are taken, until one cannot be made, or it has ended and nothing waits;
    /// then says why.
    ///
    /// The store watches from the moment of the first lines on, so that none is missing between
    /// those and the next, and none comes twice.
    pub(crate) async fn run(
        mut self,
        frames: mpsc::Sender<String>,
        ended: impl Future<Output = ()>,
    ) -> String {
        let mut is_ended = false;
        let mut ended = pin!(ended);
        let selector = Arc::clone(self.query.selector());
        let wanted = Arc::new(move |labels: &model::Labels| selector.may_match(labels));
        let (snapshot, mut watch) = self.app.store.watch(&self.tenant, wanted);
        let first = match self.first(snapshot).await {
            Ok(rows) => rows,
            Err(error) => return Refusal::from(error).text().to_owned(),
        };
        let mut pending = Pending::new(first);
        let mut released = Instant::now();
        while !is_ended || pending.is_ready() || pending.due().is_some() {
            let release = pending.due().map(|due| due.max(released + GATHER_PAUSE));
            tokio::select! {
                arrived = watch.next() => {
                    self.query = self.query.at(self.app.clock.now());
                    if let Err(error) = self.mind_deletions() {
                        return Refusal::from(error).text().to_owned();
                    }
                    self.take_in(arrived, &mut pending).await;
                }
                () = &mut ended, if !is_ended => is_ended = true,
                () = sleep_until(release.unwrap_or(released)), if release.is_some() => {
                    released = Instant::now();
                    pending.release(released);
                }
                Ok(frame) = frames.reserve(), if pending.is_ready() => {
                    match frame::text(pending.next_batch(), self.form) {
                        Ok(text) => frame.send(text),
                        Err(error) => return format!("failed to write a frame: {error}"),
                    }
                }
            }
        }
        "it has ended".to_owned()
    }

    /// The newest lines that are there, the oldest of them first. A clock that is ahead of ours
    /// does not hide its lines: what is there is not only what is past.
    async fn first(&self, snapshot: Snapshot) -> Result<Vec<Row>, query::Error> {
        let (start, end) = (self.asked.start, Timestamp::MAX);
        let request = Request {
            tenant: self.tenant.clone(),
            query: Expr::Log(self.expr.clone()),
            kind: Kind::Range { start, end, step: Duration::ZERO },
            limit: self.asked.limit,
            direction: Direction::Backward,
            interval: Duration::ZERO,
        };
        let answer = self.app.engine(&self.tenant).run_on(snapshot, request).await?;
        let streams = match answer.value {
            Value::Streams(streams) => streams,
            _ => Vec::new(),
        };
        let rows = streams.into_iter().flat_map(|LogStream { labels, entries }| {
            let forward = entries.into_iter().rev();
            forward.map(move |(time, line)| Row { labels: labels.clone(), time, line })
        });
        let mut rows: Vec<Row> = rows.collect();
        // Stable: lines of one time stay as they came.
        rows.sort_by_key(|row| row.time);
        Ok(rows)
    }

    /// Looks what is deleted by now: a line may come late, into a time of which lines are deleted.
    fn mind_deletions(&mut self) -> Result<(), query::Error> {
        let deletions = self.app.deletions(&self.tenant);
        if !Arc::ptr_eq(&deletions, &self.deletions) {
            self.hidden = Hidden::new(&deletions, TimeRange::ALL, self.scope)?;
            self.deletions = deletions;
        }
        Ok(())
    }

    /// Passes what has arrived through the query.
    async fn take_in(&self, arrived: Arrived, pending: &mut Pending) {
        let due = Instant::now() + self.asked.delay_for.max(GATHER_PAUSE);
        let mut dropped = arrived.missed.entries;
        pending.missed(arrived.missed);
        for stream in arrived.streams {
            dropped += self.take_stream(&stream, pending, due);
            // A large push takes long; others go on meanwhile.
            tokio::task::yield_now().await;
        }
        if dropped > 0 {
            self.app.metrics.tail_dropped(&self.tenant, dropped);
        }
    }

    /// Gives how many lines were dropped.
    fn take_stream(&self, stream: &Stream, pending: &mut Pending, due: Instant) -> u64 {
        let (selector, labels) = (self.query.selector(), &stream.labels);
        let (mut row, mut other, mut dropped) = (RowLabels::default(), RowLabels::default(), 0);
        for entry in &stream.entries {
            if !selector.matches(labels, &entry.metadata) {
                continue;
            }
            let Some(line) = self.query.process(labels, entry, &mut row) else { continue };
            if self.hidden.hides_entry(labels, entry, &mut other) {
                continue;
            }
            let (time, line) = (entry.timestamp, line.into_owned());
            let taken = pending.hold(Row { labels: row.result(), time, line }, due);
            dropped += u64::from(!taken);
        }
        dropped
    }
}
