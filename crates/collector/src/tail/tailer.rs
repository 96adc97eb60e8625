//! The open files of all containers: what is due, and the next parcel.
//!
//! Everything here blocks on the disk and nothing waits; [`Reader`](super::Reader) decides when.
//! Finding and opening never depends on there being room for what is read: a file must be open
//! before it is deleted, even while the store is away for an hour.

mod carry;
mod copy;
mod handles;
mod history;
mod identity;
mod scan;

pub use scan::linked;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

use airflow::Pod;
use model::Clock;
use tokio::time::Instant;

use crate::Config;
use crate::custody::Custody;
use crate::limits::{MISSED_SCANS_MAX, READ_BYTES_MAX};
use crate::metrics::Metrics;
use crate::stage::{Labeller, Parcel, Pipeline, PodSource, Position, Start};
use crate::status::Progress;
use crate::tail::file::{Change, Fingerprint, Inode, LogFile};
use crate::tail::folder::{LogName, PodFolder};
use crate::tail::opener::{Held, Opener};
use crate::tail::position::{FileNo, Positions, Saved};
use crate::tail::watch::Watcher;

/// What was read of a file, on its way to the store.
#[derive(Debug)]
pub struct Delivery {
    /// The file.
    pub no: FileNo,
    /// What came of the bytes.
    pub parcel: Parcel,
    /// Whether nothing more will come of the file, so that its position can be forgotten.
    pub is_last: bool,
}

/// What a tailer works with.
#[derive(Debug)]
pub struct Surroundings {
    /// Who knows the pods.
    pub pods: Arc<dyn PodSource>,
    /// The time of lines that tell none.
    pub clock: Arc<dyn Clock>,
    /// Who answers for what was read, and knows how far each file is dealt with.
    pub custody: Custody,
    /// What is counted.
    pub metrics: Metrics,
    /// Where it is told how far one has come.
    pub progress: Progress,
}

/// All files.
#[derive(Debug)]
pub struct Tailer {
    config: Config,
    around: Surroundings,
    watcher: Watcher,
    opener: Opener,
    files: HashMap<FileNo, Tailing>,
    by_inode: HashMap<Inode, FileNo>,
    /// By the name that each had when it was looked at last; the younger stands for both.
    by_path: HashMap<PathBuf, FileNo>,
    /// Copies of files that are open, which are not read as long as those are.
    copies: HashMap<Inode, FileNo>,
    /// Copies, and compressed files, of which all was read.
    done: HashMap<Inode, PathBuf>,
    /// Files that have something due, each once, in the order in which they have their turn.
    due: VecDeque<FileNo>,
    /// What is left of files that were replaced.
    farewells: VecDeque<Delivery>,
    next_no: u64,
    /// Whether files have first states that are not on disk yet.
    has_first_states: bool,
    buffer: Vec<u8>,
    /// How many files may be open at once.
    handles_max: usize,
    missing_told: Option<Instant>,
}

/// One open file.
#[derive(Debug)]
struct Tailing {
    file: LogFile,
    path: PathBuf,
    place: Place,
    pipeline: Pipeline,
    pod: Option<Arc<Pod>>,
    /// Until when the first lines wait for the pod; none once they do not.
    wait_until: Option<Instant>,
    /// The file whose name it took, until what that one left open is taken over.
    before: Option<FileNo>,
    /// What has the same lines under another inode.
    copy: Option<(Inode, PathBuf)>,
    /// The first bytes that were noted.
    noted: Fingerprint,
    /// The file that took the name of this one.
    after: Option<FileNo>,
    /// When the last bytes were read.
    read_at: Instant,
    is_due: bool,
    missed_scans: u32,
}

/// Whose files are in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    pod: PodFolder,
    container: String,
}

impl Tailer {
    /// A tailer that has not looked at anything yet.
    pub fn new(config: Config, around: Surroundings, watcher: Watcher, opener: Opener) -> Self {
        Self {
            config,
            around,
            watcher,
            opener,
            files: HashMap::new(),
            by_inode: HashMap::new(),
            by_path: HashMap::new(),
            copies: HashMap::new(),
            done: HashMap::new(),
            due: VecDeque::new(),
            farewells: VecDeque::new(),
            next_no: 0,
            has_first_states: false,
            buffer: vec![0; READ_BYTES_MAX],
            handles_max: handles::handles_max(),
            missing_told: None,
        }
    }

