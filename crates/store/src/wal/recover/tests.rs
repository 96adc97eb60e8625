//! Logs that were cut, damaged or mixed up, and the fixture of format 1.

use std::fs;
use std::sync::Arc;

use model::{Entry, Labels, Stream, TenantId, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::wal::{Folder, Payload, Writer};

/// Logs of each version as they were written when it was fixed: two records, the second with two
/// appends. They must be read for ever.
const FIXTURES: [&[u8]; 2] = [
    include_bytes!("../../../tests/fixtures/v1/00000000000000000001.wal"),
    include_bytes!("../../../tests/fixtures/v2/00000000000000000001.wal"),
];

fn append(number: i64) -> Append {
    let metadata = Labels::new([("pod", format!("pod-{}", number / 2))]);
    let entry = |line: &str| Entry {
        timestamp: Timestamp(number),
        line: line.to_owned(),
        metadata: metadata.clone(),
    };
    let labels = Labels::new([("app", "airflow"), ("dag_id", "etl")]);
    let entries = vec![entry(&format!("line {number}")), entry("ü\n\"x\"")];
    Append { tenant: TenantId::default(), streams: vec![Stream { labels, entries }] }
}

fn disk(folder: &Path) -> Arc<dyn Disk> {
    Arc::new(Folder(folder.to_owned()))
}

/// Writes a log: for each record, how many appends are in it.
fn write(folder: &Path, records: &[usize], segment_bytes: u64) -> Vec<Append> {
    let recovered = Recovered::new(Ulid::from(7_u128));
    let mut log = Writer::open(disk(folder), &recovered, segment_bytes).unwrap();
    let mut numbers = 0..;
    let mut written = Vec::new();
    for record in records {
        let appends: Vec<Append> = numbers.by_ref().take(*record).map(append).collect();
        let fill = |record: &mut Payload<'_>| {
            appends.iter().for_each(|append| record.append(&append.tenant, &append.streams));
        };
        log.append(fill).unwrap();
        written.extend(appends);
    }
    written
}

fn read(folder: &Path, sequence: u64) -> Result<(Vec<Append>, Recovered), Error> {
    let mut appends = Vec::new();
    let checkpoint = Checkpoint { sequence };
    let recovered =
        recover(&*disk(folder), Ulid::nil(), checkpoint, |append| appends.push(append))?;
    Ok((appends, recovered))
}

#[track_caller]
fn check_error(folder: &Path, sequence: u64, expect: &str) {
    let error = read(folder, sequence).unwrap_err().to_string();
    let shown = error.replace(&folder.display().to_string(), "LOG");
    assert_eq!(shown, expect);
}

#[test]
fn every_version_is_read() {
    for fixture in FIXTURES {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(layout::wal_name(1)), fixture).unwrap();
        let (appends, recovered) = read(folder.path(), 1).unwrap();
        assert_eq!(appends, (0..3).map(append).collect::<Vec<_>>());
        assert_eq!((recovered.sequence, recovered.writer), (3, Ulid::from(7_u128)));
    }
}

#[test]
fn what_is_written_is_the_last_version_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[1, 2], 1 << 20);
    assert_eq!(fs::read(folder.path().join(layout::wal_name(1))).unwrap(), FIXTURES[1]);
}

/// A log of an older version is gone on with in files of the last one.
#[test]
fn versions_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(layout::wal_name(1)), FIXTURES[0]).unwrap();
    let (_, recovered) = read(folder.path(), 1).unwrap();
    let mut log = Writer::open(disk(folder.path()), &recovered, 1 << 20).unwrap();
    for number in 3..5 {
        let more = append(number);
        log.append(|record| record.append(&more.tenant, &more.streams)).unwrap();
    }
    assert_eq!(read(folder.path(), 1).unwrap().0, (0..5).map(append).collect::<Vec<_>>());
    // Published ones have given the numbers that the last one uses.
    assert_eq!(read(folder.path(), 4).unwrap().0, [append(4)]);
}

#[test]
fn only_what_follows_the_checkpoint_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(folder.path(), &[1, 2, 1], 1 << 20);
    assert_eq!(read(folder.path(), 2).unwrap().0, &written[1..]);
    assert_eq!(read(folder.path(), 4).unwrap().0, []);
}

#[test]
fn a_log_that_does_not_fit_the_manifest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[1, 1, 1], 10);
    check_error(
        folder.path(),
        9,
        "the write-ahead log in LOG does not fit the object store: it begins at record 4 but \
         record 9 is the first one needed; put the missing files back, or start with an empty log \
         folder if it belongs to another store",
    );
    fs::remove_file(folder.path().join(layout::wal_name(1))).unwrap();
    let error = read(folder.path(), 1).unwrap_err();
    assert!(matches!(error, Error::LogGap { found: 2, expected: 1, .. }), "{error}");
    fs::remove_file(folder.path().join(layout::wal_name(2))).unwrap();
    write(&folder.path().join("."), &[1], 1 << 20);
    let error = read(folder.path(), 1).unwrap_err();
    assert!(matches!(error, Error::LogGap { found: 3, expected: 2, .. }), "{error}");
}

#[test]
fn damage_in_the_middle_says_where() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[1, 1, 1], 1 << 20);
    let path = folder.path().join(layout::wal_name(1));
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, &bytes).unwrap();
    check_error(
        folder.path(),
        1,
        "LOG/00000000000000000001.wal is corrupt at byte 48: a record's checksum does not fit its \
         bytes; restore it from a copy",
    );
}

#[test]
fn a_newer_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let header = FileHeader { version: 7, number: 1, sequence: 1, writer: Ulid::nil() };
    fs::write(folder.path().join(layout::wal_name(1)), header.to_bytes()).unwrap();
    let error = read(folder.path(), 1).unwrap_err();
    assert!(matches!(error, Error::Newer { found: 7, supported: WAL_VERSION, .. }), "{error}");
}

proptest! {
    // Each case waits for the disk dozens of times.
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    /// Every prefix of a log recovers to a prefix of the writes, and can be written on.
    #[test]
    fn every_prefix_recovers_to_a_prefix(
        records in prop::collection::vec(1_usize..3, 1..6),
        segment_bytes in prop_oneof![Just(10_u64), Just(300), Just(1 << 20)],
        cut in 0.0..=1.0,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let written = write(folder.path(), &records, segment_bytes);
        let last = list(&*disk(folder.path())).unwrap().pop().unwrap().path;
        let length = (fs::metadata(&last).unwrap().len() as f64 * cut) as u64;
        fs::write(&last, &fs::read(&last).unwrap()[..length as usize]).unwrap();

        let (found, recovered) = read(folder.path(), 1).unwrap();
        prop_assert_eq!(&found[..], &written[..found.len()]);
        let again = read(folder.path(), 1).unwrap();
        prop_assert_eq!(again, (found.clone(), recovered.clone()));

        let mut log = Writer::open(disk(folder.path()), &recovered, 300).unwrap();
        let more = append(99);
        log.append(|record| record.append(&more.tenant, &more.streams)).unwrap();
        let found_then = read(folder.path(), 1).unwrap().0;
        prop_assert_eq!(&found_then[..found.len()], &found[..]);
        prop_assert_eq!(&found_then[found.len()..], &[more]);
    }
}
