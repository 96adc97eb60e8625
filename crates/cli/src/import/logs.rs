//! Which log files there are, and what is in them.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use airflow::path::LogPath;
use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use model::Timestamp;
use object_store::ObjectStore;
use tokio::runtime::Handle;

use super::{bucket, folder};

/// Names that are told of files that cannot be read: enough to see what is wrong.
const FAILURES_MAX: usize = 100;
/// What the name of a file ends with that is packed.
const PACKED: &str = ".gz";

/// Where logs are.
#[derive(Debug, Clone)]
pub enum Logs {
    /// In a folder.
    Folder(PathBuf),
    /// In a bucket, below its prefix; the requests are made on this runtime.
    Bucket(Arc<dyn ObjectStore>, Handle),
}

/// One log file of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Its path below the log folder.
    pub name: String,
    /// How large it was when it was found.
    pub bytes: u64,
    /// When it was written to last.
    pub modified: Timestamp,
    /// The date of its run, or where that is not told the time when it was written to last.
    pub date: Timestamp,
}

/// What there is in a log folder.
#[derive(Debug, Default)]
pub struct Found {
    /// The log files of tasks, those of the eldest runs first.
    pub files: Vec<LogFile>,
    /// How many files of other sorts there are in each folder below the log folder.
    pub others: BTreeMap<String, u64>,
    /// How many links there are: Airflow's `latest` names what is there anyway.
    pub links: u64,
    /// What could not be looked at, and why.
    pub failures: Failures,
}

/// What could not be read, and why.
#[derive(Debug, Default)]
pub struct Failures {
    /// How much.
    pub count: u64,
    /// The first of it.
    pub told: Vec<String>,
}

impl Failures {
    /// Notes one.
    pub fn add(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.count += 1;
        if self.told.len() < FAILURES_MAX {
            self.told.push(format!("{what}: {why}"));
        }
    }

    /// Takes over others.
    pub fn add_all(&mut self, others: Self) {
        self.count += others.count;
        self.told.extend(others.told);
        self.told.truncate(FAILURES_MAX);
    }
}

impl Logs {
    /// Looks for all files, on a thread that may wait.
    ///
    /// # Errors
    /// When the folder or the bucket cannot be listed.
    pub fn find(&self) -> Result<Found> {
        let mut found = match self {
            Self::Folder(root) => folder::find(root)?,
            Self::Bucket(objects, runtime) => runtime.block_on(bucket::find(objects))?,
        };
        found.files.sort_unstable_by(|a, b| (a.date, &a.name).cmp(&(b.date, &b.name)));
        Ok(found)
    }

    /// The bytes of a file, unpacked, from an offset up to where it ended when it was found. Read
    /// it on a thread that may wait.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(&self, file: &LogFile, from: u64) -> Result<Box<dyn Read + Send>> {
        if !file.is_packed() {
            return self.raw(file, from);
        }
        let mut bytes = MultiGzDecoder::new(self.raw(file, 0)?);
        std::io::copy(&mut (&mut bytes).take(from), &mut std::io::sink())
            .with_context(|| format!("failed to unpack {}", file.name))?;
        Ok(Box::new(bytes))
    }

    fn raw(&self, file: &LogFile, from: u64) -> Result<Box<dyn Read + Send>> {
        match self {
            Self::Folder(root) => folder::open(root, file, from),
            Self::Bucket(objects, runtime) => bucket::open(objects, runtime, file, from),
        }
    }
}

impl LogFile {
    /// Whether its bytes are packed.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.name.ends_with(PACKED)
    }

    /// Whose log it is.
    #[must_use]
    pub fn path(&self) -> Option<LogPath> {
        log_path(&self.name)
    }
}

impl Found {
    /// Takes a file by its path below the log folder.
    pub(super) fn add(&mut self, name: String, bytes: u64, modified: Timestamp) {
        let Some(path) = log_path(&name) else {
            let folder = name.split_once('/').map_or("", |(folder, _)| folder);
            *self.others.entry(folder.to_owned()).or_default() += 1;
            return;
        };
        let date = path.date().unwrap_or(modified);
        self.files.push(LogFile { name, bytes, modified, date });
    }
}

fn log_path(name: &str) -> Option<LogPath> {
    LogPath::parse(name.strip_suffix(PACKED).unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_logs_are_told_from_others() {
        let mut found = Found::default();
        let names = [
            "dag_id=d/run_id=manual__1970-01-01T00:00:02+00:00/task_id=t/attempt=1.log.gz",
            "d/t/1970-01-01T00:00:01+00:00/1.log",
            "dag_id=d/run_id=r/task_id=t/attempt=1.log.trigger.4.log",
            "scheduler/2026-11-22/a.py.log",
            "scheduler/2026-11-22/b.py.log",
            "stray.log",
        ];
        names.iter().for_each(|name| found.add((*name).to_owned(), 1, Timestamp(5)));
        let dates: Vec<i64> = found.files.iter().map(|file| file.date.0).collect();
        assert_eq!(dates, [2_000_000_000, 1_000_000_000, 5]);
        assert!(found.files[0].is_packed() && !found.files[1].is_packed());
        let others: Vec<_> = found.others.iter().map(|(name, count)| (&**name, *count)).collect();
        assert_eq!(others, [("", 1), ("scheduler", 2)]);
    }
}
