//! One task log file: whether it is read, and how far.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use airflow::log_file::{Author, author};
use airflow::path::LogPath;
use model::{Labels, Timestamp};
use tokio::time::Instant;

use crate::limits::{
    FILE_GRACE, TASK_ENTRY_IDLE, TASK_HEAD_BYTES, TASK_HEAD_WAIT, TASK_LINE_IDLE, TASK_REST,
};
use crate::run::Ledger;
use crate::stage::{TaskLog, TaskPlace};
use crate::tail::{Fingerprint, Inode, LogFile};
use crate::volumes::choice::{Choice, Whose};
use crate::volumes::places::{Number, Place};
use crate::volumes::walk::Met;

/// A task log file that was met.
#[derive(Debug)]
pub struct Followed {
    /// Where it is.
    pub path: PathBuf,
    /// What its path says.
    pub log_path: LogPath,
    /// Which file it is.
    pub inode: Inode,
    /// The log folder in which it was met last.
    pub root: Inode,
    /// Whose that is.
    pub whose: Whose,
    /// Whether its handle must not be kept.
    pub is_mount: bool,
    /// Its namespace.
    pub namespace: Option<String>,
    /// How large it was when it was met last, and when it had been written to.
    pub size: u64,
    /// When it had been written to.
    pub modified: SystemTime,
    /// When it was met last.
    pub met: Instant,
    /// What is done with it.
    pub choice: Choice,
    /// Its handle, if it is held.
    pub file: Option<LogFile>,
    /// Who reads it, unless nothing was to be read for a while.
    pub log: Option<TaskLog>,
    /// Where reading goes on when nobody reads it.
    pub place: TaskPlace,
    /// Where entries must be ended, as they were before.
    pub cuts: VecDeque<u64>,
    /// Its first bytes, as far as they were seen.
    pub fingerprint: Fingerprint,
    /// What is kept of it, once it is read.
    pub kept: Option<(Number, Arc<Ledger<Place>>)>,
    /// When bytes of it were read last, or it was met first.
    pub read_at: Instant,
    /// When it could not be read, if it could not.
    pub failed_at: Option<Instant>,
    /// Whether it has its turn before long.
    pub is_due: bool,
    /// Whether it has no name any more.
    pub is_gone: bool,
}

/// What is due at the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing.
    Nothing,
    /// What is open is ended, since nothing came for long.
    Entry,
    /// The last line too, though it has no newline.
    Line,
    /// All is over.
    All,
    /// Nobody need hold anything of it until it grows.
    Rest,
}

impl Followed {
    /// A file that was met in a log folder and of which nothing is known.
    pub fn new(met: Met, root: Inode, now: Instant) -> Self {
        let Met { path, log_path, inode, size, modified } = met;
        Self {
            path,
            log_path,
            inode,
            root,
            whose: Whose::default(),
            is_mount: false,
            namespace: None,
            size,
            modified,
            met: now,
            choice: Choice::Ask,
            file: None,
            log: None,
            place: TaskPlace::default(),
            cuts: VecDeque::new(),
            fingerprint: Fingerprint::default(),
            kept: None,
            read_at: now,
            failed_at: None,
            is_due: false,
            is_gone: false,
        }
    }

    /// What it is known by beside its first bytes.
    pub fn name(&self) -> String {
        name(self.namespace.as_deref(), &self.log_path)
    }

    /// Who wrote it, as far as its first bytes tell. What they do not tell for long, they never do.
    pub fn author<'a>(&self, head: &'a [u8], now: Instant) -> Author<'a> {
        let is_enough = head.len() >= TASK_HEAD_BYTES || self.quiet(now) >= TASK_HEAD_WAIT;
        match author(head) {
            Author::Unknown if is_enough => Author::Untold,
            author => author,
        }
    }

    /// Whether it is left though a worker may have written it.
    pub fn is_doubted(&self, author: Author<'_>) -> bool {
        let Whose { workers, executors, .. } = self.whose;
        self.choice == Choice::Leave && workers && executors && author == Author::Untold
    }

    /// Its first bytes.
    pub fn head(&mut self) -> io::Result<Vec<u8>> {
        let Some(file) = &mut self.file else { return Ok(Vec::new()) };
        let (mut head, at) = (vec![0; TASK_HEAD_BYTES], file.offset());
        file.seek(0);
        let len = file.read(&mut head).map(<[u8]>::len);
        file.seek(at);
        head.truncate(len?);
        Ok(head)
    }

    /// Who reads it, from where reading goes on.
    pub fn log(&mut self) -> &mut TaskLog {
        let modified = self.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let modified = Timestamp(0) + modified;
        let namespace = self.namespace.iter().map(|namespace| ("namespace", namespace.as_str()));
        let make = || TaskLog::new(&self.log_path, &Labels::new(namespace), self.place, modified);
        self.log.get_or_insert_with(make)
    }

    /// How many bytes may be read at a time: up to where an entry must be ended.
    pub fn room(&self, most: usize) -> usize {
        let fed = self.log.as_ref().map_or(self.place.from, TaskLog::fed);
        let room = self.cuts.front().map(|cut| usize::try_from(cut - fed.min(*cut)));
        room.and_then(Result::ok).unwrap_or(most).min(most)
    }

    /// Ends the entries that were ended here before, if they were.
    pub fn end_as_before(&mut self) {
        let Some(log) = &mut self.log else { return };
        while self.cuts.front().is_some_and(|cut| *cut <= log.fed()) {
            if self.cuts.pop_front() == Some(log.fed()) {
                log.end();
            }
        }
    }

    /// Whether all that was read came out.
    pub fn is_whole(&self) -> bool {
        self.log.as_ref().is_none_or(|log| log.place().done >= log.fed())
    }

    /// Whether all is read and came out, as far as is known.
    pub fn is_at_rest(&self) -> bool {
        let is_read =
            self.choice == Choice::Leave || self.choice == Choice::Read && self.is_whole();
        is_read && !self.is_due && !self.is_gone
    }

    /// What is due when all bytes are read.
    pub fn ending(&self, now: Instant) -> Ending {
        let quiet = self.quiet(now);
        if self.is_gone && (self.file.is_none() || quiet >= FILE_GRACE) {
            return Ending::All;
        }
        if self.is_whole() {
            let is_idle = quiet >= TASK_REST && (self.log.is_some() || self.file.is_some());
            return if is_idle && !self.is_gone { Ending::Rest } else { Ending::Nothing };
        }
        match quiet {
            _ if quiet >= TASK_LINE_IDLE => Ending::Line,
            // Once is enough.
            _ if quiet >= TASK_ENTRY_IDLE && quiet < TASK_ENTRY_IDLE * 2 => Ending::Entry,
            _ => Ending::Nothing,
        }
    }

    /// Whether it must be looked at though nothing tells that it grew.
    pub fn is_waiting(&self, now: Instant) -> bool {
        let is_asked_again = self.choice == Choice::Ask && self.quiet(now) >= TASK_HEAD_WAIT;
        let is_read = self.choice == Choice::Read || self.is_gone;
        is_asked_again || is_read && self.ending(now) != Ending::Nothing
    }

    fn quiet(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.read_at)
    }
}

/// What a file is known by beside its first bytes.
pub fn name(namespace: Option<&str>, path: &LogPath) -> String {
    format!("{}/{path}", namespace.unwrap_or_default())
}
