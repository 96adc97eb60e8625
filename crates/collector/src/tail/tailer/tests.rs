//! A model of what happens to log files, and the promise that every line comes out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::time::Duration;

use model::ManualClock;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::Error;
use crate::tail::watch::watch;

/// How many pods there are.
const PODS: usize = 3;
/// The one that is a Celery worker, whose lines are said to be of what they tell.
const WORKER: usize = 1;

/// Knows every pod of the namespace `known` but those whose name begins with `late`.
#[derive(Debug)]
struct Pods;

impl PodSource for Pods {
    fn pod(&self, namespace: &str, name: &str, _: &str) -> Option<Arc<Pod>> {
        let pod = Pod::new(namespace, name).with_labels(&[("app", "known")]);
        let pod = if name == format!("pod-{WORKER}") {
            pod.with_labels(&[("tier", "airflow"), ("component", "worker")])
        } else {
            pod
        };
        (namespace == "known").then(|| Arc::new(pod))
    }
}

/// A node with its log files, and the collector's part that reads them.
struct Node {
    folder: TempDir,
    tailer: Tailer,
    now: Instant,
    /// How many seconds have passed in which nothing was written.
    silent: usize,
    /// Deliveries that the store has not acknowledged.
    in_flight: VecDeque<Delivery>,
    /// Line → all that it was delivered as.
    delivered: BTreeMap<String, Vec<String>>,
    written: BTreeSet<String>,
    /// Lines that the collector knows to be delivered: they must not come again.
    settled: BTreeSet<String>,
    rotations: u32,
    /// Whether a file may have been deleted of which lines are not acknowledged.
    has_deleted: bool,
    /// The end of the line of each pod that is written in half.
    halves: BTreeMap<usize, String>,
}

