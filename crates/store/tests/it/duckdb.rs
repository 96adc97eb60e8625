//! Segments are plain Parquet: DuckDB reads the same rows as our own scan. It runs where
//! `BAROGRAM_TEST_DUCKDB` names a Python that has the package `duckdb`; elsewhere nothing is
//! tested, and the test says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use barogram_store::inspect::Inspection;
use barogram_store::{Config, Store};
use model::{Clock, Labels, ManualClock, Stream, TenantId, Timestamp};
use serde_json::Value;

use crate::world::{Row, at, entry, everything, keep_all, scan};

const DAY: i64 = 86_400_000_000_000;
const TENANTS: [&str; 2] = ["fake", "o*r"];

/// The Python to ask.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("BAROGRAM_TEST_DUCKDB").filter(|python| !python.is_empty());
    if python.is_none() {
        #[allow(clippy::print_stdout, reason = "whoever runs the tests should know")]
        {
            println!("SKIPPED: BAROGRAM_TEST_DUCKDB names no Python with DuckDB");
        }
    }
    python.map(PathBuf::from)
}

/// Runs a query over the objects of a data folder.
fn ask(python: &Path, folder: &Path, sql: &str) -> Vec<BTreeMap<String, Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/duckdb/ask.py");
    let mut command = Command::new(python);
    let asked = command.arg(script).arg(sql).current_dir(folder.join("objects")).output().unwrap();
    let text = String::from_utf8_lossy(&asked.stderr);
    assert!(asked.status.success(), "{sql}\n{text}");
    let rows = String::from_utf8(asked.stdout).unwrap();
    rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A stream of a DAG and an app. Labels and metadata have names that clash with each other and with
/// our columns, and lines hold whatever text may.
fn stream(dag: &str, app: &str, first: i64, rows: i64) -> Stream {
    let labels = Labels::new([("dag_id", dag), ("app", app), ("line", "a label")]);
    let lines = [
        "Traceback (most recent call last):\n  File \"x.py\"",
        "ünïcödé 日本語 🦆 \u{7f}\u{1}\t\"quoted\" 'single' \\ back",
        "",
        "  spaces  ",
        "\r\n",
        "null",
        "{\"json\": [1, 2]}",
    ];
    let entries = (0..rows).map(|row| {
        let pod = format!("pod-{}", row % 5);
        let metadata: [(&str, &str); 4] =
            [("pod", &pod), ("app", "metadata"), ("timestamp", "t"), ("line", "not the line")];
        let (line, names) = ((row % 7) as usize, (row % 5) as usize);
        // Some rows share a time, so that their order is that in which they came.
        let time = first + row / 3 * 1_000_000_007;
        entry(time, &format!("{row} {}", lines[line]), &metadata[..names])
    });
    Stream { labels, entries: entries.collect() }
}

/// Several flushes and merges, two tenants, three days.
async fn made(folder: &Path) -> BTreeMap<&'static str, Vec<Row>> {
    let clock = Arc::new(ManualClock::new(Timestamp(at(0))));
    let config = Config { row_group_rows: 100, page_rows: 20, ..Config::default() };
    let as_clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let store = Store::open_folder(folder, config, as_clock).await.unwrap();
    for round in 0..7 {
        for tenant in TENANTS {
            let (day, first) = (round % 3 * DAY, round * 17);
            let bare = Labels::new([("job", "bare")]);
            let entries = vec![entry(day + first, "bare", &[("app", "only metadata here")])];
            let bare = Stream { labels: bare, entries };
            let both = vec![stream("etl", "airflow", day + first, 150), bare];
            let streams = match round % 2 {
                0 => both,
                _ => vec![stream("audit", "web", day + 5, 40), stream("etl", "airflow", day, 99)],
            };
            store.append(&TenantId::new(tenant).unwrap(), streams).await.unwrap();
        }
        store.flush().await.unwrap();
        if round == 4 {
            store.upkeep(&keep_all()).await.unwrap();
            clock.advance(std::time::Duration::from_secs(3 * 86_400));
            store.upkeep(&keep_all()).await.unwrap();
            clock.advance(std::time::Duration::from_secs(3600));
            store.upkeep(&keep_all()).await.unwrap();
        }
    }
    // On its own, so that the plain name is that of metadata here.
    let entries = vec![entry(2 * DAY + 77, "alone", &[("app", "only metadata here")])];
    let alone = Stream { labels: Labels::new([("job", "alone")]), entries };
    store.append(&TenantId::default(), vec![alone]).await.unwrap();
    store.flush().await.unwrap();
    let mut rows = BTreeMap::new();
    for tenant in TENANTS {
        let snapshot = store.snapshot(&TenantId::new(tenant).unwrap());
        rows.insert(tenant, scan(&snapshot, &everything(), 8192).await);
    }
    assert!(store.status().segments < 14 && store.status().segments > 6, "some were merged");
    store.shutdown().await.unwrap();
    rows
}

