//! Several stores on one object store: all commit, none loses a segment of another.

use barogram_store::Error;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::under_test::fresh_objects;
use crate::world::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_commits_all_win_in_the_end() {
    let objects = fresh_objects();
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut stores = Vec::new();
    for folder in &folders {
        stores.push(open(&objects, folder.path()).await);
    }
    let racers = stores.iter().enumerate().map(|(racer, store)| {
        let store = store.clone();
        tokio::spawn(async move {
            for i in 0..8 {
                let line = format!("racer {racer} line {i}");
                store.append(&tenant(), vec![stream("a", &[(i, &line)])]).await.unwrap();
                store.flush().await.unwrap();
            }
        })
    });
    for racer in racers.collect::<Vec<_>>() {
        racer.await.unwrap();
    }
    let mut expect: Vec<String> =
        (0..3).flat_map(|racer| (0..8).map(move |i| format!("racer {racer} line {i}"))).collect();
    expect.sort();
    for store in &stores {
        store.refresh().await.unwrap();
        assert_eq!(lines(store).await, expect);
        assert_eq!((store.status().segments, store.status().manifest), (24, 24));
    }
    // What one has published is a duplicate for another.
    let again = stream("a", &[(3, "racer 1 line 3")]);
    assert_eq!(stores[0].append(&tenant(), vec![again]).await.unwrap().duplicates, 1);
}

#[tokio::test]
async fn a_log_of_another_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let objects = fresh_objects();
    let store = open(&objects, folder.path()).await;
    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    store.flush().await.unwrap();
    drop(store);
    let other = fresh_objects();
    let error = try_open(&other, folder.path()).await.unwrap_err();
    assert!(matches!(error, Error::LogGap { found: 2, expected: 1, .. }), "{error}");
}

#[tokio::test]
async fn newer_data_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let objects = fresh_objects();
    objects.put(&Path::from("VERSION"), "barogram format 7\n".into()).await.unwrap();
    let error = try_open(&objects, folder.path()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the data in {} were written by a newer barogram (format 7, this one reads up to 1): \
             upgrade barogram, or point --store or --data elsewhere",
            *objects
        )
    );
    let manifest = Path::from("manifest/00000000000000000001.json");
    let objects = fresh_objects();
    objects.put(&manifest, r#"{"version": 3, "rivers": []}"#.into()).await.unwrap();
    let error = try_open(&objects, folder.path()).await.unwrap_err();
    assert!(matches!(error, Error::Newer { found: 3, .. }), "{error}");
}

#[tokio::test]
async fn a_broken_manifest_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = Path::from("manifest/00000000000000000001.json");
    let objects = fresh_objects();
    objects.put(&manifest, "{\n  \"version\": }".into()).await.unwrap();
    let error = try_open(&objects, folder.path()).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { offset: 15, .. }), "{error:?}");
}
