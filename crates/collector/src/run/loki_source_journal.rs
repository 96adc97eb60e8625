//! `loki.source.journal` at work. Where reading goes on is kept for each file, and moves when every
//! store has acknowledged what came before.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::stage::Entry as Outgoing;
use ::stage::relabel::Rules;
use model::{Clock, Labels, Timestamp};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::component::loki_source_journal::Settings;
use crate::journal::Entry;
use crate::limits::LOOK_INTERVAL;
use crate::metrics::Metrics;
use crate::run::flow;
use crate::run::journal_files::{Batch, Files};
use crate::run::stats::Stats;

/// What it works with.
pub struct Parts {
    /// The identity of the component.
    pub id: String,
    /// What it is told.
    pub settings: watch::Receiver<Settings>,
    /// The files, and how far they are read.
    pub files: Files,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// Words for priorities, by their numbers.
const PRIORITIES: [&str; 8] =
    ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];

/// Reads until it is told to end.
pub async fn run(parts: Parts) {
    let Parts { id, mut settings, mut files, clock, metrics, stats, cancel } = parts;
    let mut current = settings.borrow_and_update().clone();
    let mut maker = Maker::new(&id, &current, &metrics);
    while !cancel.is_cancelled() {
        if settings.has_changed().unwrap_or(false) {
            current = settings.borrow_and_update().clone();
            maker = Maker::new(&id, &current, &metrics);
        }
        let oldest = clock.now() - current.max_age;
        let path = current.path.clone();
        let read = spawn_blocking(move || {
            let batch = files.next(path.as_deref(), oldest, Instant::now());
            (files, batch)
        });
        let Ok((back, batch)) = read.await else { return };
        files = back;
        let Some(batch) = batch else {
            stats.note_all(&files.problems());
            stats.tell(files.detail());
            tokio::select! {
                () = cancel.cancelled() => return,
                changed = settings.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    settings.mark_changed();
                }
                () = sleep(LOOK_INTERVAL) => {}
            }
            continue;
        };
        let entries = maker.entries(&batch);
        stats.send(&entries);
        flow::send(&current.forward_to, entries).await;
    }
}

/// Makes entries of those of the journal.
struct Maker {
    settings: Settings,
    labels: Labels,
    rules: Rules,
    metrics: Metrics,
}

impl Maker {
    fn new(id: &str, settings: &Settings, metrics: &Metrics) -> Self {
        let own = settings.labels.iter();
        let job = [("job", id)].into_iter().filter(|_| settings.labels.get("job").is_none());
        Self {
            settings: settings.clone(),
            labels: Labels::new(job.chain(own)),
            rules: Rules::build(&settings.rules.0).unwrap_or_default(),
            metrics: metrics.clone(),
        }
    }

    fn entries(&self, batch: &Batch) -> Vec<Outgoing> {
        let counts = &self.metrics.journal;
        counts.parsing_errors.inc_by(batch.lost);
        let mut out = Vec::new();
        for entry in &batch.entries {
            if entry.problem.is_some() {
                counts.parsing_errors.inc();
            }
            if let Some(mut made) = self.entry(entry) {
                made.origins = batch.origins.clone();
                out.push(made);
            }
        }
        counts.lines.inc_by(out.len() as u64);
        out
    }

    fn entry(&self, entry: &Entry) -> Option<Outgoing> {
        let is_meant = self.settings.matches.iter().all(|(name, values)| {
            entry.fields.iter().any(|it| it.name == *name && values.contains(&it.value))
        });
        if !is_meant {
            return None;
        }
        // What only rules are told is not worked out without any.
        let labels = match self.settings.rules.0.is_empty() {
            true => self.labels.clone(),
            false => self.rules.apply(&self.told(entry))?,
        };
        let labels = labels.filter(|name| !name.starts_with("__"));
        let line = if self.settings.format_as_json {
            json(entry)
        } else {
            let message = entry.fields.iter().find(|field| field.name == "MESSAGE");
            if message.is_none() && entry.problem.is_none() {
                self.metrics.journal.parsing_errors.inc();
            }
            message?.value.clone()
        };
        Some(Outgoing::new(labels, time(entry), line))
    }

    /// What rules are told of an entry.
    fn told(&self, entry: &Entry) -> Labels {
        let mut pairs: Vec<(String, String)> =
            self.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for field in &entry.fields {
            if field.name == "PRIORITY"
                && let Ok(number) = field.value.parse::<usize>()
                && let Some(word) = PRIORITIES.get(number)
            {
                pairs.push(("__journal_priority_keyword".to_owned(), (*word).to_owned()));
            }
            let name = format!("__journal_{}", field.name.to_lowercase());
            pairs.push((name, field.value.clone()));
        }
        Labels::new(pairs)
    }
}

/// When it came. The journal counts in microseconds: what lies below tells entries of one
/// microsecond apart, the same at each reading, and keeps their order.
fn time(entry: &Entry) -> Timestamp {
    let below = i64::try_from(entry.sequence % 1000).unwrap_or(0);
    Timestamp(entry.micros.saturating_mul(1000).saturating_add(below))
}

/// All fields, sorted. Of one that is there several times, the last.
fn json(entry: &Entry) -> String {
    let fields = entry.fields.iter().map(|field| (field.name.as_str(), field.value.as_str()));
    let fields: BTreeMap<&str, &str> = fields.collect();
    let line = serde_json::to_string(&fields).expect("plain data with text keys is always JSON");
    // As Go writes it, so that filters for what is escaped go on working.
    line.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
