//! The task log files that are read: opened, read in turns, and how far.
//!
//! Everything here blocks on the disk and nothing waits.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::stage::Origins;
use model::{Clock, Entry, Labels};
use tokio::time::Instant;

use crate::config::TaskLogsMode;
use crate::limits::{READ_BYTES_MAX, TASK_FILES_MAX, TASK_HANDLES_MAX, TASK_RETRY};
use crate::metrics::TaskLogMetrics;
use crate::run::Ledger;
use crate::stage::{TaskLog, TaskPlace};
use crate::status::Progress;
use crate::tail::{Change, Fingerprint, Inode, LogFile};
use crate::volumes::choice::{Choice, choose};
use crate::volumes::followed::{Ending, Followed, name};
use crate::volumes::places::{Number, Places, Reached, Saved};
use crate::volumes::survey::Root;
use crate::volumes::walk::{self, Met};

/// What was read at once.
#[derive(Debug)]
pub struct Batch {
    /// The entries.
    pub entries: Vec<(Labels, Entry)>,
    /// What they came from: the file's place moves when these are let go of.
    pub origins: Origins,
}

/// What files are read with.
#[derive(Debug)]
pub struct Around {
    /// How far files are dealt with.
    pub places: Arc<Places>,
    /// Which are read.
    pub mode: TaskLogsMode,
    /// How old one may be that nobody knows.
    pub age_max: Duration,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: TaskLogMetrics,
    /// Where it is told how far one has come.
    pub progress: Progress,
}

/// All task log files that are known.
#[derive(Debug)]
pub struct Files {
    around: Around,
    followed: HashMap<Inode, Followed>,
    due: VecDeque<Inode>,
    /// How many hold a handle.
    held: usize,
    buffer: Vec<u8>,
    is_doubt_told: bool,
    is_failing: bool,
}

impl Files {
    /// None yet.
    pub fn new(around: Around) -> Self {
        let (followed, due) = (HashMap::new(), VecDeque::new());
        Self {
            around,
            followed,
            due,
            held: 0,
            buffer: vec![0; READ_BYTES_MAX],
            is_doubt_told: false,
            is_failing: false,
        }
    }

    /// Whether a file has its turn.
    pub fn has_work(&self) -> bool {
        !self.due.is_empty()
    }

    /// A file was met in a log folder.
    pub fn meet(&mut self, met: Met, inode: Inode, root: &Root, now: Instant) {
        let of = met.inode;
        if let Some(followed) = self.followed.get_mut(&of) {
            let has_changed = (met.size, met.modified) != (followed.size, followed.modified);
            (followed.size, followed.modified) = (met.size, met.modified);
            (followed.path, followed.met, followed.root) = (met.path, now, inode);
            let was_gone = std::mem::take(&mut followed.is_gone);
            let is_whose = std::mem::replace(&mut followed.whose, root.whose) == root.whose;
            if !is_whose && followed.choice == Choice::Leave {
                followed.choice = Choice::Ask;
            }
            if has_changed && followed.choice != Choice::Leave || !is_whose || was_gone {
                self.make_due(of);
            }
            return;
        }
        if choose(self.around.mode, root.whose, &met.log_path, None) == Choice::Leave {
            return;
        }
        let is_old = age(met.modified, walk::now(&*self.around.clock)) > self.around.age_max;
        let is_known = || self.around.places.has(&name(root.namespace.as_deref(), &met.log_path));
        if is_old && !is_known() {
            return;
        }
        self.make_room();
        let mut followed = Followed::new(met, inode, now);
        (followed.whose, followed.is_mount) = (root.whose, root.is_mount);
        followed.namespace.clone_from(&root.namespace);
        self.followed.insert(of, followed);
        self.make_due(of);
    }

    /// Files of a log folder that were not met since then are gone.
    pub fn miss(&mut self, root: Inode, since: Instant) {
        self.lose(|followed| followed.root == root && followed.met < since);
    }

    /// All files of these log folders are gone.
    pub fn miss_all(&mut self, roots: &[Inode]) {
        self.lose(|followed| roots.contains(&followed.root));
    }