    /// Whether [`next`](Self::next) has something to do.
    pub fn has_work(&self) -> bool {
        !self.due.is_empty() || !self.farewells.is_empty()
    }

    /// Looks at the files that are open, and not at folders: what has waited long enough is due.
    pub fn refresh(&mut self, now: Instant) {
        let numbers: Vec<FileNo> = self.files.keys().copied().collect();
        for no in numbers {
            self.find_pod(no);
            self.end_waiting(no, now);
            if self.files.get(&no).is_some_and(|tailing| !tailing.is_at_rest()) {
                self.make_due(no);
            }
        }
        self.release_idle();
        let is_at_end = !self.has_work() && self.files.values().all(Tailing::is_at_rest);
        let files = self.files.len();
        self.around.metrics.files_open.set(i64::try_from(files).unwrap_or(i64::MAX));
        self.around.progress.note(|status| {
            status.files = files as u64;
            status.is_at_end = is_at_end;
        });
    }

    /// Does what is due, for so many parcels, or as many bytes as one file may have at a time.
    pub fn read(&mut self, parcels_max: usize, now: Instant) -> Vec<Delivery> {
        let (mut deliveries, mut bytes) = (Vec::new(), 0);
        while deliveries.len() < parcels_max && bytes < READ_BYTES_MAX && self.has_work() {
            let delivery = self.next(now);
            bytes += delivery.as_ref().map_or(0, |delivery| delivery.parcel.bytes);
            deliveries.extend(delivery);
        }
        self.save_first_states();
        deliveries
    }

    /// Does what is due next, and gives out what came of it.
    fn next(&mut self, now: Instant) -> Option<Delivery> {
        let delivery = self.farewells.pop_front().or_else(|| self.read_next(now))?;
        let parcel = &delivery.parcel;
        self.around.metrics.read_lines.inc_by(parcel.records_read);
        self.around.metrics.cut_entries.inc_by(parcel.cut);
        self.around.progress.note(|status| {
            status.is_at_end = false;
            status.lines_read += parcel.records_read;
            status.entries_queued += parcel.entries.len() as u64;
        });
        Some(delivery)
    }

    fn read_next(&mut self, now: Instant) -> Option<Delivery> {
        let no = self.due.pop_front()?;
        self.files.get_mut(&no)?.is_due = false;
        if !self.take_over(no) {
            return None;
        }
        let tailing = self.files.get_mut(&no)?;
        let count = match tailing.file.read(&mut self.buffer) {
            Ok(bytes) => bytes.len(),
            Err(error) => {
                // It stays open and is tried again when it is looked at next.
                let path = tailing.path.display();
                tracing::warn!(%path, %error, "a log file cannot be read now, it is tried again");
                // The one that took its name does not wait for that.
                if let Some(after) = self.after(no) {
                    self.carry_on(after, None);
                }
                return None;
            }
        };
        if count == 0 {
            return self.at_end(no, now);
        }
        // It may have been truncated and written anew; then these bytes are not what comes next.
        if !matches!(tailing.file.look(), Ok(Change::Unread(_))) {
            self.replace(no, now);
            return None;
        }
        tailing.read_at = now;
        tailing.pipeline.feed(&self.buffer[..count]);
        let parcel = tailing.pipeline.take_parcel();
        self.identify(no);
        self.keep_states(no);
        self.around.metrics.read_bytes.inc_by(count as u64);
        self.around.progress.note(|status| status.bytes_read += count as u64);
        if count == READ_BYTES_MAX {
            self.make_due(no);
        } else if let Some(after) = self.after(no) {
            self.make_due(after);
        }
        Some(Delivery { no, parcel, is_last: false })
    }

