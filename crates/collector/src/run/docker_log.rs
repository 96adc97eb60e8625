//! The log of one container, read from Docker's engine: asked for, followed, asked for again where
//! it broke off, until nobody wants it any more.

use std::sync::Arc;

use ::stage::Entry;
use model::{Labels, Timestamp, limits};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::component::{Batch, To};
use crate::docker::{Address, Engine, Failure, Frames, Line, Lines, Source, Stream, Taken};
use crate::limits::{API_OVER_MAX, CRI_HEADER_BYTES_MAX};
use crate::metrics::DockerMetrics;
use crate::run::flow;
use crate::run::kept::Place;
use crate::run::ledger::Ledger;
use crate::run::pod_log::until;
use crate::run::seen::{Again, Seen};
use crate::run::stats::Stats;
use crate::stage::{Splitter, stray};
use crate::stamped::stamped;
use crate::write::Backoff;

/// What is told about a log, and told anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Where the engine listens.
    pub engine: Address,
    /// The labels of lines of the output, if these are wanted,
    pub stdout: Option<Labels>,
    /// and of those of the output of errors.
    pub stderr: Option<Labels>,
    /// Where they go.
    pub forward_to: Vec<To>,
    /// Since when nobody wants it any more: it is read to its end.
    pub over_since: Option<Instant>,
}

/// A log, and how far it is read.
pub struct DockerLog {
    /// The identity of the container.
    pub id: String,
    /// What is told about it.
    pub told: watch::Receiver<Told>,
    /// Keeps how far it is dealt with.
    pub ledger: Arc<Ledger<Place<Seen>>>,
    /// How far it was read.
    pub seen: Seen,
    /// The pauses between requests.
    pub backoff: Backoff,
    /// What is counted.
    pub metrics: DockerMetrics,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// Ends it at once.
    pub cancel: CancellationToken,
    /// Whether the last request did not work.
    pub is_failing: bool,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// At the end of the log.
    Complete,
    /// There is no such container.
    Absent,
    /// It broke off, or was refused.
    Broken,
    /// All is to end.
    Cancelled,
}

/// What an engine says of a container.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Inspected {
    config: Config,
    state: State,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    tty: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct State {
    running: bool,
}

/// Takes a log apart.
enum Form {
    /// A terminal's: its lines, one after another.
    Terminal(Splitter),
    /// Two streams, in frames.
    Streams(Frames, Lines),
}

impl DockerLog {
    /// Reads it until nobody wants it any more, or it is told to end.
    pub async fn run(mut self) {
        loop {
            self.told.mark_unchanged();
            let before = self.seen.clone();
            let ended = self.read().await;
            if self.seen != before {
                self.backoff.reset();
            }
            let is_over = self.told.borrow().over_since.is_some();
            match ended {
                Ended::Cancelled => return,
                Ended::Complete | Ended::Absent if is_over => {
                    // Nothing more will come: what is kept of it is forgotten in its turn.
                    return drop(self.ledger.begin(None));
                }
                _ => {}
            }
            let pause = self.backoff.next();
            tokio::select! {
                () = self.cancel.cancelled() => return,
                changed = self.told.changed() => if changed.is_err() { return },
                () = sleep(pause) => {}
            }
        }
    }

    /// Reads what there is, and what comes.
    async fn read(&mut self) -> Ended {
        let engine = Engine::at(self.told.borrow().engine.clone());
        let cancel = self.cancel.clone();
        let opened = cancel.run_until_cancelled(self.open(&engine)).await;
        match opened {
            None => Ended::Cancelled,
            Some(Ok((log, inspected))) => self.follow(log, &inspected).await,
            Some(Err(Failure::Absent)) => Ended::Absent,
            Some(Err(Failure::Other(why))) => self.broken(&why),
        }
    }

    async fn open(&self, engine: &Engine) -> Result<(Stream, Inspected), Failure> {
        let json = engine.ask(&format!("/containers/{}/json", self.id)).await?;
        let inspected = serde_json::from_slice(&json)
            .map_err(|error| Failure::Other(format!("its state is not understood: {error}")))?;
        let since = self.seen.since().map(|time| format!("&since={}", seconds(time)));
        let log = format!(
            "/containers/{}/logs?follow=1&stdout=1&stderr=1&timestamps=1{}",
            self.id,
            since.unwrap_or_default()
        );
        Ok((engine.open(&log).await?, inspected))
    }

    fn broken(&mut self, why: &str) -> Ended {
        let id = self.id.get(..12).unwrap_or(&self.id);
        let problem = format!("the log of the container {id} is not told: {why}");
        if std::mem::replace(&mut self.is_failing, true) {
            tracing::debug!(problem, "it is asked for again");
        } else {
            tracing::warn!(problem, "it is asked for again");
        }
        self.stats.note(Some(problem));
        Ended::Broken
    }