    fn lose(&mut self, is_lost: impl Fn(&Followed) -> bool) {
        let lost = |(inode, followed): (&Inode, &Followed)| is_lost(followed).then_some(*inode);
        let lost: Vec<Inode> = self.followed.iter().filter_map(lost).collect();
        for inode in lost {
            let Some(followed) = self.followed.get_mut(&inode) else { continue };
            followed.is_gone = true;
            self.make_due(inode);
        }
    }

    /// Looks at files that are waiting for time to pass, or whose handle tells that they grew.
    pub fn refresh(&mut self, now: Instant) {
        let mut due = Vec::new();
        for (inode, followed) in &mut self.followed {
            let has_grown = followed
                .file
                .as_mut()
                .is_some_and(|file| !matches!(file.look(), Ok(Change::Unread(0))));
            let is_tried_again =
                followed.failed_at.is_some_and(|at| now.duration_since(at) >= TASK_RETRY);
            if has_grown || is_tried_again || followed.is_waiting(now) {
                due.push(*inode);
            }
        }
        due.into_iter().for_each(|inode| self.make_due(inode));
        self.tell();
    }

    /// Tells how far one has come.
    pub fn tell(&self) {
        let is_read = |followed: &&Followed| followed.choice == Choice::Read;
        let read = self.followed.values().filter(is_read).count();
        let left = self.followed.len() - read;
        let is_at_end = !self.has_work() && self.followed.values().all(Followed::is_at_rest);
        let unread = |followed: &Followed| {
            let fed = followed.log.as_ref().map_or(followed.place.from, TaskLog::fed);
            followed.size.saturating_sub(fed)
        };
        let unread: u64 = self.followed.values().filter(is_read).map(unread).sum();
        let metrics = &self.around.metrics;
        metrics.files.set(i64::try_from(read).unwrap_or(i64::MAX));
        metrics.files_left.set(i64::try_from(left).unwrap_or(i64::MAX));
        metrics.handles.set(i64::try_from(self.held).unwrap_or(i64::MAX));
        metrics.unread_bytes.set(i64::try_from(unread).unwrap_or(i64::MAX));
        self.around.progress.note(|status| {
            status.task_files = read as u64;
            status.are_tasks_at_end = is_at_end;
        });
    }

    /// Forgets files that nobody has written to for long.
    pub fn forget_old(&mut self) {
        let (now, age_max) = (walk::now(&*self.around.clock), self.around.age_max);
        let is_young = |followed: &Followed| {
            !followed.is_at_rest()
                || followed.log.is_some()
                || age(followed.modified, now) <= age_max
        };
        self.followed.retain(|_, followed| is_young(followed));
        self.held = self.followed.values().filter(|followed| followed.file.is_some()).count();
        let oldest = now.checked_sub(age_max).unwrap_or(SystemTime::UNIX_EPOCH);
        let kept = self.followed.values().filter_map(|followed| followed.kept.as_ref());
        let kept: HashSet<Number> = kept.map(|(number, _)| *number).collect();
        self.around.places.forget_older(seconds(oldest), |number| kept.contains(&number));
    }

    /// Reads until there are so many batches, or as many bytes as one file has at a time.
    pub fn read(&mut self, batches_max: usize, now: Instant) -> Vec<Batch> {
        let (mut batches, mut bytes) = (Vec::new(), 0);
        while batches.len() < batches_max && bytes < READ_BYTES_MAX {
            let Some(inode) = self.due.pop_front() else { break };
            let Some(mut followed) = self.followed.remove(&inode) else { continue };
            followed.is_due = false;
            self.held -= usize::from(followed.file.is_some());
            let turn = self.turn(&mut followed, now);
            followed.failed_at = turn.is_err().then_some(now);
            self.tell_failure(&followed, turn.as_ref().err());
            let Turn { batch, count, stays, again } = turn.unwrap_or(Turn::NOTHING);
            bytes += count;
            batches.extend(batch);
            if !stays {
                continue;
            }
            let is_kept = !followed.is_mount && self.held < TASK_HANDLES_MAX;
            followed.file = followed.file.take().filter(|_| is_kept);
            self.held += usize::from(followed.file.is_some());
            self.followed.insert(inode, followed);
            if again {
                self.make_due(inode);
            }
        }
        for batch in &batches {
            let entries = batch.entries.len() as u64;
            self.around.metrics.lines.inc_by(entries);
            self.around.progress.note(|status| {
                status.are_tasks_at_end = false;
                status.entries_queued += entries;
            });
        }
        batches
    }

