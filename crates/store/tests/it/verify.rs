//! A table of damages: what a verification finds of each, and that after the repairs the store
//! opens, is clean, and has every row that could be read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barogram_store::verify::{Depth, Finding, Loss, Repairs, Report, Severity, Told, Verification};
use barogram_store::{Config, FailPoints, Store};
use model::{Clock, Labels, ManualClock, Stream, TenantId, Timestamp};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::Value;

use crate::under_test::{Fresh, fresh_objects};
use crate::world::{Row, at, entry, everything, scan};

mod crafted;
mod damages;

const DAY: i64 = 86_400_000_000_000;

/// Rows of a tenant.
type Rows = Vec<(String, Row)>;

/// A store that is not running: segments of two tenants and two days in several row groups and
/// pages, and appends in its log.
struct World {
    folder: tempfile::TempDir,
    objects: Fresh,
    clock: Arc<ManualClock>,
    rows: Rows,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(at(0))));
        let mut world = Self { folder, objects: fresh_objects(), clock, rows: Vec::new() };
        let store = world.open().await;
        let other = TenantId::new("o*r").unwrap();
        let streams = vec![many("etl", 0, 150), many("audit", 7, 40), many("etl", DAY, 30)];
        store.append(&TenantId::default(), streams).await.unwrap();
        store.append(&other, vec![many("etl", 3, 90)]).await.unwrap();
        store.flush().await.unwrap();
        store.append(&TenantId::default(), vec![many("etl", 500, 60)]).await.unwrap();
        store.flush().await.unwrap();
        for first in [700, 800, 900] {
            store.append(&other, vec![many("log", first, 10)]).await.unwrap();
        }
        world.rows = rows(&store).await;
        store.shutdown().await.unwrap();
        world
    }

    async fn open(&self) -> Store {
        let config = Config { row_group_rows: 64, page_rows: 16, ..Config::default() };
        let (objects, clock) = (Some(Arc::clone(&self.objects)), self.clock.clone());
        let fail_points = FailPoints::default();
        Store::open_in(self.folder.path(), objects, config, clock, fail_points).await.unwrap()
    }

    fn repairs(&self) -> Repairs {
        let (objects, clock) = (Some(Arc::clone(&self.objects)), self.clock.clone());
        Repairs::lock(self.folder.path(), objects, clock).unwrap()
    }

    fn wal_dir(&self) -> PathBuf {
        self.folder.path().join("wal")
    }

    async fn get(&self, path: &str) -> Vec<u8> {
        let path = ObjectPath::from(path);
        self.objects.get(&path).await.unwrap().bytes().await.unwrap().to_vec()
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) {
        // What a store has read of it must not hide what it became.
        std::fs::remove_dir_all(self.folder.path().join("cache")).ok();
        self.objects.put(&ObjectPath::from(path), bytes.into()).await.unwrap();
    }

    async fn remove(&self, path: &str) {
        self.objects.delete(&ObjectPath::from(path)).await.unwrap();
    }

    /// The newest manifest, its path and its document.
    async fn manifest(&self) -> (String, Value) {
        let listed = self.objects.list_with_delimiter(Some(&ObjectPath::from("manifest"))).await;
        let paths = listed.unwrap().objects.into_iter().map(|object| object.location);
        let path = paths.max().unwrap().to_string();
        let document = serde_json::from_slice(&self.get(&path).await).unwrap();
        (path, document)
    }

    /// The path of the live segment with so many rows.
    async fn segment(&self, rows: u64) -> String {
        let (_, manifest) = self.manifest().await;
        let segments = manifest["segments"].as_array().unwrap();
        let segment = segments.iter().find(|segment| segment["rows"] == rows).unwrap();
        segment["path"].as_str().unwrap().to_owned()
    }

    /// Puts other bytes in the place of a segment, of which the manifest tells the size.
    async fn forge(&self, segment: &str, bytes: Vec<u8>) {
        let (path, mut manifest) = self.manifest().await;
        let segments = manifest["segments"].as_array_mut().unwrap();
        let record = segments.iter_mut().find(|record| record["path"] == segment).unwrap();
        record["bytes"] = bytes.len().into();
        self.put(&path, serde_json::to_vec_pretty(&manifest).unwrap()).await;
        self.put(segment, bytes).await;
    }
}

/// A stream with rows of odd text that does not compress to nothing.
fn many(app: &str, first: i64, rows: i64) -> Stream {
    let labels = Labels::new([("app", app), ("cluster", "one")]);
    let text = |row: i64| {
        let number = (first + row + 1).wrapping_mul(6_364_136_223_846_793_005);
        format!("{app} {row} {number:x} ünïcödé {:x}", number.wrapping_mul(number))
    };
    let entries = (0..rows).map(|row| {
        let pod = format!("pod-{}", row % 7);
        let metadata = [("pod", pod.as_str()), ("line", "not the line")];
        entry(first + row, &text(row), &metadata[..(row % 3) as usize])
    });
    Stream { labels, entries: entries.collect() }
}

async fn rows(store: &Store) -> Rows {
    let mut found = Vec::new();
    for tenant in ["fake", "o*r"] {
        let snapshot = store.snapshot(&TenantId::new(tenant).unwrap());
        let rows = scan(&snapshot, &everything(), 8192).await;
        found.extend(rows.into_iter().map(|row| (tenant.to_owned(), row)));
    }
    found.sort();
    found
}

