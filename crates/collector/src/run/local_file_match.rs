//! `local.file_match` at work: patterns become files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy::{Target, Value};
use tokio::sync::{broadcast, watch};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::component::local_file_match::Settings;
use crate::limits::{GLOB_FILES_MAX, LOOK_INTERVAL, MATCH_PAUSE};
use crate::run::births::{Births, Change};
use crate::run::discovery_relabel::targets;
use crate::run::exports::Exports;
use crate::run::glob::{Listing, Pattern};

/// Looks for files until it is told to end, at once when one appears among the pods' logs.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    births: Arc<Births>,
    exports: Exports,
    cancel: CancellationToken,
) {
    let mut changes = births.subscribe();
    let mut current = settings.borrow_and_update().clone();
    let mut known = BTreeSet::new();
    loop {
        let (of, held) = (current.clone(), Arc::clone(&births));
        let found = spawn_blocking(move || {
            targets(matching(&of.path_targets, of.ignore_older_than, &held))
        });
        let Ok(found) = found.await else { return };
        exports.tell(Value::object([("targets", found)])).await;
        let mut tick = interval(current.sync_period.max(LOOK_INTERVAL));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tick.tick().await;
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
                current = settings.borrow_and_update().clone();
            }
            () = appeared(&mut changes, &births, &mut known) => sleep(MATCH_PAUSE).await,
            _ = tick.tick() => {}
        }
    }
}

/// Waits until a file appears among the pods' logs that was not there before.
async fn appeared(
    changes: &mut broadcast::Receiver<Change>,
    births: &Births,
    known: &mut BTreeSet<PathBuf>,
) {
    loop {
        let paths = match changes.recv().await {
            Ok(Change::Files(paths)) => paths.to_vec(),
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            Ok(Change::All) | Err(_) => births.paths(),
        };
        if known.len() > GLOB_FILES_MAX {
            known.clear();
        }
        if paths.into_iter().filter(|path| known.insert(path.clone())).count() > 0 {
            return;
        }
    }
}

/// The targets with their patterns replaced by the files that there are, or were a moment ago.
pub fn matching(targets: &[Target], ignore_older_than: Duration, births: &Births) -> Vec<Target> {
    let (mut listing, held) = (Listing::default(), births.paths());
    let mut out = Vec::new();
    for target in targets {
        let Some(text) = target.get("__path__") else { continue };
        let pattern = Pattern::new(text);
        let exclude = target.get("__path_exclude__").map(|text| Pattern::new(text));
        let mut files: BTreeSet<PathBuf> = pattern.files(&mut listing).into_iter().collect();
        files.extend(held.iter().filter(|path| pattern.matches(path)).cloned());
        for file in files {
            let is_excluded = exclude.as_ref().is_some_and(|exclude| exclude.matches(&file));
            if is_excluded || is_older(&file, ignore_older_than) {
                continue;
            }
            let mut found = target.clone();
            found.insert("__path__".to_owned(), file.display().to_string());
            found.remove("__path_exclude__");
            out.push(found);
        }
    }
    out
}

fn is_older(path: &Path, than: Duration) -> bool {
    let age = fs::metadata(path).and_then(|it| it.modified()).ok().and_then(|it| it.elapsed().ok());
    !than.is_zero() && age.is_some_and(|age| age > than)
}