impl Node {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tailer = tailer(folder.path());
        Self {
            folder,
            tailer,
            now: Instant::now(),
            silent: 0,
            in_flight: VecDeque::new(),
            delivered: BTreeMap::new(),
            written: BTreeSet::new(),
            settled: BTreeSet::new(),
            rotations: 0,
            has_deleted: false,
            halves: BTreeMap::new(),
        }
    }

    fn container(&self, pod: usize) -> PathBuf {
        self.folder.path().join(format!("pods/known_pod-{pod}_uid-{pod}/base"))
    }

    fn log(&self, pod: usize) -> PathBuf {
        self.container(pod).join("0.log")
    }

    /// Writes so many lines, in pieces of so many bytes, with a look in between.
    fn write(&mut self, pod: usize, lines: usize, piece: usize) {
        self.write_other_half(pod);
        let mut records = String::new();
        for _ in 0..lines {
            let (time, text) = self.new_line(pod);
            records += &format!("{time}.5Z stdout F {text}\n");
        }
        self.append(pod, records.as_bytes(), piece);
    }

    /// Writes the first record of a line that the runtime has cut into two.
    fn write_half(&mut self, pod: usize) {
        self.write_other_half(pod);
        let (time, text) = self.new_line(pod);
        let (first, second) = text.split_at(7);
        self.append(pod, format!("{time}Z stdout P {first}\n").as_bytes(), usize::MAX);
        self.halves.insert(pod, format!("{time}.5Z stdout F {second}\n"));
    }

    fn write_other_half(&mut self, pod: usize) {
        if let Some(record) = self.halves.remove(&pod) {
            self.append(pod, record.as_bytes(), usize::MAX);
        }
    }

    fn write_other_halves(&mut self) {
        (0..PODS).for_each(|pod| self.write_other_half(pod));
    }

    fn new_line(&mut self, pod: usize) -> (String, String) {
        let no = self.written.len();
        let text = if pod == WORKER { worker_line(no) } else { format!("line {no} of pod {pod}") };
        self.written.insert(text.clone());
        let at = no + self.silent;
        (format!("2026-11-22T08:{:02}:{:02}", at / 60, at % 60), text)
    }

    fn append(&mut self, pod: usize, bytes: &[u8], piece: usize) {
        fs::create_dir_all(self.container(pod)).unwrap();
        for bytes in bytes.chunks(piece) {
            let mut options = fs::OpenOptions::new();
            let mut log = options.create(true).append(true).open(self.log(pod)).unwrap();
            log.write_all(bytes).unwrap();
            self.scan();
        }
    }

    fn scan(&mut self) {
        self.tailer.scan(self.now).unwrap();
    }

    /// Reads for so many turns.
    fn read(&mut self, turns: usize) {
        for _ in 0..turns {
            self.in_flight.extend(self.tailer.next(self.now));
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.silent += usize::try_from(time.as_secs()).unwrap() + 1;
        self.tailer.refresh(self.now);
    }

    /// The store has so many of the parcels on their way; of each, the collector gets to know.
    fn acknowledge(&mut self, parcels: usize) {
        for _ in 0..parcels {
            let Some(delivery) = self.in_flight.pop_front() else { return };
            self.store(&delivery);
            let lines = delivery.parcel.entries.iter().map(|(_, entry)| entry.line.clone());
            self.settled.extend(lines);
            let mut positions = self.tailer.positions();
            positions.settle(delivery.no, delivery.parcel.position);
            if delivery.is_last {
                positions.forget(delivery.no);
            }
        }
    }

    fn store(&mut self, delivery: &Delivery) {
        for (labels, entry) in &delivery.parcel.entries {
            assert!(!self.settled.contains(&entry.line), "{} came again", entry.line);
            let as_what = format!("{} {labels} {}", entry.timestamp, entry.metadata);
            self.delivered.entry(entry.line.clone()).or_default().push(as_what);
        }
    }

    /// All that there is, to the last byte.
    fn drain(&mut self) {
        self.scan();
        while self.tailer.has_work() {
            self.read(1);
        }
        self.acknowledge(usize::MAX);
        self.has_deleted = false;
    }

    /// All that there is, with the lines that wait for one that tells whose they are.
    fn drain_idle(&mut self) {
        self.write_other_halves();
        self.drain();
        self.pass(Duration::from_secs(2));
        self.drain();
    }

    /// The collector is killed, and another starts. The store may have what it has not told.
    fn restart(&mut self, is_stored: bool) {
        let changes = self.tailer.positions().changed();
        if let Some(changes) = changes {
            changes.write().unwrap();
            self.tailer.positions().written(&changes);
        }
        for delivery in std::mem::take(&mut self.in_flight) {
            if is_stored {
                self.store(&delivery);
            }
        }
        self.tailer = tailer(self.folder.path());
    }

    fn rotate(&mut self, pod: usize) {
        self.rotations += 1;
        let time = format!("0.log.20261122-{:06}", self.rotations);
        // A pod that has not written yet has nothing to rotate.
        let _ = fs::rename(self.log(pod), self.container(pod).join(time));
    }

    fn delete(&mut self, pod: usize) {
        self.scan();
        let folder = self.container(pod);
        let _ = fs::remove_dir_all(folder.parent().unwrap());
        self.has_deleted = true;
    }

    fn truncate(&mut self, pod: usize) {
        if self.log(pod).exists() {
            fs::write(self.log(pod), "").unwrap();
        }
        self.scan();
    }

    fn run(&mut self, event: &Event) {
        match *event {
            Event::Write { pod, lines, piece } => self.write(pod, lines, piece),
            Event::WriteHalf(pod) => self.write_half(pod),
            Event::Read(turns) => self.read(turns),
            Event::Acknowledge(parcels) => self.acknowledge(parcels),
            Event::Scan => self.scan(),
            // A line that stays in half for long is two.
            Event::Pass(millis) => {
                self.write_other_halves();
                self.pass(Duration::from_millis(millis));
            }
            Event::Rotate(pod) => self.rotate(pod),
            Event::Delete(pod) => {
                self.write_other_half(pod);
                self.delete(pod);
            }
            // What is truncated before it is read is lost to anybody.
            Event::Truncate(pod) => {
                self.write_other_half(pod);
                self.drain_idle();
                self.truncate(pod);
            }
            // So is what nobody has open when it is deleted.
            Event::Restart { is_stored } => {
                if self.has_deleted {
                    self.drain_idle();
                }
                self.restart(is_stored);
            }
        }
    }
}

/// What a worker says that is told to work and does: a line of the number of all.
fn worker_line(no: usize) -> String {
    let head = |process: &str| format!("[2026-11-22 08:41:39,641: INFO/{process}]");
    let (main, own) = (head("MainProcess"), head("ForkPoolWorker-1"));
    let id = format!("{:08}-773e-41ba-93ca-7ece346a4dbb", no / 6);
    match no % 6 {
        0 => format!("{main} Task execute_command[{id}] received"),
        1 => format!(
            "{own} [{id}] Executing command in Celery: ['airflow', 'tasks', 'run', 'd{no}', 't', 'r']"
        ),
        5 => format!("{own} Task execute_command[{id}] succeeded in 1s: None"),
        _ => format!("{own} line {no}"),
    }
}

#[derive(Debug, Clone)]
enum Event {
    Write { pod: usize, lines: usize, piece: usize },
    WriteHalf(usize),
    Read(usize),
    Acknowledge(usize),
    Scan,
    Pass(u64),
    Rotate(usize),
    Delete(usize),
    Truncate(usize),
    Restart { is_stored: bool },
}