    /// What is due at the end of a file: to end what is open, or to let a file go that is gone.
    fn at_end(&mut self, no: FileNo, now: Instant) -> Option<Delivery> {
        let tailing = self.files.get_mut(&no)?;
        let is_ended = tailing.is_ended();
        if is_ended {
            tailing.pipeline.end_bytes();
        }
        // After a pause of ours, what is open may go on in the file that took the name.
        if let Some(heir) = self.heir(no) {
            self.make_due(heir);
            return None;
        }
        let may_go_on = self.after(no).is_some();
        let tailing = self.files.get_mut(&no)?;
        tailing.pipeline.end_idle(now.duration_since(tailing.read_at));
        // What a compressed file has left open to another can be read in it again, until that one
        // is dealt with.
        let is_needed = may_go_on && !tailing.pipeline.is_idle()
            || !tailing.is_gone() && self.around.custody.positions().is_carried_from(no);
        if is_ended && !is_needed {
            return self.close(no);
        }
        let parcel = tailing.pipeline.take_parcel();
        (!parcel.entries.is_empty()).then_some(Delivery { no, parcel, is_last: false })
    }

    fn close(&mut self, no: FileNo) -> Option<Delivery> {
        let after = self.after(no);
        let mut tailing = self.files.remove(&no)?;
        self.by_inode.remove(&tailing.file.inode());
        self.forget_path(no, &tailing.path);
        self.keep_copy(no, &tailing);
        tailing.pipeline.end_bytes();
        if let Some(after) = after {
            self.carry_on(after, Some(tailing.pipeline.hand_over()));
        }
        tailing.pipeline.finish();
        Some(Delivery { no, parcel: tailing.pipeline.take_parcel(), is_last: true })
    }

    /// Takes over a log that was opened at its birth, if it was not met since: its name is another
    /// file's by now, or nobody's.
    fn adopt(&mut self, held: Held, now: Instant) {
        let Held { path, file } = held;
        let Ok(file) = LogFile::of(file) else { return };
        let Some(place) = Place::of(&path) else { return };
        if self.by_inode.contains_key(&file.inode()) {
            return;
        }
        let before = self.youngest(&path, &place);
        if let Err(error) = self.begin(file, &path, place, before, now) {
            let path = path.display();
            tracing::warn!(%path, %error, "a log file cannot be read, it is tried again");
        }
    }

    /// The file that was opened last of those that this one could go on from.
    fn youngest(&self, path: &Path, place: &Place) -> Option<FileNo> {
        let restarts = LogName::parse(path.file_name()?)?.restarts;
        let is_before =
            |tailing: &Tailing| tailing.place == *place && tailing.restarts() == Some(restarts);
        self.files.iter().filter(|(_, tailing)| is_before(tailing)).map(|(no, _)| *no).max()
    }

    /// Begins with a file, where an earlier collector has left it.
    fn begin(
        &mut self,
        file: LogFile,
        path: &Path,
        place: Place,
        before: Option<FileNo>,
        now: Instant,
    ) -> io::Result<FileNo> {
        let saved = self.positions().restore(&file)?;
        self.go_on(file, path, place, before, saved, now)
    }

    /// Goes on with a file from where it was left.
    fn go_on(
        &mut self,
        mut file: LogFile,
        path: &Path,
        place: Place,
        before: Option<FileNo>,
        saved: Option<Saved>,
        now: Instant,
    ) -> io::Result<FileNo> {
        let settled = saved.as_ref().map_or_else(Position::default, |saved| saved.position);
        let mut position = self.positions().read_on(&file, settled)?;
        let is_new = saved.is_none();
        let (pod, states) = saved.map_or((None, Vec::new()), |saved| (saved.pod, saved.states));
        let begun = history::begun(path, is_new && before.is_none());
        let (state, states) = self.recall(&mut position.replay_from, states, is_new);
        file.seek(position.replay_from);
        let known = pod.clone().unwrap_or_else(|| Arc::new(place.pod_of_path()));
        let labeller = Labeller::new(known, &*place.container);
        let born = self.around.clock.now();
        let start = Start { position, born, begun, state };
        let pipeline = Pipeline::new(start, labeller, self.config.line_bytes_max);
        let (no, inode) = (FileNo(self.next_no), file.inode());
        self.next_no += 1;
        let fingerprint = file.fingerprint();
        let (path_now, pod_now) = (path.to_owned(), pod.clone());
        // Only what is acknowledged is a position: a queue may be lost with its disk's cache.
        let saved = Saved {
            path: path_now,
            inode,
            fingerprint,
            position: settled,
            pod: pod_now,
            is_done: false,
            states,
        };
        self.positions().track(no, saved);
        let tailing = Tailing {
            file,
            path: path.to_owned(),
            place,
            pipeline,
            pod,
            wait_until: Some(now + self.config.metadata_wait),
            before,
            after: None,
            copy: None,
            noted: fingerprint,
            read_at: now,
            is_due: false,
            missed_scans: 0,
        };
        self.files.insert(no, tailing);
        self.by_inode.insert(inode, no);
        self.by_path.insert(path.to_owned(), no);
        if let Some(elder) = before.and_then(|before| self.files.get_mut(&before)) {
            elder.after = Some(no);
        }
        self.around.progress.note(|status| status.files_opened += 1);
        self.find_pod(no);
        self.end_waiting(no, now);
        Ok(no)
    }