/// What DuckDB and we must agree on: time, line, and names and values of labels and metadata.
type Told = (i64, String, Vec<(String, String)>);

fn told(row: &Row) -> Told {
    let labels = Labels::parse(&row.1).unwrap();
    let labels = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut pairs: Vec<_> = labels.chain(row.3.iter().cloned()).collect();
    pairs.sort();
    (row.0, row.2.clone(), pairs)
}

/// A row of DuckDB's. A name that was taken has its kind in front.
fn read(mut row: BTreeMap<String, Value>) -> Told {
    let text = |value: Value| value.as_str().unwrap().to_owned();
    let time = row.remove("nanoseconds").unwrap().as_i64().unwrap();
    let line = text(row.remove("line").unwrap());
    let pairs = row.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let name = name.trim_start_matches("label.").trim_start_matches("metadata.");
        (name.to_owned(), text(value))
    });
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort();
    (time, line, pairs)
}

/// The rows of a tenant's day: in the order of the live segments, and in each in that of the file.
fn of_day(python: &Path, folder: &Path, tenant: &str, day: &str, live: &[String]) -> Vec<Told> {
    let tenant = tenant.replace('*', "%2A");
    let sql = format!(
        "SELECT epoch_ns(timestamp) AS nanoseconds, * EXCLUDE (timestamp)
         FROM read_parquet('tenants/{tenant}/{day}/*.parquet', union_by_name = true,
                           filename = true, file_row_number = true)
         ORDER BY filename, file_row_number"
    );
    let mut files: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for mut row in ask(python, folder, &sql) {
        let file = row.remove("filename").unwrap().as_str().unwrap().replace("%2A", "*");
        row.remove("file_row_number");
        files.entry(file).or_default().push(read(row));
    }
    let rows = live.iter().filter_map(|path| files.remove(path)).flatten().collect();
    assert!(files.is_empty(), "no other segments are there: {:?}", files.keys());
    rows
}

#[tokio::test]
async fn duckdb_reads_what_we_read() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let rows = made(folder.path()).await;
    let found = Inspection::folder(folder.path()).await.unwrap();
    let live: Vec<String> = found.segments().into_iter().map(|segment| segment.path).collect();
    for day in found.days() {
        let theirs = of_day(&python, folder.path(), &day.tenant, &day.day, &live);
        let is_of = |row: &&Row| {
            day.min_timestamp.as_nanos() <= row.0 && row.0 <= day.max_timestamp.as_nanos()
        };
        let ours: Vec<Told> = rows[&day.tenant[..]].iter().filter(is_of).map(told).collect();
        assert_eq!(ours.len() as u64, day.rows);
        // One by one: the difference of two thousand rows cannot be read.
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!(theirs, ours, "{} {}", day.tenant, day.day);
        }
        assert_eq!(theirs.len(), ours.len(), "{} {}", day.tenant, day.day);
    }
    assert_eq!(found.days().len(), 6);
}

