//! A disk that fails in every way at every step: nothing is acknowledged that is not in the log,
//! and nothing is in the log that was not acknowledged.

use std::path::Path;

use model::{Entry, Labels, Stream, TenantId, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::wal::failing_disk::{FailingDisk, Fault};
use crate::wal::{Folder, encode, recover};

fn streams(line: &str) -> Vec<Stream> {
    let entries = vec![Entry::new(Timestamp(0), line)];
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

fn append<D: Disk>(log: &mut Writer<D>, line: &str) -> Result<Written, Error> {
    log.append(|record| encode(&TenantId::default(), &streams(line), record))
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    prop_oneof![
        4 => Just(None),
        1 => (0_usize..300).prop_map(|written| Some(Fault::Full(written))),
        1 => Just(Some(Fault::Sync)),
        1 => (0_usize..300).prop_map(|written| Some(Fault::FullAndStuck(written))),
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
    ) {
        let folder = tempfile::tempdir().unwrap();
        let disk = FailingDisk::new(folder.path());
        let mut log = open(disk.clone(), folder.path(), segment_bytes);
        let mut acknowledged = Vec::new();
        for (number, (fault, length)) in (0_usize..).zip(steps) {
            let line = format!("line {number} {}", "x".repeat(length));
            fault.into_iter().for_each(|fault| disk.fail(fault));
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

fn open_from(folder: &Path, checkpoint: Checkpoint, found: &mut usize) -> Writer<Folder> {
    let recovered = recover(folder, Ulid::nil(), checkpoint, |_| *found += 1).unwrap();
    Writer::open(Folder(folder.to_owned()), folder.to_owned(), &recovered, 1000).unwrap()
}
