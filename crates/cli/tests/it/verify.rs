//! `barogram verify` as it is typed: what it prints, and what its exit codes are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Entry, Labels, Stream, SystemClock, TenantId, Timestamp};
use serde_json::Value;
use store::{Config, Store};

use crate::site::run;

/// A data folder with a segment of two lines and another of one. No server runs.
async fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock);
    let store = Store::open_folder(folder.path(), Config::default(), clock).await.unwrap();
    for lines in [&["one", "two"][..], &["three"]] {
        let entries = lines.iter().zip(0..).map(|(line, time)| Entry::new(Timestamp(time), *line));
        let labels = Labels::new([("app", "web")]);
        let stream = Stream { labels, entries: entries.collect() };
        store.append(&TenantId::default(), vec![stream]).await.unwrap();
        store.flush().await.unwrap();
    }
    store.shutdown().await.unwrap();
    folder
}

/// The objects of the segments.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let day = folder.join("objects/tenants/fake/1970-01-01");
    let mut paths: Vec<_> = std::fs::read_dir(day).unwrap().map(|f| f.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Runs it, which must end with this code, and returns what it printed on both ways.
async fn verify(data: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let mut all = vec!["verify".to_owned(), "--data".to_owned(), data.display().to_string()];
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    let output = run(&all).await;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, errors) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{errors}");
    (out, errors)
}

#[tokio::test]
async fn a_store_without_damage_is_clean() {
    let folder = folder().await;
    let (out, errors) = verify(folder.path(), &[], 0).await;
    assert!(out.contains("2 segments (") && out.contains(", 3 rows, 3 verified) of manifest "));
    assert!(out.ends_with("0 errors, 0 warnings, 0 notes\n"), "{out}");
    assert_eq!(errors, "");
    let (out, _) = verify(folder.path(), &["--quick", "--repair"], 0).await;
    assert!(out.contains(", 3 rows, 0 verified)"), "{out}");
    // Objects elsewhere, and no log here.
    let objects = folder.path().join("objects").display().to_string();
    let (out, _) = verify(Path::new("nowhere"), &["--store", &objects], 0).await;
    assert!(out.contains(", 3 rows, 3 verified)"), "{out}");
}

#[tokio::test]
async fn damage_is_told_and_repaired_only_when_asked_for() {
    let folder = folder().await;
    let broken = &segments(folder.path())[0];
    std::fs::write(broken, b"PAR1 it was").unwrap();
    let (out, errors) = verify(folder.path(), &[], 1).await;
    assert!(out.contains("error: tenants/fake/1970-01-01/") && out.contains(" 11 bytes"), "{out}");
    assert!(out.contains("repairs would be done by --repair") && out.contains("  take tenants/"));
    assert_eq!(errors, "error: 2 errors were found\n");
    assert!(broken.exists() && !folder.path().join("objects/quarantine").exists());

    let (out, errors) = verify(folder.path(), &["--repair", "-o", "jsonl"], 0).await;
    assert_eq!(errors, "");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| lines.iter().filter_map(|line| line.get(kind)).collect::<Vec<_>>();
    let rules: Vec<_> = of("finding").iter().map(|f| f["rule"].as_str().unwrap()).collect();
    let expect = ["segment.footer", "segment.size", "removed", "quarantine"];
    assert!(expect.iter().all(|rule| rules.contains(rule)) && rules.len() == 4, "{rules:?}");
    let [repaired] = of("repaired")[..] else { panic!("{out}") };
    let lost = &repaired["lost"][0];
    assert_eq!(
        (&lost["rows"], &lost["tenant"], &lost["day"]),
        (&2.into(), &"fake".into(), &"1970-01-01".into())
    );
    assert_eq!((&lost["min_timestamp"], &lost["max_timestamp"]), (&0.into(), &1.into()));
    let errors: Vec<_> = of("summary").iter().map(|summary| summary["errors"].as_u64()).collect();
    assert_eq!(errors, [Some(2), Some(0)]);
    let name = broken.file_name().unwrap();
    let aside = folder.path().join("objects/quarantine/tenants/fake/1970-01-01").join(name);
    assert_eq!(std::fs::read(aside).unwrap(), b"PAR1 it was");
}

#[tokio::test]
async fn where_it_cannot_look_it_says_so() {
    let nowhere = tempfile::tempdir().unwrap();
    let path = nowhere.path().join("data");
    for arguments in [&[][..], &["--repair"], &["--store", "not-there"], &["--store-option", "x=y"]]
    {
        let (out, errors) = verify(&path, arguments, 2).await;
        assert_eq!(out, "");
        assert!(errors.starts_with("error: failed to look at the store: "), "{errors}");
    }
    assert!(!path.exists() && !Path::new("not-there").exists(), "nothing was made");
    let folder = folder().await;
    let clock = Arc::new(SystemClock);
    let store = Store::open_folder(folder.path(), Config::default(), clock).await.unwrap();
    let (_, errors) = verify(folder.path(), &["--repair"], 2).await;
    assert!(errors.contains("is in use by process"), "{errors}");
    verify(folder.path(), &[], 0).await;
    store.shutdown().await.unwrap();
}
