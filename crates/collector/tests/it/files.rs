//! What happens to log files on a node, one thing at a time.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::node::Node;
use crate::store::Store;

/// CRI records of these lines, with times that follow from their numbers.
fn records(numbers: std::ops::Range<usize>) -> Vec<u8> {
    let record = |no: usize| format!("2026-11-22T08:00:{no:02}.5Z stdout F line {no:02}\n");
    numbers.map(record).collect::<String>().into_bytes()
}

fn lines(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|no| format!("line {no:02}")).collect()
}

/// A node with one pod, and a store.
struct World {
    node: Node,
    store: Store,
}

impl World {
    async fn new() -> Self {
        let store = Store::start([]).await;
        let node = Node::new(&store.url);
        fs::create_dir_all(node.container("a")).unwrap();
        Self { node, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.node.container("a").join(name)
    }

    /// Adds bytes to a log of the pod.
    fn write(&self, name: &str, bytes: &[u8]) {
        let mut options = File::options();
        let mut log = options.create(true).append(true).open(self.path(name)).unwrap();
        log.write_all(bytes).unwrap();
    }

    fn rotate(&self) {
        fs::rename(self.path("0.log"), self.path("0.log.20261122-000001")).unwrap();
    }

    /// Compresses the rotated log, as the kubelet does.
    fn compress(&self) {
        let (plain, packed) = ("0.log.20261122-000001", "0.log.20261122-000001.gz");
        let mut encoder =
            GzEncoder::new(File::create(self.path("x.tmp")).unwrap(), Compression::fast());
        io::copy(&mut File::open(self.path(plain)).unwrap(), &mut encoder).unwrap();
        encoder.finish().unwrap();
        fs::rename(self.path("x.tmp"), self.path(packed)).unwrap();
        fs::remove_file(self.path(plain)).unwrap();
    }

    /// Lets a collector run until all is delivered; says how many lines it has read.
    async fn collect(&self) -> u64 {
        let mut running = self.node.start();
        let status = running.drained().await;
        running.stop().await.unwrap();
        status.lines_read
    }

    /// How many entries came more often than once.
    fn doubled(&self) -> usize {
        self.store.stored().entries.values().filter(|(_, count)| *count > 1).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_log_that_was_read_is_not_read_again() {
    let world = World::new().await;
    world.write("0.log", &records(0..10));
    let mut running = world.node.start();
    running.drained().await;
    world.rotate();
    world.write("0.log", &records(10..20));
    running.drained().await;
    world.compress();
    // Long enough for the handle to be let go.
    for _ in 0..3 {
        running.drained().await;
    }
    let status = running.status();
    assert_eq!((status.lines_read, status.files), (20, 1));
    running.stop().await.unwrap();
    assert_eq!(world.collect().await, 0, "nor by the next collector");
    assert_eq!(world.collect().await, 0, "nor by the one after it");
    assert_eq!((world.store.stored().lines(), world.doubled()), (lines(0..20), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_log_is_read_on_from_where_it_was_left() {
    let world = World::new().await;
    world.write("0.log", &records(0..10));
    assert_eq!(world.collect().await, 10);
    // Nobody sees what is written now before it is compressed.
    world.write("0.log", &records(10..20));
    world.rotate();
    world.write("0.log", &records(20..30));
    world.compress();
    assert_eq!(world.collect().await, 20);
    assert_eq!(world.collect().await, 0);
    assert_eq!((world.store.stored().lines(), world.doubled()), (lines(0..30), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_log_that_nobody_knows_is_read() {
    let world = World::new().await;
    world.write("0.log", &records(0..10));
    world.rotate();
    world.write("0.log", &records(10..20));
    world.compress();
    assert_eq!(world.collect().await, 20);
    assert_eq!(world.store.stored().lines(), lines(0..20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_copied_and_truncated_is_read_once() {
    let world = World::new().await;
    let copy = |to: &str| {
        fs::copy(world.path("0.log"), world.path(to)).unwrap();
        fs::write(world.path("0.log"), "").unwrap();
    };
    world.write("0.log", &records(0..10));
    let mut running = world.node.start();
    running.drained().await;
    world.write("0.log", &records(10..20));
    copy("0.log.20261122-000001");
    world.write("0.log", &records(20..30));
    running.drained().await;
    assert_eq!(running.status().lines_read, 30);
    running.stop().await.unwrap();
    // And once more while nobody looks.
    world.write("0.log", &records(30..40));
    copy("0.log.20261122-000002");
    world.write("0.log", &records(40..50));
    assert_eq!(world.collect().await, 20);
    assert_eq!((world.store.stored().lines(), world.doubled()), (lines(0..50), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_truncated_is_read_anew() {
    let world = World::new().await;
    world.write("0.log", &records(0..10));
    let mut running = world.node.start();
    running.drained().await;
    // It is longer than before by the time somebody looks.
    fs::write(world.path("0.log"), records(10..40)).unwrap();
    running.drained().await;
    running.stop().await.unwrap();
    assert_eq!(world.store.stored().lines(), lines(0..40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_made_anew_is_another_though_its_inode_is_the_same() {
    let world = World::new().await;
    world.write("0.log", &records(0..10));
    assert_eq!(world.collect().await, 10);
    let before = fs::metadata(world.path("0.log")).unwrap().ino();
    // Nobody has it open, so most file systems give the inode to the next file.
    fs::remove_file(world.path("0.log")).unwrap();
    world.write("0.log", &records(10..30));
    let after = fs::metadata(world.path("0.log")).unwrap().ino();
    assert_eq!(world.collect().await, 20, "inodes {before} and {after}");
    assert_eq!(world.store.stored().lines(), lines(0..30));
}

/// Links to logs, as `/var/log/containers` has them.
#[tokio::test(flavor = "multi_thread")]
async fn links_are_followed_and_say_whose_the_log_is() {
    let mut world = World::new().await;
    let links = world.node.config.pods_folder.join("../links");
    fs::create_dir_all(&links).unwrap();
    let link = |pod: &Path| {
        let name = format!("{}_airflow_base-0123.log", pod.display());
        symlink(world.node.container(pod.to_str().unwrap()).join("0.log"), links.join(name))
            .unwrap();
    };
    world.write("0.log", &records(0..10));
    link(Path::new("a"));
    world.node.config.pods_folder = links.clone();
    let mut running = world.node.start();
    running.drained().await;
    // A pod that comes later, and goes at once when it is open.
    let pods = links.join("../pods");
    let other = pods.join("airflow_b_uid-of-b/base");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("0.log"), records(10..20)).unwrap();
    symlink(other.join("0.log"), links.join("b_airflow_base-4567.log")).unwrap();
    running.until(|status| status.files_opened == 2).await;
    fs::remove_dir_all(other.parent().unwrap()).unwrap();
    // A rotated log is no link, and is read to its end.
    let log = pods.join("airflow_a_uid-of-a/base/0.log");
    fs::rename(&log, log.with_extension("log.20261122-000001")).unwrap();
    fs::write(&log, records(20..30)).unwrap();
    running.drained().await;
    running.stop().await.unwrap();
    let stored = world.store.stored();
    assert_eq!(stored.lines(), lines(0..30));
    for ((labels, _, line), (metadata, _)) in &stored.entries {
        let pod = if ("line 10".."line 20").contains(&line.as_str()) { "b" } else { "a" };
        assert_eq!(labels, r#"{container="base", namespace="airflow"}"#);
        assert_eq!(*metadata, format!(r#"{{pod="{pod}", stream="stdout"}}"#), "{line}");
    }
}

/// Docker's logs are links below the pods folder.
#[tokio::test(flavor = "multi_thread")]
async fn what_grows_behind_a_link_is_read() {
    let world = World::new().await;
    let docker = world.node.config.pods_folder.join("../docker");
    fs::create_dir_all(&docker).unwrap();
    let time = r#""stream":"stderr","time":"2026-11-22T08:00:01.5Z"}"#;
    fs::write(docker.join("x-json.log"), format!(r#"{{"log":"one\n",{time}{}"#, "\n")).unwrap();
    symlink(docker.join("x-json.log"), world.path("0.log")).unwrap();
    let mut running = world.node.start();
    running.drained().await;
    let mut log = File::options().append(true).open(docker.join("x-json.log")).unwrap();
    write!(log, r#"{{"log":"t",{time}{}{{"log":"wo\n",{time}{}"#, "\n", "\n").unwrap();
    running.drained().await;
    running.stop().await.unwrap();
    let stored = world.store.stored();
    assert_eq!(stored.lines(), ["one", "two"]);
    assert!(stored.entries.values().all(|(metadata, _)| metadata.contains("stderr")));
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_bytes_stay_readable_and_long_lines_are_cut_and_marked() {
    let mut world = World::new().await;
    world.node.config.line_bytes_max = 100;
    let mut bytes = vec![0; 70_000];
    bytes.extend(b"2026-11-22T08:00:01Z stdout F after a hole\n");
    bytes.extend(b"2026-11-22T08:00:02Z stdout F a\xff\xfe b\0c\n");
    bytes.extend(b"no record at all\n");
    bytes.extend(b"2026-11-22T08:00:03Z stdout F ");
    bytes.extend([b'x'; 200_000]);
    bytes.push(b'\n');
    world.write("0.log", &bytes);
    let mut running = world.node.start();
    running.drained().await;
    assert!((running.metric("barogram_collector_cut_entries_total") - 1.0).abs() < 0.5);
    running.stop().await.unwrap();
    let lines = world.store.stored().lines();
    let [after, odd, plain, long] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!([after, odd, plain], ["after a hole", "a\u{fffd}\u{fffd} b\0c", "no record at all"]);
    assert!(long.starts_with("xxx") && long.len() <= 100, "{long}");
    assert!(long.ends_with(" […cut by barogram, the line has 200000 bytes]"), "{long}");
}