    async fn follow(&mut self, mut log: Stream, inspected: &Inspected) -> Ended {
        let bytes_max = limits::MAX_LINE_SIZE + CRI_HEADER_BYTES_MAX;
        let mut form = match inspected.config.tty {
            true => Form::Terminal(Splitter::new(0, bytes_max)),
            false => Form::Streams(Frames::new(bytes_max), Lines::new(limits::MAX_LINE_SIZE)),
        };
        let mut again = self.seen.again();
        loop {
            let over_at = self.told.borrow().over_since.map(|since| since + API_OVER_MAX);
            let cancel = self.cancel.clone();
            let next = tokio::select! {
                () = cancel.cancelled() => return Ended::Cancelled,
                changed = self.told.changed() => {
                    if changed.is_err() {
                        return Ended::Cancelled;
                    }
                    continue;
                }
                () = until(over_at) => return Ended::Complete,
                next = log.next() => next,
            };
            let mut lines = Vec::new();
            let ended = match next {
                Ok(Some(bytes)) => match form.feed(&bytes, &mut lines) {
                    Ok(strays) => {
                        self.strays(&strays);
                        None
                    }
                    Err(why) => Some(self.broken(why)),
                },
                Ok(None) => {
                    self.is_failing = false;
                    if !inspected.state.running {
                        form.finish(&mut lines);
                    }
                    Some(Ended::Complete)
                }
                Err(why) => Some(self.broken(&why)),
            };
            self.send(lines, &mut again).await;
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    /// What an engine says of a log instead of telling it.
    fn strays(&self, strays: &[String]) {
        for said in strays {
            self.metrics.parsing_errors.inc();
            tracing::warn!(said, "a line of a log has no time and is left out");
        }
    }

    /// Sends lines on that are new.
    async fn send(&mut self, lines: Vec<Line>, again: &mut Again) {
        let seen = &mut self.seen;
        let is_new = |line: &Line| seen.is_new(again, line.time, &line.text);
        let lines: Vec<Line> = lines.into_iter().filter(is_new).collect();
        if lines.is_empty() {
            return;
        }
        let origins = self.ledger.begin(Some(self.seen.clone()));
        let told = self.told.borrow().clone();
        let mut batch = Batch::with_capacity(lines.len());
        for Line { source, time, text, cut } in lines {
            let labels = if source == Source::Stderr { &told.stderr } else { &told.stdout };
            let Some(labels) = labels.clone() else { continue };
            let text = stray(&text, cut, 0, time, limits::MAX_LINE_SIZE).text;
            let mut entry = Entry::new(labels, time, text);
            entry.origins = origins.clone();
            batch.push(entry);
        }
        drop(origins);
        self.metrics.entries.inc_by(batch.len() as u64);
        self.stats.note(None);
        self.stats.send(&batch);
        flow::send(&told.forward_to, batch).await;
    }
}

impl Form {
    /// The lines that these bytes complete are added. Returns what is none.
    fn feed(&mut self, bytes: &[u8], lines: &mut Vec<Line>) -> Result<Vec<String>, &'static str> {
        let mut strays = Vec::new();
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Terminal(splitter) => splitter.feed(bytes, |physical| {
                match terminal_line(&physical.bytes, physical.cut) {
                    Some(line) => lines.push(line),
                    None => strays.push(shown(&physical.bytes)),
                }
            }),
            Self::Streams(frames, open) => frames.feed(bytes, |frame| {
                if open.take(&frame, |line| lines.push(line)) == Taken::Stray {
                    strays.push(shown(frame.bytes));
                }
            })?,
        }
        Ok(strays)
    }

    /// The lines whose end will never come.
    fn finish(&mut self, lines: &mut Vec<Line>) {
        match self {
            Self::Terminal(splitter) => {
                let rest = splitter.finish();
                lines.extend(rest.and_then(|it| terminal_line(&it.bytes, it.cut)));
            }
            Self::Streams(_, open) => lines.extend(open.finish()),
        }
    }
}

/// A line of a terminal, which ends as terminals end lines.
fn terminal_line(bytes: &[u8], cut: u64) -> Option<Line> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let (time, text) = stamped(bytes)?;
    Some(Line { source: Source::Stdout, time, text: text.to_vec(), cut })
}

/// A time as the engine wants it.
fn seconds(time: Timestamp) -> String {
    const NANOS: i64 = 1_000_000_000;
    format!("{}.{:09}", time.0.div_euclid(NANOS), time.0.rem_euclid(NANOS))
}
