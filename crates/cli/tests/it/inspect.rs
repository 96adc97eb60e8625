//! A store is looked into while it is open, by the binary itself.

use std::path::Path;
use std::sync::Arc;

use model::{Clock, Entry, Labels, Stream, SystemClock, TenantId};
use serde_json::Value;
use store::{Config, Store};

use crate::site::run;

/// What `barogram inspect` prints about a folder.
async fn inspect(data: &Path, arguments: &[&str]) -> String {
    let folder = data.display().to_string();
    let arguments = [&["inspect"], arguments, &["--data", &folder, "-z", "UTC"]].concat();
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    let output = run(&arguments).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_open_is_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::open_folder(folder.path(), Config::default(), clock).await.unwrap();
    let entry = || Entry::new(SystemClock.now(), "a line of etl");
    let labels = Labels::new([("dag_id", "etl")]);
    let append = async || {
        let stream = Stream { labels: labels.clone(), entries: vec![entry()] };
        store.append(&TenantId::default(), vec![stream]).await.unwrap();
    };
    append().await;
    store.flush().await.unwrap();
    append().await;

    let manifest = inspect(folder.path(), &[]).await;
    assert!(manifest.starts_with("manifest  1\n") && manifest.contains("rows      1\n"));
    let segments = inspect(folder.path(), &["segments", "-o", "jsonl"]).await;
    let segment: Value = serde_json::from_str(&segments).unwrap();
    let depth = inspect(folder.path(), &["segment", segment["id"].as_str().unwrap()]).await;
    assert!(depth.contains(segment["path"].as_str().unwrap()), "{depth}");
    assert!(depth.contains("{dag_id=\"etl\"}"), "{depth}");
    let space = inspect(folder.path(), &["space", "--by", "dag_id"]).await;
    let [names, etl] = &space.lines().collect::<Vec<_>>()[..] else { panic!("{space}") };
    assert!(names.ends_with("tenant  dag_id") && etl.ends_with("fake    etl"), "{space}");
    assert!(inspect(folder.path(), &["space"]).await.starts_with("day  "));
    let wal = inspect(folder.path(), &["wal"]).await;
    assert!(wal.lines().last().unwrap().ends_with("1  whole"), "{wal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_store_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let output = run(&["inspect", "--data", &data].map(str::to_owned)).await;
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.starts_with("error: there is no store to look into in "), "{errors}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