/// The SQL of the description of the format.
fn examples() -> Vec<String> {
    let text = include_str!("../../../../docs/formats/segment.md");
    let blocks = text.split("```sql\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// How many of some rows have each key.
fn count_by<K: Ord>(rows: &[Row], key: impl Fn(&Row) -> Option<K>) -> Vec<(K, u64)> {
    let mut counts = BTreeMap::new();
    rows.iter().filter_map(key).for_each(|key| *counts.entry(key).or_default() += 1);
    counts.into_iter().collect()
}

fn dag(row: &Row) -> Option<String> {
    Labels::parse(&row.1).unwrap().get("dag_id").map(str::to_owned)
}

#[tokio::test]
async fn the_examples_of_the_format_are_true() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let rows = made(folder.path()).await.remove("fake").unwrap();
    let examples = examples();
    let [failed, lines, hours, live] = &examples[..] else { panic!("test each of {examples:?}") };

    let pairs = |sql: &str, key: &str, value: &str| -> Vec<(String, u64)> {
        let rows = ask(&python, folder.path(), sql).into_iter();
        let pair = |row: BTreeMap<String, Value>| {
            (row[key].as_str().unwrap().to_owned(), row[value].as_u64().unwrap())
        };
        rows.map(pair).collect()
    };
    let expect = count_by(&rows, |row| {
        let is_wanted = row.0 < at(DAY) && row.2.contains("Traceback");
        is_wanted.then(|| dag(row)).flatten()
    });
    assert_eq!(pairs(failed, "dag_id", "tracebacks"), expect);
    assert_eq!(expect.len(), 2);

    let etl = rows.iter().filter(|row| dag(row).as_deref() == Some("etl"));
    let mut expect: Vec<&str> = etl.map(|row| row.2.as_str()).collect();
    let told = ask(&python, folder.path(), lines);
    assert!(told.is_sorted_by_key(|row| row["timestamp"].as_str().unwrap().to_owned()));
    let mut told: Vec<&str> = told.iter().map(|row| row["line"].as_str().unwrap()).collect();
    told.sort_unstable();
    expect.sort_unstable();
    assert_eq!(told, expect);

    let expect = count_by(&rows, |row| Some((row.0 - at(0)) / 3_600_000_000_000));
    let told: Vec<u64> = pairs(hours, "hour", "lines").into_iter().map(|(_, n)| n).collect();
    assert_eq!(told, expect.into_iter().map(|(_, n)| n).collect::<Vec<_>>());

    // Merged segments are still there, and are not counted twice.
    let (count, late) = count_live_while_merging(&python, folder.path(), live).await;
    assert_eq!(count, rows.len() as u64 + late as u64);
}

/// Counts live rows after as many late ones, a segment each, were merged as it takes.
async fn count_live_while_merging(python: &Path, folder: &Path, live: &str) -> (u64, i64) {
    let clock = Arc::new(ManualClock::new(Timestamp(at(4 * DAY))));
    let config = Config::default();
    let late = config.compact_inputs_min as i64;
    let store = Store::open_folder(folder, config, clock).await.unwrap();
    let before = store.status().segments;
    for row in 0..late {
        let entries = vec![entry(5 * DAY + row, "late", &[])];
        let stream = Stream { labels: Labels::new([("job", "late")]), entries };
        store.append(&TenantId::default(), vec![stream]).await.unwrap();
        store.flush().await.unwrap();
    }
    store.upkeep(&keep_all()).await.unwrap();
    assert!(store.status().segments <= before + 1, "they were merged");
    let all = "SELECT count(*) AS lines FROM 'tenants/fake/2026-11-27/*.parquet'";
    assert_eq!(ask(python, folder, all)[0]["lines"], 2 * late, "they are still there");
    (ask(python, folder, live)[0]["lines"].as_u64().unwrap(), late)
}
