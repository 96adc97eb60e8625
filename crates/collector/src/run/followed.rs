//! One file that is followed: its bytes become entries, each with what it came from.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::stage::Entry;
use model::{Clock, Labels, Timestamp, limits};
use tokio::time::Instant;

use crate::component::Batch;
use crate::custody::Claim;
use crate::limits::{CRI_HEADER_BYTES_MAX, PARTIAL_GAP};
use crate::run::follow::place;
use crate::run::ledger::Ledger;
use crate::stage::{Joiner, Lane, Physical, Splitter, parse_record, stray};
use crate::tail::{Change, FileNo, Inode, LogFile};

/// What entries are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The lines of the file as they are, as `loki.source.file` has them.
    Lines,
    /// What containers wrote, as Kubernetes tells it: unwrapped, and joined where it was cut.
    Contents,
}

/// A file that is followed.
#[derive(Debug)]
pub struct Followed {
    /// The name that it has, or had last.
    pub path: PathBuf,
    /// The label sets that its lines get.
    pub labels: Vec<Labels>,
    /// Whether it has a turn.
    pub is_due: bool,
    /// The file that had its name before, as long as that one is read first.
    pub before: Option<FileNo>,
    no: FileNo,
    file: LogFile,
    splitter: Splitter,
    joiner: Option<Joiner>,
    ledger: Arc<Ledger>,
    read_at: Instant,
    is_finished: bool,
}

impl Followed {
    /// A file that is read on from where it stands.
    pub fn new(
        no: FileNo,
        path: PathBuf,
        file: LogFile,
        labels: Vec<Labels>,
        ledger: Arc<Ledger>,
        form: Form,
        (before, now): (Option<FileNo>, Instant),
    ) -> Self {
        let bytes_max = limits::MAX_LINE_SIZE;
        let joiner = (form == Form::Contents).then(|| Joiner::new(bytes_max, PARTIAL_GAP));
        let splitter = Splitter::new(file.offset(), bytes_max + CRI_HEADER_BYTES_MAX);
        Self {
            path,
            labels,
            is_due: false,
            before,
            no,
            file,
            splitter,
            joiner,
            ledger,
            read_at: now,
            is_finished: false,
        }
    }

    /// Which file it is.
    pub fn inode(&self) -> Inode {
        self.file.inode()
    }

    /// Its first bytes.
    pub fn fingerprint(&self) -> crate::tail::Fingerprint {
        self.file.fingerprint()
    }

    /// How far it was read.
    pub fn offset(&self) -> u64 {
        self.file.offset()
    }

    /// How large it is.
    pub fn size(&self) -> u64 {
        self.file.size().unwrap_or(0)
    }

    /// What has become of it.
    pub fn look(&mut self) -> io::Result<Change> {
        self.file.look()
    }

    /// How long nothing has come.
    pub fn idle(&self, now: Instant) -> Duration {
        now.duration_since(self.read_at)
    }

    /// Whether there is something that was not read.
    pub fn has_unread(&mut self) -> bool {
        if self.is_finished {
            self.has_rest()
        } else {
            matches!(self.look(), Ok(Change::Unread(1..)))
        }
    }

    /// Whether it was told that nothing more will come.
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Whether a line is open.
    fn has_rest(&self) -> bool {
        let is_open = self.joiner.as_ref().is_some_and(|joiner| open(joiner).is_some());
        !self.splitter.is_empty() || is_open
    }

    /// Reads the next bytes. `None` at the end.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        clock: &dyn Clock,
        now: Instant,
    ) -> io::Result<Option<Batch>> {
        let mut texts = Vec::new();
        if self.is_finished {
            if !self.has_rest() {
                return Ok(None);
            }
            let last = self.splitter.finish();
            last.into_iter().for_each(|line| self.text(&line, clock, &mut texts));
        } else {
            let bytes = self.file.read(buffer)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            self.read_at = now;
            let mut splitter = std::mem::take(&mut self.splitter);
            splitter.feed(bytes, |line| self.text(&line, clock, &mut texts));
            self.splitter = splitter;
        }
        if self.is_finished
            && let Some(joiner) = &mut self.joiner
        {
            let rest = Lane::ALL.into_iter().filter_map(|lane| joiner.end(lane));
            texts.extend(rest.map(|line| (line.timestamp, line.text)));
        }
        Ok(Some(self.entries(texts)))
    }

    /// What comes of a physical line, with its time.
    fn text(&mut self, line: &Physical<'_>, clock: &dyn Clock, out: &mut Vec<(Timestamp, String)>) {
        let Some(record) = parse_record(&line.bytes) else {
            out.push((clock.now(), whole(line)));
            return;
        };
        let Some(joiner) = &mut self.joiner else {
            out.push((record.timestamp, whole(line)));
            return;
        };
        out.extend(joiner.expire(record.timestamp).map(|line| (line.timestamp, line.text)));
        let joined = joiner.take(&record, line.start, line.cut);
        out.extend(joined.map(|line| (line.timestamp, line.text)));
    }

    /// Nothing more will come. Tells whether a last line is left to be read.
    pub fn finish(&mut self) -> bool {
        self.is_finished = self.has_rest();
        if !self.is_finished {
            // Its position is forgotten once all that was read before is dealt with.
            let position = place(self.splitter.start());
            drop(self.ledger.begin(Claim { no: self.no, position, is_last: true }));
        }
        self.is_finished
    }

    /// Entries of these lines, and what they came from. What was read and came to nothing is
    /// settled with the next that comes to something.
    fn entries(&mut self, texts: Vec<(Timestamp, String)>) -> Batch {
        let next = self.splitter.start();
        let reached = self.joiner.as_ref().and_then(open).map_or(next, |start| start.min(next));
        let claim = Claim { no: self.no, position: place(reached), is_last: false };
        let origins = self.ledger.begin(claim);
        let mut batch = Vec::with_capacity(texts.len() * self.labels.len());
        for (timestamp, line) in texts {
            for labels in &self.labels {
                let mut entry = Entry::new(labels.clone(), timestamp, line.clone());
                entry.origins = origins.clone();
                batch.push(entry);
            }
        }
        batch
    }
}

/// Where the first line begins that a joiner has open.
fn open(joiner: &Joiner) -> Option<u64> {
    Lane::ALL.into_iter().filter_map(|lane| joiner.open_start(lane)).min()
}

fn whole(line: &Physical<'_>) -> String {
    let bytes_max = limits::MAX_LINE_SIZE + CRI_HEADER_BYTES_MAX;
    stray(&line.bytes, line.cut, line.start, Timestamp(0), bytes_max).text
}
