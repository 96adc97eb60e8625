//! A data folder: opened, locked, opened again.

use std::sync::Arc;

use barogram_store::{Config, Error, Store};
use model::{ManualClock, Timestamp};

use crate::world::*;

async fn open_folder(path: &std::path::Path) -> Result<Store, Error> {
    let clock = Arc::new(ManualClock::new(Timestamp(at(0))));
    Store::open_folder(path, Config::default(), clock).await
}

#[tokio::test]
async fn a_folder_keeps_its_lines_and_lets_in_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new");
    let store = open_folder(&path).await.unwrap();
    let error = open_folder(&path).await.unwrap_err().to_string();
    let expect =
        format!("data folder {} is in use by process {}", path.display(), std::process::id());
    assert_eq!(error, expect);

    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    store.flush().await.unwrap();
    store.append(&tenant(), vec![stream("a", &[(2, "two")])]).await.unwrap();
    store.shutdown().await.unwrap();
    let store = open_folder(&path).await.unwrap();
    assert_eq!(lines(&store).await, ["one", "two"]);
    let again = stream("a", &[(1, "one"), (2, "two")]);
    assert_eq!(store.append(&tenant(), vec![again]).await.unwrap().duplicates, 2);
}

#[tokio::test]
async fn a_newer_folder_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    open_folder(folder.path()).await.unwrap().shutdown().await.unwrap();
    std::fs::write(folder.path().join("objects/VERSION"), "barogram format 2\n").unwrap();
    let error = open_folder(folder.path()).await.unwrap_err().to_string();
    let expect =
        format!("the data in {} were written by a newer barogram", folder.path().display());
    assert!(error.starts_with(&expect), "{error}");
}