    fn turn(&mut self, followed: &mut Followed, now: Instant) -> io::Result<Turn> {
        if !self.open(followed)? {
            return Ok(self.vanish(followed));
        }
        if followed.choice == Choice::Ask {
            let head = followed.head()?;
            let author = followed.author(&head, now);
            let path = &followed.log_path;
            followed.choice = choose(self.around.mode, followed.whose, path, Some(author));
            let is_doubted = followed.is_doubted(author);
            self.tell_doubt(followed, is_doubted);
            if followed.choice != Choice::Read {
                return Ok(Turn { stays: !followed.is_gone, ..Turn::NOTHING });
            }
        }
        if followed.choice == Choice::Leave {
            return Ok(Turn { stays: !followed.is_gone, ..Turn::NOTHING });
        }
        let number = self.know(followed)?;
        let fed = followed.log().fed();
        let room = followed.room(self.buffer.len());
        let Some(file) = &mut followed.file else { return Ok(Turn::NOTHING) };
        file.seek(fed);
        let count = file.read(&mut self.buffer[..room])?.len();
        let change = file.look()?;
        followed.fingerprint = file.fingerprint();
        if change == Change::Replaced {
            return Ok(self.replace(followed));
        }
        if count == 0 {
            return self.at_end(followed, number, now);
        }
        followed.read_at = now;
        followed.log().feed(&self.buffer[..count]);
        followed.end_as_before();
        self.around.metrics.bytes.inc_by(count as u64);
        let batch = followed.take(false);
        Ok(Turn { batch, count, stays: true, again: change != Change::Unread(0) })
    }

    /// Tells that a file cannot be read, the first of several in a row.
    fn tell_failure(&mut self, followed: &Followed, error: Option<&io::Error>) {
        let was_failing = std::mem::replace(&mut self.is_failing, error.is_some());
        let Some(error) = error else { return };
        let path = followed.path.display();
        if was_failing {
            tracing::debug!(%path, %error, "a task log cannot be read yet");
        } else {
            tracing::warn!(%path, %error, "a task log cannot be read now, it is tried again");
        }
    }

    /// Tells once that tasks of workers may be left, for what is left cannot be told apart.
    fn tell_doubt(&mut self, followed: &Followed, is_doubted: bool) {
        if is_doubted && !std::mem::replace(&mut self.is_doubt_told, true) {
            let path = followed.path.display();
            tracing::warn!(
                %path,
                "a worker and a pod of the KubernetesExecutor keep task logs in one volume, and \
                 these do not say who wrote them; they are left. With --task-logs on all are read, \
                 and lines that pods print come twice",
            );
        }
    }

