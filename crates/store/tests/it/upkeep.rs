//! Segments are merged, expire and are erased; their objects go; nothing else does.

use std::sync::Arc;
use std::time::Duration;

use barogram_store::{Config, DeleteWish, Error, Rules, Store};
use futures::TryStreamExt;
use model::{ManualClock, Timestamp};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::counting_objects::CountingObjects;
use crate::faulty_objects::{Fault, FaultyObjects};
use crate::under_test::{fresh_objects, test_store};
use crate::world::*;

const DAY: Duration = Duration::from_secs(86_400);
const DAY_NANOS: i64 = 86_400_000_000_000;

/// Merges whatever it may.
fn eager() -> Config {
    Config { compact_inputs_min: 2, ..Config::default() }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp(at(0))))
}

async fn objects_of(objects: &Arc<dyn ObjectStore>, folder: &str) -> Vec<String> {
    let listed: Vec<_> = objects.list(Some(&Path::from(folder))).try_collect().await.unwrap();
    listed.into_iter().map(|object| object.location.to_string()).collect()
}

async fn append_and_flush(store: &Store, app: &str, entries: &[(i64, &str)]) {
    store.append(&tenant(), vec![stream(app, entries)]).await.unwrap();
    store.flush().await.unwrap();
}

#[tokio::test]
async fn small_segments_become_one_and_their_objects_go() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let clock = clock();
    let store = open_at(&clock, eager(), &objects, folder.path()).await;
    let names = ["one", "two", "three", "four"];
    for (i, line) in (1..).zip(names) {
        append_and_flush(&store, "a", &[(i, line)]).await;
    }
    let before = rows(&store).await;
    let held = store.snapshot(&tenant());
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!((store.status().segments, store.status().segment_rows), (1, 4));
    assert_eq!(rows(&store).await, before);
    assert_eq!(store.upkeep_report().merged_segments, 4);
    // Who reads still has the old ones, for a while.
    assert_eq!(scan(&held, &everything(), 8192).await, before);
    assert_eq!(objects_of(&objects, "tenants").await.len(), 5);
    clock.advance(Config::default().removed_age);
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!(objects_of(&objects, "tenants").await.len(), 1);
    assert_eq!((rows(&store).await, store.upkeep_report().swept_objects), (before, 4));
}

/// The bytes of what is merged so long after it came, and its lines.
async fn merged(later: Duration) -> (u64, Vec<String>) {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let clock = clock();
    let store = open_at(&clock, eager(), &objects, folder.path()).await;
    let words = ["fetched", "page", "rows", "wrote", "part", "of", "orders", "customers", "retry"];
    let word = |i: i64| words[usize::try_from(i * 7919 % 10_007 * 31 % 997 % 9).unwrap()];
    let line = |i: i64| (0..12).map(|at| word(i * 13 + at * i + at)).collect::<Vec<_>>().join(" ");
    for part in 0..3_i64 {
        let lines: Vec<_> = (0..5000).map(|i| (5000 * part + i, line(5000 * part + i))).collect();
        let entries: Vec<_> = lines.iter().map(|(at, line)| (*at, line.as_str())).collect();
        append_and_flush(&store, "a", &entries).await;
    }
    clock.advance(later);
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!((store.status().segments, store.status().segment_rows), (1, 15_000));
    (store.status().segment_bytes, lines(&store).await)
}

#[tokio::test]
async fn a_day_that_is_over_is_packed_for_good() {
    let (fast, lines) = merged(Duration::ZERO).await;
    let (small, same_lines) = merged(2 * DAY).await;
    assert!(small < fast * 97 / 100, "{small} bytes, and {fast} while the day went on");
    assert!(lines == same_lines, "lines came out of the two otherwise");
}

