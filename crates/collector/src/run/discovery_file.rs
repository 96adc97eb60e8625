//! `discovery.file` at work: the targets of files, read again as they change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy::{Target, Value};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::component::discovery_file::Settings;
use crate::limits::FILE_LOOK_MAX;
use crate::run::discovery_relabel;
use crate::run::exports::Exports;
use crate::run::glob::{Listing, Pattern};
use crate::run::stats::Stats;
use crate::run::target_file::read;

/// The targets of each file. Those of a file that cannot be read are what they were.
#[derive(Debug, Default)]
pub struct Files(BTreeMap<PathBuf, Vec<Target>>);

impl Files {
    /// Reads the files that there are now. Returns what is wrong with some of them.
    pub fn look(&mut self, settings: &Settings) -> Vec<String> {
        let (mut listing, mut problems) = (Listing::default(), Vec::new());
        let mut found = BTreeMap::new();
        for text in &settings.files {
            let absolute = std::path::absolute(text).unwrap_or_else(|_| PathBuf::from(text));
            let pattern = Pattern::new(&absolute.display().to_string());
            let files = pattern.files(&mut listing);
            if files.is_empty() && !text.contains('*') {
                problems.push(format!("{text} is not there"));
            }
            for path in files {
                let targets = read(&path).or_else(|problem| {
                    problems.push(problem);
                    self.0.remove(&path).ok_or(())
                });
                found.extend(targets.map(|targets| (path, targets)));
            }
        }
        self.0 = found;
        problems
    }

    /// What is exported.
    #[must_use]
    pub fn exports(&self) -> Value {
        let all = self.0.values().flatten().cloned();
        Value::object([("targets", discovery_relabel::targets(all))])
    }

    fn detail(&self) -> Vec<(String, String)> {
        let one = |(path, targets): (&PathBuf, &Vec<Target>)| {
            (Path::display(path).to_string(), format!("{} targets", targets.len()))
        };
        self.0.iter().map(one).collect()
    }
}

/// Looks at the files until it is told to end.
pub async fn run(
    mut files: Files,
    mut settings: watch::Receiver<Settings>,
    exports: Exports,
    stats: Arc<Stats>,
    cancel: CancellationToken,
) {
    let mut told = Vec::new();
    loop {
        let current = settings.borrow_and_update().clone();
        let pause = current.refresh_interval.min(FILE_LOOK_MAX);
        let looked = spawn_blocking(move || {
            let problems = files.look(&current);
            (files, problems)
        });
        let Ok((back, problems)) = looked.await else { return };
        files = back;
        stats.tell(files.detail());
        stats.note_all(&problems);
        if problems != told {
            for problem in &problems {
                tracing::warn!(problem, "targets cannot be read, those that were known stay");
            }
            told = problems;
        }
        exports.tell(files.exports()).await;
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = sleep(pause) => {}
        }
    }
}