fn event() -> impl Strategy<Value = Event> {
    let pod = 0..PODS;
    prop_oneof![
        6 => (pod.clone(), 1..9_usize, 40..400_usize)
            .prop_map(|(pod, lines, piece)| Event::Write { pod, lines, piece }),
        2 => pod.clone().prop_map(Event::WriteHalf),
        4 => (1..5_usize).prop_map(Event::Read),
        3 => (1..5_usize).prop_map(Event::Acknowledge),
        1 => Just(Event::Scan),
        1 => (1..3000_u64).prop_map(Event::Pass),
        2 => pod.clone().prop_map(Event::Rotate),
        1 => pod.clone().prop_map(Event::Delete),
        1 => pod.prop_map(Event::Truncate),
        2 => any::<bool>().prop_map(|is_stored| Event::Restart { is_stored }),
    ]
}

fn tailer(folder: &Path) -> Tailer {
    let config = Config {
        pods_folder: folder.join("pods"),
        state_folder: folder.join("state"),
        ..Config::default()
    };
    let around = Surroundings {
        pods: Arc::new(Pods),
        clock: Arc::new(ManualClock::default()),
        custody: Custody::new(Positions::open(&config.state_folder).unwrap(), Progress::new()),
        metrics: Metrics::default(),
        progress: Progress::new(),
    };
    Tailer::new(config, around, watch().1, Opener::default())
}

