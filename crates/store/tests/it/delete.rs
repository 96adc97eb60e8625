//! Delete requests: shared by all who share the object store, kept when a process ends, bounded.

use std::sync::Arc;

use barogram_store::{DELETE_REQUESTS_MAX, DeleteRequest, DeleteWish, ErrorKind, Store};
use model::{TenantId, Timestamp};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::under_test::fresh_objects;
use crate::world::*;

async fn ask(store: &Store, query: &str) -> DeleteRequest {
    let wish = DeleteWish { query: query.to_owned(), start: Timestamp(1), end: Timestamp(2) };
    store.create_delete_request(&tenant(), wish).await.unwrap()
}

#[track_caller]
fn check(store: &Store, expect: &[&DeleteRequest]) {
    let found = store.delete_requests(&tenant());
    assert_eq!(found.iter().collect::<Vec<_>>(), expect);
}

#[tokio::test]
async fn two_stores_share_them_and_a_third_finds_them() {
    let objects = fresh_objects();
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let one = open(&objects, folders[0].path()).await;
    let two = open(&objects, folders[1].path()).await;
    let first = ask(&one, "first").await;
    let second = ask(&two, "second").await;
    check(&one, &[&first]);
    one.refresh().await.unwrap();
    two.refresh().await.unwrap();
    for store in [&one, &two] {
        let mut ids = [&first, &second];
        ids.sort_by_key(|request| request.id);
        check(store, &ids);
    }
    assert!(two.cancel_delete_request(&tenant(), &first.id.to_string()).await.unwrap());
    assert!(!two.cancel_delete_request(&tenant(), &first.id.to_string()).await.unwrap());
    assert!(!two.cancel_delete_request(&tenant(), "no id").await.unwrap());
    one.refresh().await.unwrap();
    check(&one, &[&second]);
    let other = TenantId::new("other").unwrap();
    assert!(one.delete_requests(&other).is_empty());
    assert!(!one.cancel_delete_request(&other, &second.id.to_string()).await.unwrap());
    check(&open(&objects, folders[2].path()).await, &[&second]);
}

#[tokio::test]
async fn what_has_not_changed_is_not_read_again_and_there_are_not_too_many() {
    let objects = fresh_objects();
    let folder = tempfile::tempdir().unwrap();
    let store = open(&objects, folder.path()).await;
    for _ in 0..DELETE_REQUESTS_MAX {
        ask(&store, "one of many").await;
    }
    let wish = DeleteWish { query: String::new(), start: Timestamp(1), end: Timestamp(2) };
    let error = store.create_delete_request(&tenant(), wish).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request, "{error}");
    let before = store.delete_requests(&tenant());
    store.refresh().await.unwrap();
    assert!(Arc::ptr_eq(&before, &store.delete_requests(&tenant())));
}

#[tokio::test]
async fn what_is_not_named_as_a_request_is_none() {
    let objects = fresh_objects();
    let folders: Vec<_> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    let request = ask(&open(&objects, folders[0].path()).await, "one").await;
    for path in ["deletes/.DS_Store", "deletes/fake/notes.txt", "deletes/fake/old/1.json"] {
        objects.put(&Path::from(path), "no request".into()).await.unwrap();
    }
    check(&open(&objects, folders[1].path()).await, &[&request]);
    // What is named as one and is none may be one that hides lines, so it is no good to go on.
    let path = format!("deletes/fake/{}.json", ulid::Ulid::nil());
    objects.put(&Path::from(path), "no request".into()).await.unwrap();
    let store = try_open(&objects, folders[1].path()).await;
    assert_eq!(store.map(drop).unwrap_err().kind(), ErrorKind::Operator);
}
