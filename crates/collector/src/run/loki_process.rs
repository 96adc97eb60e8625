//! `loki.process` at work.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use ::stage::{After, Counts, Entry, Pipeline, Tap, Tapped};
use model::{Clock, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use crate::component::Batch;
use crate::component::loki_process::Settings;
use crate::run::exposed::Exposed;
use crate::run::flow;
use crate::run::stats::Stats;

/// What it works with.
pub struct Parts {
    /// What it is told, and told anew.
    pub settings: watch::Receiver<Settings>,
    /// What comes.
    pub inbox: mpsc::Receiver<Batch>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// For what is left to chance.
    pub seed: u64,
    /// What it counts.
    pub stats: Arc<Stats>,
    /// Where it tells what its stages count.
    pub exposed: Arc<Exposed>,
}

/// Sends entries through the stages until nobody sends any more. What a stage holds back then goes
/// on, as it does when the stages are exchanged.
pub async fn run(parts: Parts) {
    let Parts { mut settings, mut inbox, clock, seed, stats, exposed } = parts;
    let mut current = settings.borrow_and_update().clone();
    let mut work = Work::new(&current, seed, Arc::clone(&stats));
    let mut is_told = true;
    loop {
        let deadline = work.pipeline.next_deadline();
        let now = clock.now();
        let mut out = Vec::new();
        tokio::select! {
            changed = settings.changed(), if is_told => {
                is_told = changed.is_ok();
                let next = settings.borrow_and_update().clone();
                if next.stages == current.stages {
                    current = next;
                    continue;
                }
                work.pipeline.flush(now, &mut out);
                send(&stats, &current, out).await;
                work = Work { before: work.counts(), ..Work::new(&next, seed, Arc::clone(&stats)) };
                current = next;
                continue;
            }
            batch = inbox.recv() => match batch {
                Some(batch) => work.take(batch, &current, &*clock).await,
                None => {
                    work.pipeline.flush(now, &mut out);
                    send(&stats, &current, out).await;
                    return;
                }
            },
            () = due(deadline, now) => {
                work.pipeline.tick(clock.now(), &mut out);
                send(&stats, &current, out).await;
            }
        }
        exposed.tell(work.counts(), work.pipeline.families(clock.now()));
    }
}

/// The stages, and what goes on.
struct Work {
    pipeline: Pipeline,
    /// What was counted before the stages were exchanged.
    before: Vec<(&'static str, model::Labels, u64)>,
    stats: Arc<Stats>,
    is_tapped: bool,
}

impl Work {
    fn new(settings: &Settings, seed: u64, stats: Arc<Stats>) -> Self {
        let pipeline = Pipeline::new(&settings.stages, seed).unwrap_or_else(|error| {
            // Each stage was built when it was read; together they are bounded no further.
            tracing::error!(%error, "stages cannot be built, entries pass as they are");
            stats.note(Some(error.to_string()));
            Pipeline::new(&[], seed).expect("no stages at all can be built")
        });
        Self { pipeline, before: Vec::new(), stats, is_tapped: false }
    }

    async fn take(&mut self, batch: Batch, settings: &Settings, clock: &dyn Clock) {
        self.stats.receive(batch.len());
        self.tap();
        let (now, mut out) = (clock.now(), Vec::with_capacity(batch.len()));
        for entry in batch {
            self.pipeline.process(entry, now, &mut out);
            if let Some(pause) = self.pipeline.take_pause() {
                send(&self.stats, settings, std::mem::take(&mut out)).await;
                sleep(pause).await;
            }
        }
        send(&self.stats, settings, out).await;
    }

    /// Shows entries at each stage while somebody looks.
    fn tap(&mut self) {
        let is_watched = self.stats.is_watched(Instant::now());
        if is_watched == self.is_tapped {
            return;
        }
        self.is_tapped = is_watched;
        let stats = Arc::clone(&self.stats);
        let tap = Tap::new(move |tapped| stats.keep(shown(tapped)));
        self.pipeline.set_tap(is_watched.then_some(tap));
    }

    /// What the stages have counted, those that were exchanged too.
    fn counts(&self) -> Vec<(&'static str, model::Labels, u64)> {
        let mut all = self.before.clone();
        let counts: &Counts = self.pipeline.counts();
        for (name, labels, count) in counts.iter() {
            match all.iter_mut().find(|(known, of, _)| *known == name && of == labels) {
                Some((.., sum)) => *sum += count,
                None => all.push((name, labels.clone(), count)),
            }
        }
        all
    }
}

async fn send(stats: &Stats, settings: &Settings, out: Vec<Entry>) {
    stats.send(&out);
    flow::send(&settings.forward_to, out).await;
}

async fn due(deadline: Option<Timestamp>, now: Timestamp) {
    match deadline {
        Some(deadline) => sleep(deadline.since(now).max(Duration::from_millis(1))).await,
        None => pending().await,
    }
}

/// An entry at a stage, for people.
fn shown(tapped: &Tapped<'_>) -> String {
    let show = |entry: &Entry| format!("{} {}", entry.labels, entry.line);
    let after = match &tapped.after {
        After::Kept(entry) => show(entry),
        After::Dropped => "dropped".to_owned(),
        After::Held => "held back".to_owned(),
        After::Many(entries) => entries.iter().map(show).collect::<Vec<_>>().join("\n"),
    };
    let (index, name) = (tapped.index, tapped.name);
    format!("[{index} stage.{name}] {}\n  → {after}", show(tapped.before))
}