#[tokio::test]
async fn what_two_writers_have_stored_is_there_once_after_a_merge() {
    let objects = fresh_objects();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut stores = Vec::new();
    let clock = clock();
    for folder in &folders {
        stores.push(open_at(&clock, eager(), &objects, folder.path()).await);
    }
    let same = [(1, "one"), (5, "x"), (5, "y"), (5, "z"), (9, "nine")];
    for (store, own) in stores.iter().zip(["first", "second"]) {
        let entries = [&same[..], &[(5, own)]].concat();
        let with_metadata = entry(5, "x", &[("pod", own)]);
        let mut stream = stream("a", &entries);
        stream.entries.push(with_metadata);
        store.append(&tenant(), vec![stream]).await.unwrap();
    }
    for store in &stores {
        store.flush().await.unwrap();
    }
    stores[0].refresh().await.unwrap();
    assert_eq!(rows(&stores[0]).await.len(), 14);
    clock.advance(2 * DAY);
    stores[0].upkeep(&keep_all()).await.unwrap();
    let expect = ["first", "nine", "one", "second", "x", "x", "x", "y", "z"];
    assert_eq!(lines(&stores[0]).await, expect);
    assert_eq!(stores[0].status().segments, 1);
    stores[1].refresh().await.unwrap();
    assert_eq!(lines(&stores[1]).await, expect);
}

#[tokio::test]
async fn exactly_what_is_due_expires_and_its_objects_too() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let clock = clock();
    let store = open_at(&clock, Config::default(), &objects, folder.path()).await;
    // Days 0, 1 and 2: an app that is kept for 30 days and one that is kept for 365.
    for day in 0..3 {
        let time = day * DAY_NANOS + 5;
        let (other, audit) = (format!("other {day}"), format!("audit {day}"));
        let streams = vec![stream("etl", &[(time, &other)]), stream("audit", &[(time, &audit)])];
        store.append(&tenant(), streams).await.unwrap();
        append_and_flush(&store, "alone", &[(time, &format!("alone {day}"))]).await;
    }
    let rules: Arc<dyn Rules> = Arc::new(Keep { apps: vec![("audit", 365)], others: Some(30) });
    let all = [
        "alone 0", "alone 1", "alone 2", "audit 0", "audit 1", "audit 2", "other 0", "other 1",
        "other 2",
    ];
    // The end of day 0 is 24 hours after its midnight.
    let steps: [(u32, &[&str]); 6] = [
        (0, &all),
        (30, &all),
        (31, &["alone 1", "alone 2", "audit 0", "audit 1", "audit 2", "other 1", "other 2"]),
        (33, &["audit 0", "audit 1", "audit 2"]),
        (366, &["audit 1", "audit 2"]),
        (368, &[]),
    ];
    for (days, expect) in steps {
        clock.set(Timestamp(at(0) + i64::from(days) * DAY_NANOS));
        store.upkeep(&rules).await.unwrap();
        assert_eq!(lines(&store).await, expect, "after {days} days");
        clock.advance(Config::default().removed_age);
        store.upkeep(&rules).await.unwrap();
        let segments = usize::try_from(store.status().segments).unwrap();
        assert_eq!(objects_of(&objects, "tenants").await.len(), segments, "after {days} days");
    }
    assert_eq!(store.status().segments, 0);
    let report = store.upkeep_report();
    assert_eq!((report.expired.rows, report.next), (9, None));
}

#[tokio::test]
async fn what_expires_next_is_told() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let store = open(&objects, folder.path()).await;
    append_and_flush(&store, "a", &[(1, "today")]).await;
    append_and_flush(&store, "a", &[(1 - DAY_NANOS, "yesterday")]).await;
    let rules: Arc<dyn Rules> = Arc::new(Keep { apps: vec![], others: Some(2) });
    store.upkeep(&rules).await.unwrap();
    let next = store.upkeep_report().next.unwrap();
    assert_eq!((next.at.0, next.segments), (at(2 * DAY_NANOS), 1));
    assert!(next.bytes > 0 && next.bytes < store.status().segment_bytes);
}

