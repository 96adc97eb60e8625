//! Damaged logs, what recovery makes of them once they are repaired, and what is told to be lost.

use model::{Entry, Labels, Stream, TenantId, Timestamp};

use super::super::audit::{Fault, audit};
use super::super::recover::recover;
use super::*;

const WRITER: Ulid = Ulid(7);

/// A record's payload; what has no append in it is 0.
fn payload(encoder: &mut Encoder, line: u64) -> Vec<u8> {
    let entries = vec![Entry::new(Timestamp(1), line.to_string())];
    let streams = vec![Stream { labels: Labels::new([("a", "b")]), entries }];
    let append = Append { tenant: TenantId::default(), streams };
    if line == 0 { vec![255; 9] } else { super::payload(encoder, &[append]) }
}

/// Each record as if it were the first, so that none builds upon another.
fn write(folder: &Path, number: u64, sequence: u64, lines: &[u64]) -> Vec<usize> {
    write_with(folder, number, sequence, lines, Encoder::begin)
}

/// Writes a file whose records have these lines, numbered from `sequence`; returns where each ends.
fn write_with(
    folder: &Path,
    number: u64,
    sequence: u64,
    lines: &[u64],
    before_each: impl Fn(&mut Encoder),
) -> Vec<usize> {
    let mut encoder = Encoder::default();
    let header = FileHeader { version: WAL_VERSION, number, sequence, writer: WRITER };
    let mut bytes = header.to_bytes().to_vec();
    let mut ends = vec![bytes.len()];
    for (line, sequence) in lines.iter().zip(sequence..) {
        before_each(&mut encoder);
        let payload = payload(&mut encoder, *line);
        bytes.extend_from_slice(&record_header(sequence, &payload));
        bytes.extend_from_slice(&payload);
        ends.push(bytes.len());
    }
    fs::write(path(folder, number), bytes).unwrap();
    ends
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(layout::wal_name(number))
}

fn flip(folder: &Path, number: u64, at: usize) {
    let path = path(folder, number);
    let mut bytes = fs::read(&path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// A log is damaged and repaired: then recovery finds these lines, and so many records are lost.
#[track_caller]
fn check(checkpoint: u64, damage: impl FnOnce(&Path), expect_lines: &[u64], expect_lost: u64) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path();
    damage(log);
    let before = audit(log).unwrap();
    let checkpoint = Checkpoint { sequence: checkpoint };
    let mended = mend(log, WRITER, checkpoint).unwrap();
    assert_eq!((mended.lost, mended.kept), (expect_lost, expect_lines.len() as u64), "{before:?}");
    assert_eq!(audit(log).unwrap().faults, []);
    let mut lines = Vec::new();
    let recovered = recover(&Folder(log.to_owned()), WRITER, checkpoint, |append| {
        lines.push(append.streams[0].entries[0].line.parse::<u64>().unwrap());
    });
    assert_eq!((recovered.unwrap().writer, &lines[..]), (WRITER, expect_lines));
    let again = mend(log, WRITER, checkpoint).unwrap();
    assert_eq!((again.lost, again.copied), (0, 0), "a log that is whole stays as it is");
}

#[test]
fn a_damaged_record_is_left_out_and_others_stay() {
    let damage = |log: &Path| {
        let ends = write(log, 1, 1, &[11, 12, 13]);
        write(log, 2, 4, &[14, 15]);
        flip(log, 1, ends[1] + 25);
    };
    check(1, damage, &[11, 13, 14, 15], 1);
    // What is in segments is no loss, and must not lend its number to what is not.
    check(2, damage, &[13, 14, 15], 1);
    check(3, damage, &[13, 14, 15], 0);
    check(4, damage, &[14, 15], 0);
    check(6, damage, &[], 0);
}

#[test]
fn what_builds_upon_a_damaged_record_is_lost_with_it() {
    let damage = |log: &Path| {
        let ends = write_with(log, 1, 1, &[11, 12, 13], |_| {});
        write(log, 2, 4, &[14, 15]);
        flip(log, 1, ends[1] + 25);
    };
    check(1, damage, &[11, 14, 15], 2);
    check(4, damage, &[14, 15], 0);
    // Those that are published go, and what later ones took from them stays.
    let damage = |log: &Path| {
        write_with(log, 1, 1, &[11, 12, 13], |_| {});
        let ends = write(log, 2, 4, &[14, 15, 16]);
        flip(log, 1, 20);
        flip(log, 2, ends[1] + 25);
    };
    check(2, damage, &[12, 13, 14, 16], 1);
}

#[test]
fn a_file_of_version_1_whose_header_is_damaged_is_read() {
    const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/v1/00000000000000000001.wal");
    let folder = tempfile::tempdir().unwrap();
    fs::write(path(folder.path(), 1), FIXTURE).unwrap();
    flip(folder.path(), 1, 20);
    let mended = mend(folder.path(), WRITER, Checkpoint::START).unwrap();
    assert_eq!((mended.kept, mended.lost), (2, 0));
    assert_eq!(audit(folder.path()).unwrap().faults, []);
}

#[test]
fn a_payload_that_makes_no_sense_is_left_out() {
    check(1, |log| drop(write(log, 1, 1, &[11, 0, 13])), &[11, 13], 1);
    check(1, |log| drop(write(log, 1, 1, &[11, 0])), &[11], 1);
    check(1, |log| drop(write(log, 1, 1, &[0])), &[], 1);
}

#[test]
fn missing_files_are_counted_and_what_follows_stays() {
    let damage = |log: &Path| {
        write(log, 1, 1, &[11, 12]);
        write(log, 3, 5, &[15]);
        write(log, 4, 6, &[]);
    };
    check(1, damage, &[11, 12, 15], 2);
    check(4, damage, &[15], 1);
    check(5, damage, &[15], 0);
    check(1, |log| drop(write(log, 2, 3, &[13])), &[13], 2);
    // The manifest knows of more than there is.
    check(9, damage, &[], 0);
}

#[test]
fn a_damaged_header_costs_nothing() {
    let damage = |log: &Path| {
        write(log, 1, 1, &[11, 12]);
        write(log, 2, 3, &[13]);
        flip(log, 1, 20);
    };
    check(1, damage, &[11, 12, 13], 0);
    check(3, damage, &[13], 0);
}

#[test]
fn a_torn_tail_is_cut_and_the_number_of_the_last_file_stays() {
    let damage = |log: &Path| {
        write(log, 1, 1, &[11]);
        let ends = write(log, 2, 2, &[12]);
        cut(&path(log, 2), ends[1] as u64 - 1).unwrap();
    };
    check(1, damage, &[11], 0);
    let folder = tempfile::tempdir().unwrap();
    damage(folder.path());
    let torn =
        Fault::Torn { length: 48, bytes: payload(&mut Encoder::default(), 12).len() as u64 + 19 };
    assert_eq!(audit(folder.path()).unwrap().faults, [(path(folder.path(), 2), torn)]);
    mend(folder.path(), WRITER, Checkpoint::START).unwrap();
    assert!(path(folder.path(), 2).exists());
}

#[test]
fn copies_of_what_was_changed_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let ends = write(folder.path(), 1, 1, &[11, 12]);
    flip(folder.path(), 1, ends[0] + 21);
    let damaged = fs::read(path(folder.path(), 1)).unwrap();
    let mended = mend(folder.path(), WRITER, Checkpoint::START).unwrap();
    assert_eq!(mended, Mended { kept: 1, lost: 1, copied: 1 });
    let copy = path(&folder.path().join(QUARANTINE), 1);
    assert_eq!(fs::read(copy).unwrap(), damaged);
}
