//! When volumes are looked through, and files looked at and read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Clock;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::config::TaskLogs;
use crate::limits::{
    LOG_FOLDER_DEPTH, TASK_REFRESH, WALK_FOLDERS_AT_ONCE, WALK_STEP_PAUSE, WATCHED_FOLDERS_MAX,
};
use crate::status::Progress;
use crate::tail::{Hints, Watcher, on_own_thread, send, watch};
use crate::volumes::files::{Around, Batch, Files};
use crate::volumes::role::Known;
use crate::volumes::search::OF_DAG;
use crate::volumes::survey::{Root, Survey};
use crate::volumes::walk::{self, Listed, is_young, list, met};

/// How many looks there are before files are forgotten that are old.
const LOOKS_PER_SWEEP: u32 = 64;

/// Reads all task logs into a queue, as fast as there is room in it.
#[derive(Debug)]
pub struct Reader {
    config: TaskLogs,
    known: Known,
    around: Around,
    queue: mpsc::Sender<Batch>,
}

/// What blocks on the disk.
#[derive(Debug)]
struct Work {
    survey: Survey,
    files: Files,
    watcher: Watcher,
    clock: Arc<dyn Clock>,
    progress: Progress,
    look_interval: Duration,
    looks: u32,
}

impl Reader {
    /// A reader of the logs on the volumes that are meant.
    pub fn new(config: TaskLogs, known: Known, around: Around, queue: mpsc::Sender<Batch>) -> Self {
        Self { config, known, around, queue }
    }

    /// Reads until it is told to end, or nobody takes from the queue any more.
    ///
    /// # Errors
    /// When a part of it has failed.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), Error> {
        on_own_thread(cancel, |cancel| self.read(cancel)).await
    }

    async fn read(self, cancel: CancellationToken) -> Result<(), Error> {
        let Self { config, known, around, queue } = self;
        let (mut watch, watcher) = watch();
        let look_interval = config.look_interval;
        let mut work = Work::new(config, known, around, watcher);
        let (mut looks, mut refresh) = (interval(look_interval), interval(TASK_REFRESH));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut next_hints, mut next_step) = (Instant::now(), Instant::now());
        loop {
            let hints = async {
                sleep_until(next_hints).await;
                watch.changed().await
            };
            tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                hints = hints => {
                    work.follow(&hints, Instant::now());
                    next_hints = Instant::now() + hints.pause();
                }
                _ = looks.tick() => work.look(Instant::now()),
                () = sleep_until(next_step), if work.is_walking() => {
                    work.step(Instant::now());
                    next_step = Instant::now() + WALK_STEP_PAUSE;
                }
                _ = refresh.tick() => work.files.refresh(Instant::now()),
                permit = queue.reserve(), if work.files.has_work() => {
                    let Ok(permit) = permit else { return Ok(()) };
                    drop(permit);
                    let batches = work.files.read(queue.capacity(), Instant::now());
                    if !send(&queue, batches).await {
                        return Ok(());
                    }
                }
            }
        }
    }
}

impl Work {
    fn new(config: TaskLogs, known: Known, around: Around, watcher: Watcher) -> Self {
        let TaskLogs { kubelet_folder, folders, look_interval, .. } = config;
        let (clock, progress) = (around.clock.clone(), around.progress.clone());
        let survey = Survey::new(known, kubelet_folder, folders);
        let files = Files::new(around);
        Self { survey, files, watcher, clock, progress, look_interval, looks: 0 }
    }

    /// Looks which volumes there are, and begins to look through those whose turn it is.
    fn look(&mut self, now: Instant) {
        let changes = self.survey.look(now);
        self.files.miss_all(&changes.gone);
        changes.looked.iter().for_each(|folder| self.watch(folder));
        for (_, root) in self.survey.roots() {
            let path = root.path.clone();
            if root.whose.is_wanted() {
                root.walk.begin(&path, now);
            }
        }
        self.looks += 1;
        if self.looks.is_multiple_of(LOOKS_PER_SWEEP) {
            self.files.forget_old();
            let (now, survey) = (walk::now(&*self.clock), &self.survey);
            let is_young = |folder: &Path| {
                survey
                    .root_of(folder)
                    .map_or_else(|| folder.exists(), |(_, root)| is_young(&root.path, folder, now))
            };
            self.watcher.retain(is_young);
        }
        if !self.survey.roots().any(|(_, root)| root.whose.is_wanted()) {
            self.note_round();
        }
    }