#[tokio::test]
async fn deleted_lines_are_erased_once_nobody_may_cancel_that() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let clock = clock();
    let store = open_at(&clock, Config::default(), &objects, folder.path()).await;
    append_and_flush(&store, "a", &[(1, "secret 1"), (2, "open 2"), (3, "secret 3")]).await;
    append_and_flush(&store, "never", &[(1, "secret never")]).await;
    store.append(&tenant(), vec![stream("a", &[(2, "secret in the head")])]).await.unwrap();
    let (start, end) = (Timestamp(at(0)), Timestamp(at(2)));
    let wish = DeleteWish { query: "secret".into(), start, end };
    let request = store.create_delete_request(&tenant(), wish).await.unwrap();
    clock.advance(Duration::from_secs(3599));
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!(lines(&store).await.len(), 5);
    clock.advance(Duration::from_secs(1));
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!(lines(&store).await, ["open 2", "secret 3", "secret never"]);
    let told = store.delete_requests(&tenant());
    assert_eq!(
        (told.len(), told[0].id, told[0].erased_at),
        (1, request.id, Some(Timestamp(at(3600 * 1_000_000_000))))
    );
    assert_eq!(store.upkeep_report().erased.rows, 2);

    // It is known after a restart, does nothing more, and is forgotten in the end.
    drop(store);
    let store = open_at(&clock, Config::default(), &objects, folder.path()).await;
    assert_eq!(store.delete_requests(&tenant()), told);
    append_and_flush(&store, "a", &[(2, "secret again")]).await;
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!(lines(&store).await.len(), 4);
    clock.advance(31 * DAY);
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!(store.delete_requests(&tenant()).len(), 0);
    assert_eq!(objects_of(&objects, "deletes").await, Vec::<String>::new());
}

#[tokio::test]
async fn objects_that_no_manifest_knows_are_swept_away_when_they_are_old() {
    let faulty = FaultyObjects::new();
    let (objects, folder) = (faulty.clone() as Arc<dyn ObjectStore>, tempfile::tempdir().unwrap());
    let clock = clock();
    let store = open_at(&clock, Config::default(), &objects, folder.path()).await;
    // Uploaded, and the process ends before the commit.
    faulty.fail("manifest", Fault::Refused, usize::MAX);
    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    store.flush().await.unwrap_err();
    faulty.heal();
    drop(store);
    let store = open_at(&clock, Config::default(), &objects, folder.path()).await;
    clock.advance(Duration::from_secs(3600));
    store.flush().await.unwrap();
    objects.put(&Path::from("tenants/fake/a-readme.txt"), "of somebody".into()).await.unwrap();
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!(objects_of(&objects, "tenants").await.len(), 3);
    clock.advance(Config::default().orphan_age - Duration::from_secs(3600));
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!(objects_of(&objects, "tenants").await.len(), 2);
    assert_eq!(lines(&store).await, ["one"]);
}

/// Faults while segments are merged: at each step, each way, and the process goes on or is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_that_fails_loses_and_doubles_nothing() {
    for folder in ["tenants", "manifest"] {
        for fault in [Fault::Refused, Fault::AnswerLost, Fault::Late] {
            for times in [1, 1000] {
                for killed in [false, true] {
                    check_merge(folder, fault, times, killed).await;
                }
            }
        }
    }
}