async fn verify(verification: &Verification, depth: Depth) -> Report {
    let mut told = Vec::new();
    let report = verification
        .run(depth, &mut |event| {
            if let Told::Finding(finding) = event {
                told.push(finding.clone());
            }
        })
        .await
        .unwrap();
    assert_eq!(told, report.findings);
    report
}

/// The rules that findings of this severity break.
fn rules(findings: &[Finding], severity: Severity) -> Vec<&str> {
    let found = findings.iter().filter(|finding| finding.severity == severity);
    let rules: BTreeSet<&str> = found.map(|finding| finding.rule).collect();
    rules.into_iter().collect()
}

/// What is expected of a damage.
#[derive(Debug, Default)]
struct Expect<'a> {
    /// The errors, and the warnings.
    errors: &'a [&'a str],
    warnings: &'a [&'a str],
    /// Those of the errors that a quick look finds too.
    quick: &'a [&'a str],
    /// Rows that are lost, and rows that are not what they were.
    lost: u64,
    changed: u64,
}

async fn check(damage: impl AsyncFnOnce(&World), expect: Expect<'_>) -> Vec<Loss> {
    let world = World::new().await;
    damage(&world).await;
    let repairs = world.repairs();
    let quick = verify(repairs.verification(), Depth::Quick).await;
    assert_eq!(rules(&quick.findings, Severity::Error), expect.quick, "{:#?}", quick.findings);
    let report = verify(repairs.verification(), Depth::Full).await;
    assert_eq!(rules(&report.findings, Severity::Error), expect.errors, "{:#?}", report.findings);
    assert_eq!(rules(&report.findings, Severity::Warning), expect.warnings);
    let mut lost = Vec::new();
    for repair in &report.repairs {
        let repaired = repairs.run(repair).await.unwrap();
        lost.extend(repaired.lost);
        // Once more, as after a crash.
        repairs.run(repair).await.ok();
    }
    check_clean(&repairs, &expect).await;
    drop(repairs);
    let store = world.open().await;
    check_rows(&world.rows, &rows(&store).await, &expect);
    store.flush().await.unwrap();
    store.shutdown().await.unwrap();
    drop(store);
    check_clean(&world.repairs(), &expect).await;
    lost
}

async fn check_clean(repairs: &Repairs, expect: &Expect<'_>) {
    let after = verify(repairs.verification(), Depth::Full).await;
    assert_eq!((after.summary.errors, after.summary.warnings), (0, 0), "{:#?}", after.findings);
    assert_eq!(after.summary.rows_verified, after.summary.rows, "{expect:?}");
}

fn check_rows(before: &Rows, after: &Rows, expect: &Expect<'_>) {
    let all = before.len() as u64;
    assert_eq!(after.len() as u64, all - expect.lost, "{expect:?}");
    let mut known: BTreeMap<_, u64> = BTreeMap::new();
    before.iter().for_each(|row| *known.entry(row).or_default() += 1);
    let mut changed = 0;
    for row in after {
        match known.get_mut(row) {
            Some(times) if *times > 0 => *times -= 1,
            _ => changed += 1,
        }
    }
    assert_eq!(changed, expect.changed, "{expect:?}");
}

#[tokio::test]
async fn a_store_that_runs_is_verified_without_its_lock() {
    let world = World::new().await;
    let store = world.open().await;
    let (objects, wal_dir) = (Arc::clone(&world.objects), Some(world.wal_dir()));
    let now = world.clock.now();
    let verification = Verification::new(objects, wal_dir, "here".to_owned(), now);
    let mut progress = Vec::new();
    let mut listener = |told: Told<'_>| {
        if let Told::Progress(at) = told {
            progress.push(at);
        }
    };
    let report = verification.run(Depth::Full, &mut listener).await.unwrap();
    assert_eq!(rules(&report.findings, Severity::Error), Vec::<&str>::new());
    let (summary, last) = (report.summary, progress.last().unwrap());
    assert_eq!((summary.segments, summary.rows, summary.rows_verified), (4, 370, 370));
    assert_eq!((summary.log_records_unpublished, summary.segments_without_checksums), (3, 0));
    assert_eq!((last.segments, last.bytes), (last.segments_of, last.bytes_of));
    let clock = world.clock.clone();
    let objects = Some(Arc::clone(&world.objects));
    let error = Repairs::lock(world.folder.path(), objects, clock).unwrap_err();
    assert!(error.to_string().contains("is in use by process"), "{error}");
    assert_eq!(rows(&store).await, world.rows);
}

#[tokio::test]
async fn segments_without_checksums_are_whole_too() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1/objects");
    let objects = crate::under_test::open(fixture.to_str().unwrap());
    let now = Timestamp(at(0));
    let verification = Verification::new(objects, None, "fixture".to_owned(), now);
    let report = verify(&verification, Depth::Full).await;
    assert_eq!(report.findings, []);
    let summary = report.summary;
    assert_eq!((summary.rows_verified, summary.segments_without_checksums), (5, 2));
}

#[tokio::test]
async fn where_there_is_no_store_there_is_nothing_to_look_at() {
    let folder = tempfile::tempdir().unwrap();
    Verification::folder(folder.path(), Timestamp(0)).unwrap_err();
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    Repairs::lock(folder.path(), None, clock).unwrap_err();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "none was made");
    let verification =
        Verification::new(Arc::clone(&fresh_objects()), None, "x".to_owned(), Timestamp(0));
    assert!(verification.run(Depth::Full, &mut |_| {}).await.is_err());
}
