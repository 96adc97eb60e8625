//! A disk that fails in every way at every step: nothing is acknowledged that is not in the log,
//! and nothing is in the log that was not acknowledged.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use model::{Entry, Labels, Stream, TenantId, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::wal::{Folder, encode, recover};

/// How an operation fails.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The disk is full after this many bytes of the write.
    Full(usize),
    /// The sync fails; what was written may be there or not.
    Sync,
    /// The disk is full, and cutting off what was written fails too, once.
    FullAndStuck(usize),
}

/// A folder whose next operations fail as planned.
#[derive(Clone)]
struct FailingDisk {
    folder: Folder,
    faults: Arc<Mutex<Vec<Fault>>>,
    stuck: Arc<Mutex<bool>>,
}

struct FailingFile {
    file: std::fs::File,
    disk: FailingDisk,
}

impl FailingDisk {
    fn new(path: &Path) -> Self {
        Self { folder: Folder(path.to_owned()), faults: Arc::default(), stuck: Arc::default() }
    }

    fn take(&self, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        faults.last().is_some_and(wanted).then(|| faults.pop()).flatten()
    }
}

impl Disk for FailingDisk {
    type File = FailingFile;

    fn create(&self, name: &str) -> io::Result<FailingFile> {
        Ok(FailingFile { file: self.folder.create(name)?, disk: self.clone() })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(name)
    }
}

impl LogFile for FailingFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let fault = self.disk.take(|fault| !matches!(fault, Fault::Sync));
        let (Some(Fault::Full(written)) | Some(Fault::FullAndStuck(written))) = fault else {
            return self.file.write_at(bytes, offset).map(drop);
        };
        *self.disk.stuck.lock().unwrap() = matches!(fault, Some(Fault::FullAndStuck(_)));
        LogFile::write_at(&mut self.file, &bytes[..written.min(bytes.len())], offset)?;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.disk.take(|fault| matches!(fault, Fault::Sync)) {
            Some(_) => Err(io::Error::other("the medium failed")),
            None => self.file.sync(),
        }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        if std::mem::take(&mut *self.disk.stuck.lock().unwrap()) {
            return Err(io::Error::other("the medium failed"));
        }
        self.file.truncate(length)
    }
}

fn streams(line: u32) -> Vec<Stream> {
    let entries = vec![Entry::new(Timestamp(0), format!("line {line}"))];
    vec![Stream { labels: Labels::default(), entries }]
}

fn lines(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    recover(folder, Ulid::nil(), Checkpoint::START, |append| {
        let entries = append.streams.into_iter().flat_map(|stream| stream.entries);
        lines.extend(entries.map(|entry| entry.line));
    })
    .unwrap();
    lines
}

fn open<D: Disk>(disk: D, folder: &Path, segment_bytes: u64) -> Writer<D> {
    let recovered = recover(folder, Ulid::from(9_u128), Checkpoint::START, |_| {}).unwrap();
    Writer::open(disk, folder.to_owned(), &recovered, segment_bytes).unwrap()
}

fn append<D: Disk>(log: &mut Writer<D>, line: u32) -> Result<Written, Error> {
    log.append(|record| encode(&TenantId::default(), &streams(line), record))
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    prop_oneof![
        4 => Just(None),
        1 => (0_usize..90).prop_map(|written| Some(Fault::Full(written))),
        1 => Just(Some(Fault::Sync)),
        1 => (0_usize..90).prop_map(|written| Some(Fault::FullAndStuck(written))),
    ]
}

proptest! {
    // Each case waits for the disk dozens of times.
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn the_log_has_what_was_acknowledged_and_nothing_else(
        faults in prop::collection::vec(fault(), 1..20),
        segment_bytes in prop_oneof![Just(100_u64), Just(400), Just(1 << 20)],
        reopen_every in 1_usize..9,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let disk = FailingDisk::new(folder.path());
        let mut log = open(disk.clone(), folder.path(), segment_bytes);
        let mut acknowledged = Vec::new();
        for (line, fault) in (0..).zip(faults) {
            disk.faults.lock().unwrap().extend(fault);
            if append(&mut log, line).is_ok() {
                acknowledged.push(format!("line {line}"));
            }
            disk.faults.lock().unwrap().clear();
            if (line as usize).is_multiple_of(reopen_every) {
                // The last append was whole, so nothing torn may be taken for good.
                append(&mut log, 1000 + line).unwrap_or_else(|_| {
                    append(&mut log, 1000 + line).unwrap()
                });
                acknowledged.push(format!("line {}", 1000 + line));
                drop(log);
                log = open(disk.clone(), folder.path(), segment_bytes);
            }
        }
        let torn = log.torn;
        drop(log);
        // A record that was never acknowledged may be whole on the medium when its sync failed.
        let found = lines(folder.path());
        prop_assert_eq!(&found[..acknowledged.len()], &acknowledged[..]);
        prop_assert!(found.len() <= acknowledged.len() + usize::from(torn));
    }
}

#[test]
fn files_are_bounded_and_removed_when_they_are_published() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(Folder(folder.path().to_owned()), folder.path(), 200);
    let written: Vec<u64> = (0..9).map(|line| append(&mut log, line).unwrap().sequence).collect();
    assert_eq!(written, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let before = log.usage();
    assert!(before.files >= 3, "{before:?}");
    let checkpoint = log.rotate().unwrap();
    log.trim(checkpoint).unwrap();
    assert_eq!(log.usage(), Usage { files: 1, bytes: FILE_HEADER_BYTES as u64 });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    append(&mut log, 9).unwrap();
    drop(log);
    let mut found = 0;
    let last = open_from(folder.path(), checkpoint, &mut found);
    assert_eq!((found, last.checkpoint().sequence), (1, 11));
}

fn open_from(folder: &Path, checkpoint: Checkpoint, found: &mut usize) -> Writer<Folder> {
    let recovered = recover(folder, Ulid::nil(), checkpoint, |_| *found += 1).unwrap();
    Writer::open(Folder(folder.to_owned()), folder.to_owned(), &recovered, 1000).unwrap()
}