async fn check_merge(part: &'static str, fault: Fault, times: usize, killed: bool) {
    let case = format!("{part} {fault:?} {times} killed: {killed}");
    let (faulty, folder) = (FaultyObjects::new(), tempfile::tempdir().unwrap());
    let objects: Arc<dyn ObjectStore> = faulty.clone();
    let mut store = open_with(eager(), &objects, folder.path()).await;
    for i in 0..4 {
        append_and_flush(&store, "a", &[(i, "line")]).await;
    }
    faulty.fail(part, fault, times);
    let _ = store.upkeep(&keep_all()).await;
    assert_eq!(rows(&store).await.len(), 4, "{case}");
    faulty.heal();
    if killed {
        drop(store);
        store = open_with(eager(), &objects, folder.path()).await;
        assert_eq!(rows(&store).await.len(), 4, "{case} after the restart");
    }
    faulty.land_late_puts().await;
    store.refresh().await.unwrap();
    assert_eq!(rows(&store).await.len(), 4, "{case} after a refresh");
    append_and_flush(&store, "a", &[(9, "more")]).await;
    store.upkeep(&keep_all()).await.unwrap();
    assert_eq!((rows(&store).await.len(), store.status().segment_rows), (5, 5), "{case}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_ingest_and_compact_one_bucket_at_once() {
    let objects = fresh_objects();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut running = Vec::new();
    for (number, folder) in folders.iter().enumerate() {
        let store = open_with(eager(), &objects, folder.path()).await;
        let writer = store.clone();
        running.push(tokio::spawn(async move {
            for i in 0..20 {
                let line = format!("writer {number} line {i:02}");
                append_and_flush(&writer, "a", &[(i, &line)]).await;
            }
        }));
        let keeper = store.clone();
        running.push(tokio::spawn(async move {
            for _ in 0..20 {
                keeper.upkeep(&keep_all()).await.unwrap();
                tokio::task::yield_now().await;
            }
        }));
    }
    for task in running {
        task.await.unwrap();
    }
    let store = open_with(eager(), &objects, tempfile::tempdir().unwrap().path()).await;
    store.upkeep(&keep_all()).await.unwrap();
    let lines = |number| (0..20).map(move |i| format!("writer {number} line {i:02}"));
    assert_eq!(crate::world::lines(&store).await, lines(0).chain(lines(1)).collect::<Vec<_>>());
    assert_eq!(store.status().segment_rows, 40);
}

#[tokio::test]
async fn a_store_whose_log_was_taken_over_publishes_nothing_more() {
    let objects = fresh_objects();
    let folder = tempfile::tempdir().unwrap();
    let zombie = open(&objects, folder.path()).await;
    zombie.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    let successor = open(&objects, folder.path()).await;
    let error = zombie.flush().await.unwrap_err();
    assert!(matches!(error, Error::Fenced), "{error}");
    assert!(matches!(zombie.refresh().await.unwrap_err(), Error::Fenced));
    successor.flush().await.unwrap();
    assert_eq!((lines(&successor).await, successor.status().segment_rows), (vec!["one".into()], 1));
    // Not even when it has the same record already.
    assert!(matches!(zombie.flush().await.unwrap_err(), Error::Fenced));
    let refused = zombie.append(&tenant(), vec![stream("a", &[(2, "two")])]).await.unwrap_err();
    assert!(matches!(refused, Error::Fenced), "{refused}");
}

#[tokio::test]
async fn a_store_that_slept_while_its_numbers_were_removed_commits_all_the_same() {
    let objects = fresh_objects();
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let asleep = open(&objects, folders[0].path()).await;
    let awake = open(&objects, folders[1].path()).await;
    append_and_flush(&awake, "a", &[(0, "first")]).await;
    let also_asleep = open(&objects, folders[2].path()).await;
    for i in 1..400 {
        append_and_flush(&awake, "a", &[(i, "line")]).await;
    }
    let numbers = objects_of(&objects, "manifest").await;
    assert!(numbers.len() < 330, "{} manifests", numbers.len());
    append_and_flush(&asleep, "b", &[(1, "asleep")]).await;
    append_and_flush(&also_asleep, "b", &[(2, "also asleep")]).await;
    awake.refresh().await.unwrap();
    for store in [&asleep, &also_asleep, &awake] {
        store.refresh().await.unwrap();
        assert_eq!(rows(store).await.len(), 402);
    }
}

/// A cluster with little traffic: what costs money is how often something is put, and that depends
/// on time, not on lines.
#[tokio::test]
async fn a_quiet_cluster_makes_few_requests_and_few_objects() {
    let (objects, folder) = (CountingObjects::new(), tempfile::tempdir().unwrap());
    let (clock, config) = (clock(), Config::default());
    let counted = Arc::clone(&objects) as Arc<dyn ObjectStore>;
    let store = open_at(&clock, config.clone(), &counted, folder.path()).await;
    let _ = objects.puts();
    let mut puts = Vec::new();
    // A bucket answers a hundred times slower than memory.
    let hours = if test_store().is_some_and(|store| store.contains("://")) { 2 } else { 24 };
    for hour in 0..hours {
        for flush in 0..6 {
            let time = (hour * 6 + flush) * 600_000_000_000;
            append_and_flush(&store, "a", &[(time, "line"), (time + 1, "line")]).await;
            for _ in 0..5 {
                store.upkeep(&keep_all()).await.unwrap();
                clock.advance(4 * config.maintain_age);
            }
        }
        puts.push(objects.puts());
    }
    assert!(puts.iter().all(|puts| *puts < 100), "{puts:?} puts an hour");
    assert!(store.status().segments < 12, "{} segments of a day", store.status().segments);
    clock.advance(2 * DAY);
    store.upkeep(&keep_all()).await.unwrap();
    let rows = 12 * u64::try_from(hours).unwrap();
    assert_eq!((store.status().segments, store.status().segment_rows), (1, rows));
}
