//! Reading files for a component: when they are looked for, looked at and read.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use model::Labels;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::component::{Batch, To};
use crate::limits::{LOOK_INTERVAL, LOOKS_FOR_FILES};
use crate::run::births::{Births, Change};
use crate::run::flow;
use crate::run::follow::Files;
use crate::run::stats::Stats;

/// What is read, and for whom.
pub struct Source<S> {
    /// What the component is told, and told anew.
    pub settings: watch::Receiver<S>,
    /// Where its entries go.
    pub forward_to: fn(&S) -> &[To],
    /// The names that it wants, and the labels that their lines get.
    pub wanted: fn(&S, &Births) -> BTreeMap<PathBuf, Vec<Labels>>,
    /// Whether these depend on which files there are.
    pub looks_for_files: fn(&S) -> bool,
}

/// What is read with.
pub struct Reading {
    /// The files.
    pub files: Files,
    /// Tells of changes, and holds files.
    pub births: Arc<Births>,
    /// What is counted.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// Which files are looked at.
enum Look {
    /// All, and whether it is found out anew which these are.
    All(bool),
    Some(HashSet<PathBuf>),
}

/// Reads until it is told to end.
pub async fn read<S: Clone + Send + Sync + 'static>(source: Source<S>, reading: Reading) {
    let Source { mut settings, forward_to, wanted, looks_for_files } = source;
    let Reading { mut files, births, stats, cancel } = reading;
    let mut changes = births.subscribe();
    let mut tick = interval(LOOK_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut current = settings.borrow_and_update().clone();
    let (mut is_new, mut looks) = (true, 0_u32);
    loop {
        let look = tokio::select! {
            () = cancel.cancelled() => return,
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
                current = settings.borrow_and_update().clone();
                Look::All(true)
            }
            look = changed(&mut changes) => look,
            _ = tick.tick() => Look::All(false),
        };
        looks = looks.wrapping_add(1);
        let for_files = looks_for_files(&current);
        let is_due = std::mem::take(&mut is_new) || for_files && looks % LOOKS_FOR_FILES == 0;
        let (of, held) = (current.clone(), Arc::clone(&births));
        let looked = spawn_blocking(move || {
            let now = Instant::now();
            match look {
                Look::Some(paths) if !(is_due || for_files && files.has_news(&paths)) => {
                    paths.iter().for_each(|path| files.look_at(path, now));
                }
                look => {
                    if is_due || !matches!(look, Look::All(false)) {
                        files.want(wanted(&of, &held));
                    }
                    files.look(now);
                }
            }
            next(files)
        });
        let Ok((mut back, mut batch)) = looked.await else { return };
        while let Some(some) = batch {
            stats.send(&some);
            if settings.has_changed().unwrap_or(false) {
                current = settings.borrow_and_update().clone();
                is_new = true;
            }
            flow::send(forward_to(&current), some).await;
            if cancel.is_cancelled() {
                return;
            }
            let Ok(more) = spawn_blocking(move || next(back)).await else { return };
            (back, batch) = more;
        }
        files = back;
        stats.tell(files.told());
    }
}

/// The next batch, and the files again.
fn next(mut files: Files) -> (Files, Option<Batch>) {
    let batch = files.next(Instant::now());
    (files, batch)
}

/// What changed, gathered as far as it is known by now.
async fn changed(changes: &mut broadcast::Receiver<Change>) -> Look {
    let mut paths = match changes.recv().await {
        Ok(Change::Files(paths)) => paths.iter().cloned().collect::<HashSet<_>>(),
        Ok(Change::All) | Err(RecvError::Lagged(_)) => return Look::All(false),
        Err(RecvError::Closed) => return std::future::pending().await,
    };
    while let Ok(Change::Files(more)) = changes.try_recv() {
        paths.extend(more.iter().cloned());
    }
    Look::Some(paths)
}