fn in_runtime<T>(work: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    work()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_line_comes_out_and_always_the_same(
        events in proptest::collection::vec(event(), 1..30),
    ) {
        in_runtime(|| {
            let mut node = Node::new();
            fs::create_dir_all(node.folder.path().join("pods")).unwrap();
            events.iter().for_each(|event| node.run(event));
            node.write_other_halves();
            node.drain_idle();
            let lines: BTreeSet<String> = node.delivered.keys().cloned().collect();
            prop_assert_eq!(&lines, &node.written);
            let restarts = events.iter().filter(|event| matches!(event, Event::Restart { .. }));
            let restarts = restarts.count();
            for (line, deliveries) in &node.delivered {
                let distinct: BTreeSet<&String> = deliveries.iter().collect();
                prop_assert_eq!(distinct.len(), 1, "{} was delivered as {:?}", line, distinct);
                prop_assert!(deliveries.len() <= restarts + 1, "{} came too often", line);
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_log_that_begins_at_its_birth_is_attributed_through_rotation_and_restart() {
    in_runtime(|| {
        let mut node = Node::new();
        let write = |lines| Event::Write { pod: WORKER, lines, piece: usize::MAX };
        let restart = Event::Restart { is_stored: false };
        let events = [write(2), Event::Rotate(WORKER), write(2), Event::Read(9), restart, write(1)];
        events.iter().for_each(|event| node.run(event));
        node.drain_idle();
        let by = |line: usize| {
            let as_what = node.delivered[&worker_line(line)].last().unwrap();
            let (_, by) = as_what.split_once("attributed_by=\"").unwrap_or(("", "nobody\""));
            by.split_once('"').unwrap().0.to_owned()
        };
        let expect = ["line", "line", "process", "process", "process"];
        assert_eq!((0..5).map(by).collect::<Vec<_>>(), expect);
    });
}

#[test]
fn what_a_rotated_log_has_told_is_on_disk_before_the_next_file_s_lines_go() {
    in_runtime(|| {
        let mut node = Node::new();
        node.write(WORKER, 2, usize::MAX);
        node.drain();
        node.rotate(WORKER);
        node.write(WORKER, 2, usize::MAX);
        node.scan();
        let deliveries = node.tailer.read(usize::MAX, node.now);
        deliveries.iter().for_each(|delivery| node.store(delivery));
        // It is killed before the positions are written in their turn, and the rotated file goes.
        node.tailer = tailer(node.folder.path());
        fs::remove_file(node.container(WORKER).join("0.log.20261122-000001")).unwrap();
        node.drain_idle();
        for line in [2, 3].map(worker_line) {
            let deliveries = &node.delivered[&line];
            assert!(deliveries[0].contains("attributed_by=\"process\""), "{deliveries:?}");
            assert_eq!(deliveries[..1], deliveries[1..], "the same again");
        }
    });
}

#[test]
fn a_line_in_two_files_is_whole_though_nobody_read_for_long() {
    in_runtime(|| {
        let mut node = Node::new();
        for event in [
            Event::WriteHalf(2),
            Event::Rotate(2),
            Event::Read(1),
            Event::Write { pod: 0, lines: 1, piece: 40 },
            Event::Pass(2877),
            Event::Pass(2624),
        ] {
            node.run(&event);
        }
        node.drain();
        assert_eq!(node.delivered.keys().cloned().collect::<BTreeSet<_>>(), node.written);
    });
}

#[test]
fn a_file_that_is_gone_is_let_go_with_its_last_line() {
    in_runtime(|| {
        let mut node = Node::new();
        node.write(0, 1, 1000);
        let mut log = fs::OpenOptions::new().append(true).open(node.log(0)).unwrap();
        log.write_all(b"2026-11-22T09:00:00Z stdout P no end").unwrap();
        node.scan();
        node.delete(0);
        for _ in 0..=MISSED_SCANS_MAX {
            node.drain();
        }
        assert!(node.delivered.contains_key("no end"));
        assert!(node.tailer.files.is_empty());
        assert!(node.tailer.by_inode.is_empty());
    });
}

#[test]
fn a_large_file_is_read_in_turns() {
    in_runtime(|| {
        let mut node = Node::new();
        node.write(0, 3500, usize::MAX);
        node.write(1, 1, usize::MAX);
        assert!(fs::metadata(node.log(0)).unwrap().len() > 2 * READ_BYTES_MAX as u64);
        node.read(2);
        assert_eq!(node.in_flight[1].parcel.records_read, 1, "the small file had its turn");
        node.read(2);
        assert!(!node.tailer.has_work());
        node.acknowledge(usize::MAX);
        assert_eq!(node.delivered.len(), 3501);
    });
}

#[test]
fn idle_files_give_their_handles_back_and_are_read_on() {
    in_runtime(|| {
        let mut node = Node::new();
        node.tailer.handles_max = 1;
        (0..PODS).for_each(|pod| node.write(pod, 2, usize::MAX));
        node.drain();
        node.pass(Duration::ZERO);
        let released = |node: &Node| {
            node.tailer.files.values().filter(|tailing| tailing.file.is_released()).count()
        };
        assert_eq!(released(&node), PODS);
        node.write(1, 3, usize::MAX);
        node.rotate(2);
        node.write(2, 1, usize::MAX);
        node.drain();
        assert_eq!(node.delivered.keys().cloned().collect::<BTreeSet<_>>(), node.written);
        // One that is written anew while nobody has it open is another.
        node.pass(Duration::ZERO);
        fs::remove_file(node.log(0)).unwrap();
        node.write(0, 4, usize::MAX);
        node.drain();
        assert_eq!(node.delivered.keys().cloned().collect::<BTreeSet<_>>(), node.written);
        node.delete(1);
        (0..=MISSED_SCANS_MAX).for_each(|_| node.drain());
        assert!(
            node.tailer.files.values().all(|tailing| !tailing.path.starts_with(node.container(1)))
        );
    });
}

#[test]
fn what_a_truncated_file_had_open_is_delivered() {
    in_runtime(|| {
        let mut node = Node::new();
        node.write(0, 1, usize::MAX);
        fs::write(node.log(0), "2026-11-22T09:00:00Z stdout P no end\n").unwrap();
        node.drain();
        assert!(!node.delivered.contains_key("no end"));
        node.truncate(0);
        node.drain();
        assert!(node.delivered.contains_key("no end"));
    });
}

#[test]
fn the_lines_of_an_unknown_pod_wait_and_then_go() {
    in_runtime(|| {
        let mut node = Node::new();
        let folder = node.folder.path().join("pods/other_pod_uid/base");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("0.log"), "2026-11-22T09:00:00Z stdout F here\n").unwrap();
        node.drain();
        assert!(node.delivered.is_empty());
        assert!(!node.tailer.around.progress.watch().borrow().is_drained());
        node.pass(node.tailer.config.metadata_wait);
        node.drain();
        assert!(node.delivered.is_empty(), "another line may tell what the pod runs");
        node.pass(Duration::from_secs(2));
        node.drain();
        let labels = r#"{container="base", namespace="other"} {pod="pod", stream="stdout"}"#;
        assert_eq!(node.delivered["here"], [format!("1795338000000000000 {labels}")]);
        node.pass(Duration::ZERO);
        assert!(node.tailer.around.progress.watch().borrow().is_at_end);
    });
}

#[test]
fn a_folder_that_is_missing_is_waited_for_and_one_that_is_none_is_told_of() {
    in_runtime(|| {
        let mut node = Node::new();
        node.scan();
        assert!(!node.tailer.has_work());
        fs::write(node.folder.path().join("pods"), "").unwrap();
        let error = node.tailer.scan(node.now).unwrap_err();
        assert!(matches!(error, Error::PodsFolder { .. }), "{error}");
    });
}

#[test]
fn a_log_that_was_empty_when_it_was_met_is_known_once_it_is_read() {
    in_runtime(|| {
        let mut node = Node::new();
        node.write(0, 1, usize::MAX);
        node.rotate(0);
        fs::write(node.log(0), "").unwrap();
        node.scan();
        // It is written to and has its turn before its folder is looked at again.
        fs::write(node.log(0), "2026-11-22T09:00:00Z stdout F here\n").unwrap();
        node.read(3);
        node.acknowledge(usize::MAX);
        assert!(node.settled.contains("here"), "{:?}", node.settled);
        node.restart(false);
        node.drain();
        assert_eq!(node.delivered["here"].len(), 1);
    });
}