    /// Opens a file, if nobody holds it. Tells whether it is there.
    fn open(&self, followed: &mut Followed) -> io::Result<bool> {
        if followed.file.is_some() {
            return Ok(true);
        }
        if followed.is_gone {
            return Ok(false);
        }
        let file = match LogFile::open(&followed.path) {
            Ok(file) => file,
            Err(error) if is_gone(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        if file.inode() != followed.inode {
            // Another file has its name, and is met as one of its own.
            return Ok(false);
        }
        if !file.begins_with(followed.fingerprint)? {
            self.replace(followed);
        }
        followed.file = Some(file);
        Ok(true)
    }

    /// Finds out what is kept of a file.
    fn know(&self, followed: &mut Followed) -> io::Result<Number> {
        if let Some((number, _)) = &followed.kept {
            return Ok(*number);
        }
        let places = &self.around.places;
        let (name, modified) = (followed.name(), seconds(followed.modified));
        let known = match &followed.file {
            Some(file) => places.restore(&name, file)?,
            None => None,
        };
        let number = if let Some((number, saved)) = known {
            followed.place = saved.place;
            let cuts = saved.cuts.into_iter();
            followed.cuts = cuts.filter(|cut| *cut > saved.place.from).collect();
            number
        } else {
            let (fingerprint, place) = (followed.fingerprint, TaskPlace::default());
            places.track(Saved { name, fingerprint, modified, place, cuts: Vec::new() })
        };
        followed.kept = Some((number, Ledger::new(places.place(number))));
        Ok(number)
    }

    /// What is due at the end of a file.
    fn at_end(&self, followed: &mut Followed, number: Number, now: Instant) -> io::Result<Turn> {
        let ending = followed.ending(now);
        let stays = ending != Ending::All;
        match ending {
            Ending::Nothing => return Ok(Turn { stays, ..Turn::NOTHING }),
            Ending::Rest => {
                followed.place = followed.log().place();
                (followed.log, followed.file) = (None, None);
                return Ok(Turn { stays, ..Turn::NOTHING });
            }
            Ending::Entry => followed.log().end_idle(),
            Ending::Line | Ending::All => followed.log().end(),
        }
        let at = followed.log().place().from;
        let batch = followed.take(!stays);
        let places = &self.around.places;
        let has_entries = batch.as_ref().is_some_and(|batch| !batch.entries.is_empty());
        if has_entries && let Err(error) = places.cut(number, at, followed.fingerprint) {
            // Nobody gets it like this before it is known that it was cut here.
            followed.forget_turn();
            return Err(error);
        }
        Ok(Turn { batch, stays, ..Turn::NOTHING })
    }

    /// A file was written anew: it is another, under the same name.
    fn replace(&self, followed: &mut Followed) -> Turn {
        followed.kept = None;
        followed.log = None;
        followed.cuts.clear();
        followed.place = TaskPlace::default();
        followed.fingerprint = Fingerprint::default();
        followed.file = None;
        Turn { stays: true, again: true, ..Turn::NOTHING }
    }

    /// A file is gone whose handle nobody holds. On a volume that outlives its pod it may come
    /// back, and is read on then.
    fn vanish(&self, followed: &mut Followed) -> Turn {
        if followed.is_mount {
            return Turn { stays: false, ..Turn::NOTHING };
        }
        followed.log.iter_mut().for_each(TaskLog::end);
        Turn { batch: followed.take(true), stays: false, ..Turn::NOTHING }
    }

    /// Forgets some of the files that were not written to for the longest, if there are too many.
    fn make_room(&mut self) {
        if self.followed.len() < TASK_FILES_MAX {
            return;
        }
        let is_over = |followed: &Followed| followed.is_at_rest() && followed.log.is_none();
        let over = self.followed.iter().filter(|(_, followed)| is_over(followed));
        let mut over: Vec<_> = over.map(|(inode, it)| (it.modified, *inode)).collect();
        over.sort_unstable_by_key(|(modified, _)| *modified);
        for (_, inode) in over.into_iter().take(TASK_FILES_MAX / 8) {
            self.followed.remove(&inode);
        }
    }

    fn make_due(&mut self, inode: Inode) {
        let Some(followed) = self.followed.get_mut(&inode) else { return };
        if !std::mem::replace(&mut followed.is_due, true) {
            self.due.push_back(inode);
        }
    }
}

/// What came of a turn.
#[derive(Debug)]
struct Turn {
    batch: Option<Batch>,
    count: usize,
    stays: bool,
    again: bool,
}

impl Turn {
    const NOTHING: Self = Self { batch: None, count: 0, stays: true, again: false };
}

impl Followed {
    /// What has come out, if anything has changed.
    fn take(&mut self, is_last: bool) -> Option<Batch> {
        let (_, ledger) = self.kept.as_ref()?;
        let (fingerprint, modified) = (self.fingerprint, seconds(self.modified));
        let log = self.log.as_mut();
        let (entries, place) = log.map_or((Vec::new(), self.place), |it| (it.take(), it.place()));
        let entries: Vec<_> = entries.into_iter().map(|it| (it.labels, it.entry)).collect();
        let origins = ledger.begin(Reached { place, fingerprint, modified, is_last });
        (!entries.is_empty()).then_some(Batch { entries, origins })
    }

    /// Goes back to what is dealt with, for all that came out of it since is not to be given away.
    fn forget_turn(&mut self) {
        (self.log, self.kept) = (None, None);
    }
}

fn age(modified: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(modified).unwrap_or_default()
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Whether what was to be opened is not there any more, or the volume in which it was.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::StaleNetworkFileHandle)
}

#[cfg(test)]
mod tests;