    /// What waits for logs that are opened at their birth.
    pub fn bell(&self) -> impl Future<Output = ()> + use<> {
        self.opener.bell()
    }

    /// Asks for the pod of a file whose pod is not known.
    fn find_pod(&mut self, no: FileNo) {
        let Some(tailing) = self.files.get_mut(&no).filter(|tailing| tailing.pod.is_none()) else {
            return;
        };
        let PodFolder { namespace, pod, uid } = &tailing.place.pod;
        let Some(pod) = self.around.pods.pod(namespace, pod, uid) else { return };
        tailing.pipeline.know(Arc::clone(&pod), &tailing.place.container);
        tailing.pod = Some(Arc::clone(&pod));
        self.positions().describe(no, |saved| saved.pod = Some(pod));
    }

    /// Lets the first lines of a file go when their pod is known or they have waited long enough.
    fn end_waiting(&mut self, no: FileNo, now: Instant) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        let Some(wait_until) = tailing.wait_until else { return };
        if tailing.pod.is_none() && now < wait_until {
            return;
        }
        if tailing.pod.is_none() {
            self.around.metrics.unknown_pods.inc();
            let path = tailing.path.display();
            tracing::warn!(%path, "nothing is known of a pod, its lines go out without its facts");
        }
        tailing.wait_until = None;
        self.make_due(no);
    }

    /// Gives a file its turn, unless it has one or its lines have to wait for their pod.
    fn make_due(&mut self, no: FileNo) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        if tailing.is_due || tailing.wait_until.is_some() {
            return;
        }
        tailing.is_due = true;
        self.due.push_back(no);
    }

    fn positions(&self) -> MutexGuard<'_, Positions> {
        self.around.custody.positions()
    }
}

impl Tailing {
    fn restarts(&self) -> Option<u64> {
        Some(LogName::parse(self.path.file_name()?)?.restarts)
    }

    fn has_unread(&mut self) -> bool {
        matches!(self.file.look(), Ok(Change::Unread(1..)))
    }

    fn is_gone(&self) -> bool {
        self.missed_scans >= MISSED_SCANS_MAX
    }

    /// Whether nothing will be added to it: it is gone, or compressed.
    fn is_ended(&self) -> bool {
        self.is_gone() || self.file.is_packed()
    }

    /// Whether there is nothing to do for it until it grows.
    fn is_at_rest(&self) -> bool {
        self.wait_until.is_none() && self.pipeline.is_idle() && !self.is_ended()
    }
}

impl Place {
    /// Whose file has this path.
    fn of(path: &Path) -> Option<Self> {
        Self::of_container(path.parent()?)
    }

    /// Whose files are in this folder.
    fn of_container(container: &Path) -> Option<Self> {
        let pod = PodFolder::parse(container.parent()?.file_name()?)?;
        Some(Self { pod, container: container.file_name()?.to_str()?.to_owned() })
    }

    /// The pod as far as the path tells it.
    fn pod_of_path(&self) -> Pod {
        let PodFolder { namespace, pod, uid } = self.pod.clone();
        Pod { uid, ..Pod::new(namespace, pod) }
    }
}

#[cfg(test)]
mod tests;