    fn is_walking(&self) -> bool {
        self.survey.is_walking()
    }

    /// Looks into some of the folders whose turn it is.
    fn step(&mut self, now: Instant) {
        let time = walk::now(&*self.clock);
        let Self { survey, files, watcher, .. } = self;
        for (inode, root) in survey.roots().filter(|(_, root)| root.walk.is_under_way()) {
            for _ in 0..WALK_FOLDERS_AT_ONCE {
                let Some(folder) = root.walk.next() else { break };
                let began = Instant::now();
                // Watched before it is looked into: what appears in between is seen by either.
                if watcher.len() < WATCHED_FOLDERS_MAX && is_young(&root.path, &folder, time) {
                    watcher.add(&folder);
                }
                let listed = list(&root.path, &folder);
                let took = began.elapsed();
                // What cannot be looked at now is not gone.
                root.walk.is_partial |=
                    listed.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::NotFound);
                let listed = listed.unwrap_or_default();
                for met in listed.files {
                    files.meet(met, inode, root, now);
                }
                let is_over = root.walk.note(listed.folders, took, self.look_interval);
                if is_over
                    && !root.walk.is_partial
                    && let Some(since) = root.walk.since
                {
                    files.miss(inode, since);
                }
            }
        }
        if !self.is_walking() {
            self.note_round();
        }
    }

    /// Looks where something may have changed.
    fn follow(&mut self, hints: &Hints, now: Instant) {
        if hints.is_overflow {
            self.look(now);
        }
        let names = hints.written.iter().map(|(watch, name)| (watch, Some(name)));
        let events = hints.events.iter().map(|(watch, name)| (watch, name.as_ref()));
        let path = |(watch, name): (_, Option<_>)| Some(self.watcher.folder(watch)?.join(name?));
        let paths: Vec<PathBuf> = names.chain(events).filter_map(path).collect();
        let mut is_new = false;
        for path in paths {
            if self.survey.root_of(&path).is_some() {
                self.appear(&path, now, 0);
            } else if path.is_dir() {
                is_new |= self.survey.hurry(&path, now);
            }
        }
        hints.dropped.iter().for_each(|watch| self.watcher.forget(watch));
        if is_new {
            self.look(now);
        }
    }

    /// Something has appeared in a log folder, or was written to.
    fn appear(&mut self, path: &Path, now: Instant, depth: usize) {
        let Some((inode, root)) = self.survey.root_of(path) else { return };
        if let Some(met) = met(path) {
            return self.files.meet(met, inode, root, now);
        }
        if !path.is_dir() || depth > LOG_FOLDER_DEPTH || !is_of_dag(root, path) {
            return;
        }
        if self.watcher.len() < WATCHED_FOLDERS_MAX {
            self.watcher.add(path);
        }
        let listed: io::Result<Listed> = list(&root.path, path);
        let Listed { folders, files, .. } = listed.unwrap_or_default();
        files.into_iter().for_each(|met| self.files.meet(met, inode, root, now));
        folders.iter().for_each(|folder| self.appear(folder, now, depth + 1));
    }

    fn watch(&mut self, folder: &Path) {
        if self.watcher.len() < WATCHED_FOLDERS_MAX {
            self.watcher.add(folder);
        }
    }

    /// Notes that all was looked through.
    fn note_round(&self) {
        self.files.tell();
        self.progress.note(|status| status.task_rounds += 1);
    }
}

/// Whether a folder is below that of a DAG. Beside those lies what is no task's.
fn is_of_dag(root: &Root, path: &Path) -> bool {
    let inner = path.strip_prefix(&root.path).ok().and_then(|inner| inner.iter().next());
    inner.is_some_and(|name| name.as_encoded_bytes().starts_with(OF_DAG.as_bytes()))
}
