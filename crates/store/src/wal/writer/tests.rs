//! A disk that fails in every way at every step: nothing is acknowledged that is not in the log,
//! and nothing is in the log that was not acknowledged.

use std::path::Path;

use model::{Entry, Labels, Stream, TenantId, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::wal::failing_disk::{FailingDisk, Fault};
use crate::wal::{Folder, recover};

fn streams(line: &str) -> Vec<Stream> {
    let entries = vec![Entry::new(Timestamp(0), line)];
    vec![Stream { labels: Labels::default(), entries }]
}

fn lines(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    recover(&Folder(folder.to_owned()), Ulid::nil(), Checkpoint::START, |append| {
        let entries = append.streams.into_iter().flat_map(|stream| stream.entries);
        lines.extend(entries.map(|entry| entry.line));
    })
    .unwrap();
    lines
}

fn open(disk: impl Disk, segment_bytes: u64) -> Writer {
    let recovered = recover(&disk, Ulid::from(9_u128), Checkpoint::START, |_| {}).unwrap();
    Writer::open(Arc::new(disk), &recovered, segment_bytes).unwrap()
}

fn append(log: &mut Writer, line: &str) -> Result<Written, Error> {
    log.append(|record| record.append(&TenantId::default(), &streams(line)))
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    prop_oneof![
        4 => Just(None),
        1 => (0_usize..300).prop_map(|written| Some(Fault::Full(written))),
        1 => Just(Some(Fault::Sync)),
        1 => (0_usize..300).prop_map(|written| Some(Fault::FullAndStuck(written))),
        1 => Just(Some(Fault::Create)),
        1 => Just(Some(Fault::CreateAndStuck)),
    ]
}

proptest! {
    // Each case waits for the disk dozens of times.
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn the_log_has_what_was_acknowledged_and_nothing_else(
        // How each append fails, and how long its line is: what a long one leaves behind must not
        // show after a short one.
        steps in prop::collection::vec((fault(), 0_usize..200), 1..20),
        segment_bytes in prop_oneof![Just(100_u64), Just(400), Just(1 << 20)],
        reopen_every in 1_usize..9,
        seal_every in 1_usize..9,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let disk = FailingDisk::new(folder.path());
        let mut log = open(disk.clone(), segment_bytes);
        let mut acknowledged = Vec::new();
        for (number, (fault, length)) in (0_usize..).zip(steps) {
            let line = format!("line {number} {}", "x".repeat(length));
            fault.into_iter().for_each(|fault| disk.fail(fault));
            if number.is_multiple_of(seal_every) {
                // As a flush does: whether it succeeds or not, the log goes on.
                let _ = log.rotate();
            }
            if append(&mut log, &line).is_ok() {
                acknowledged.push(line);
            }
            disk.heal();
            if number.is_multiple_of(reopen_every) {
                // The last append is whole, so nothing torn can be taken for good. If the repair
                // fails once, so does the first try.
                let line = format!("good {number}");
                if append(&mut log, &line).is_err() {
                    append(&mut log, &line).unwrap();
                }
                acknowledged.push(line);
                drop(log);
                log = open(disk.clone(), segment_bytes);
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
    let mut log = open(Folder(folder.path().to_owned()), 200);
    let written: Vec<u64> = (0..9).map(|_| append(&mut log, "line").unwrap().sequence).collect();
    assert_eq!(written, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let before = log.usage();
    assert!(before.files >= 3, "{before:?}");
    let checkpoint = log.rotate().unwrap();
    log.trim(checkpoint).unwrap();
    assert_eq!(log.usage(), Usage { files: 1, bytes: FILE_HEADER_BYTES as u64 });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    append(&mut log, "line").unwrap();
    drop(log);
    let mut found = 0;
    let last = open_from(folder.path(), checkpoint, &mut found);
    assert_eq!((found, last.checkpoint().sequence), (1, 11));
}

fn open_from(folder: &Path, checkpoint: Checkpoint, found: &mut usize) -> Writer {
    let disk = Folder(folder.to_owned());
    let recovered = recover(&disk, Ulid::nil(), checkpoint, |_| *found += 1).unwrap();
    Writer::open(Arc::new(disk), &recovered, 1000).unwrap()
}

#[test]
fn a_file_that_could_not_be_created_is_no_gap() {
    // A file is begun, cannot be made durable and not be removed; then the one before it goes on.
    let folder = tempfile::tempdir().unwrap();
    let disk = FailingDisk::new(folder.path());
    let mut log = open(disk.clone(), 1 << 20);
    append(&mut log, "one").unwrap();
    disk.fail(Fault::CreateAndStuck);
    log.rotate().unwrap_err();
    append(&mut log, "two").unwrap();
    drop(log);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);

    // The end of the log may be torn all the same.
    let first = folder.path().join(layout::wal_name(1));
    let whole = std::fs::read(&first).unwrap();
    std::fs::write(&first, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(lines(folder.path()), ["one"]);
    // But not before what the other file says was there: that had been acknowledged.
    let length = whole.len() - 2 * (whole.len() - FILE_HEADER_BYTES) / 3;
    std::fs::write(&first, &whole[..length]).unwrap();
    let error = recover(&disk, Ulid::nil(), Checkpoint::START, |_| {}).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");

    std::fs::write(&first, &whole).unwrap();
    let mut log = open(disk, 1 << 20);
    append(&mut log, "three").unwrap();
    log.trim(Checkpoint::START).unwrap();
    drop(log);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the empty one is gone");
    assert_eq!(lines(folder.path()), ["one", "two", "three"]);
}

#[test]
fn the_log_has_a_bound_and_room_again_when_it_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FailingDisk::new(folder.path());
    let mut log = open(disk.clone(), 240).bounded(1000);
    let mut sequence = append(&mut log, "").unwrap().sequence;
    let empty = log.usage().bytes - FILE_HEADER_BYTES as u64;
    let error = loop {
        match append(&mut log, "line") {
            Ok(written) => sequence = written.sequence,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), crate::ErrorKind::Retry);
    assert!(matches!(error, Error::LogFull { limit: 1000, bytes: 900..=1000 }), "{error}");
    let used: u64 = std::fs::read_dir(folder.path()).unwrap().map(|f| bytes(&f.unwrap())).sum();
    assert_eq!(used, log.usage().bytes);
    // Although the disk has no room for another file when the head is sealed.
    disk.fail(Fault::Create);
    log.rotate().unwrap_err();
    log.trim(log.checkpoint()).unwrap();
    // What fits to the byte, once the file that could not be closed is gone.
    let room = 1000 - FILE_HEADER_BYTES - empty as usize;
    append(&mut log, &"x".repeat(room + 1)).unwrap_err();
    assert_eq!(append(&mut log, &"x".repeat(room)).unwrap().sequence, sequence + 1);
    assert_eq!(log.usage(), Usage { files: 1, bytes: 1000 });
}

fn bytes(file: &std::fs::DirEntry) -> u64 {
    file.metadata().unwrap().len()
}

#[test]
fn what_was_half_written_is_taken_back_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FailingDisk::new(folder.path());
    let mut log = open(disk.clone(), 1 << 20);
    append(&mut log, "one").unwrap();
    let path = folder.path().join(layout::wal_name(1));
    for fault in [Fault::Full(30), Fault::Sync] {
        disk.fail(fault);
        append(&mut log, "two").unwrap_err();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), log.usage().bytes, "{fault:?}");
    }
}

#[test]
fn a_trim_that_failed_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FailingDisk::new(folder.path());
    let mut log = open(disk.clone(), 100);
    for sequence in 1..5 {
        assert_eq!(append(&mut log, "line").unwrap().sequence, sequence);
    }
    let before = log.usage();
    disk.stick();
    log.trim(log.checkpoint()).unwrap_err();
    assert_eq!(log.usage(), before);
    log.trim(log.checkpoint()).unwrap();
    assert_eq!(log.usage().files, 1);
}

#[test]
fn what_was_not_synced_is_written_again_before_it_is_replayed() {
    // Recovery cannot tell a record that was only written from a synced one, so it must write.
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(Folder(folder.path().to_owned()), 1 << 20);
    append(&mut log, "one").unwrap();
    append(&mut log, "two").unwrap();
    drop(log);
    let path = folder.path().join(layout::wal_name(1));
    let before = std::fs::read(&path).unwrap();
    let long_ago = std::time::UNIX_EPOCH;
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(lines(folder.path()), ["one", "two"]);
    assert!(std::fs::metadata(&path).unwrap().modified().unwrap() > long_ago);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
