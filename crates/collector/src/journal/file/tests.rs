//! Files as systemd has written them, and what journalctl says of them.

use std::io::Read as _;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/journal").join(name)
}

fn unpacked(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(data(name)).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn opened(bytes: &[u8]) -> Read<JournalFile> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    JournalFile::open(file.path())
}

fn all(file: &mut JournalFile) -> Vec<Entry> {
    let mut out = Vec::new();
    while let Some(entry) = file.entry(out.len() as u64).unwrap() {
        out.push(entry);
    }
    out
}

/// The entries of a file are what journalctl says that they are.
#[track_caller]
fn check(name: &str) {
    let mut file = opened(&unpacked(&format!("{name}.journal.gz"))).unwrap();
    let expect = std::fs::read_to_string(data(&format!("{name}.json"))).unwrap();
    let expect: Vec<Value> =
        expect.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found = all(&mut file);
    assert_eq!(file.count().unwrap(), found.len() as u64);
    let shown = |entry: &Entry| {
        let field = |name: &str| {
            let found = entry.fields.iter().find(|field| field.name == name);
            found.map_or(Value::Null, |field| Value::from(field.value.clone()))
        };
        serde_json::json!({
            "__REALTIME_TIMESTAMP": entry.micros.to_string(),
            "SYSLOG_IDENTIFIER": field("SYSLOG_IDENTIFIER"), "PRIORITY": field("PRIORITY"),
            "_HOSTNAME": field("_HOSTNAME"), "MESSAGE": field("MESSAGE"),
        })
    };
    for (found, expect) in found.iter().zip(&expect) {
        assert_eq!(shown(found), *expect);
    }
    assert_eq!(found.len(), expect.len());
    assert!(found.iter().all(|entry| entry.problem.is_none()));
    let middle = found[20].micros;
    let first = found.iter().position(|entry| entry.micros >= middle).unwrap();
    assert_eq!(file.first_since(middle).unwrap(), first as u64);
    assert_eq!(file.first_since(0).unwrap(), 0);
    assert_eq!(file.first_since(i64::MAX).unwrap(), found.len() as u64);
}

#[test]
fn journals_of_systemd() {
    check("compact");
    check("regular");
}

#[test]
fn what_is_no_journal_is_told() {
    let why = |bytes: &[u8]| opened(bytes).unwrap_err().to_string();
    assert_eq!(why(&[b'x'; 300]), "it is no journal");
    assert_eq!(why(b""), "it cannot be read");
    let mut newer = unpacked("compact.journal.gz");
    newer[FLAGS_AT] |= 128;
    assert_eq!(why(&newer), "it is of a form that is newer than this reader");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is damaged, reading ends, and does not panic.
    #[test]
    fn damage_is_survived(
        places in prop::collection::vec((88..400_000_usize, any::<u8>()), 1..200),
        size in 300..1_000_000_usize,
    ) {
        thread_local! {
            static BYTES: Vec<u8> = unpacked("compact.journal.gz")[..1_000_000].to_vec();
        }
        let mut bytes = BYTES.with(Clone::clone);
        for (at, byte) in places {
            bytes[at] = byte;
        }
        bytes.truncate(size);
        let mut file = opened(&bytes).unwrap();
        for number in 0..100 {
            let _ = file.entry(number);
        }
        let _ = file.first_since(1);
    }
}
