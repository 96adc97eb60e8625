//! A model of what happens to task log files, and the promise that each comes out whole and always
//! as the same entries.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use model::ManualClock;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::custody::{Closing, Custody};
use crate::limits::{FILE_GRACE, TASK_ENTRY_IDLE, TASK_HEAD_WAIT, TASK_LINE_IDLE, TASK_REST};
use crate::tail::Positions;
use crate::volumes::choice::Whose;
use crate::volumes::walk::{Walk, met};

/// How many tries write.
const TRIES: usize = 3;

struct World {
    folder: TempDir,
    /// What the volume is.
    whose: Whose,
    is_mount: bool,
    mode: TaskLogsMode,
    files: Files,
    closing: Option<Closing>,
    custody: Custody,
    now: Instant,
    /// Batches that the store has not acknowledged.
    in_flight: VecDeque<Batch>,
    /// Try → time → what the store has got for it.
    stored: BTreeMap<String, BTreeMap<i64, BTreeSet<String>>>,
    written: usize,
}

impl World {
    fn new(is_mount: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mode = TaskLogsMode::On;
        let (files, custody) = files(&folder, mode);
        let whose = Whose { workers: true, is_own: !is_mount, ..Whose::default() };
        Self {
            folder,
            whose,
            is_mount,
            mode,
            files,
            closing: Some(custody.closing()),
            custody,
            now: Instant::now(),
            in_flight: VecDeque::new(),
            stored: BTreeMap::new(),
            written: 0,
        }
    }

    fn path(&self, of: usize) -> PathBuf {
        self.folder.path().join(format!(
            "dag_id=d/run_id=manual__2026-11-22T07:00:00+00:00/task_id=t{of}/attempt=1.log"
        ))
    }

    fn write(&mut self, of: usize, bytes: &[u8]) {
        let path = self.path(of);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut options = fs::OpenOptions::new();
        options.create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
        self.meet(of);
    }

    fn meet(&mut self, of: usize) {
        let root = Root {
            path: self.folder.path().to_owned(),
            whose: self.whose,
            namespace: Some("airflow".to_owned()),
            is_mount: self.is_mount,
            walk: Walk::new(),
        };
        let inode = Inode { device: 0, number: 1 };
        if let Some(met) = met(&self.path(of)) {
            self.files.meet(met, inode, &root, self.now);
        }
    }

    /// Reads all that has its turn.
    fn read(&mut self) {
        for _ in 0..1000 {
            if !self.files.has_work() {
                return;
            }
            self.in_flight.extend(self.files.read(4, self.now));
        }
        panic!("it never ends");
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.files.refresh(self.now);
    }

    fn store(&mut self, batch: &Batch) {
        for (labels, entry) in &batch.entries {
            assert_eq!(labels.get("dag_id"), Some("d"));
            assert_eq!(labels.get("namespace"), Some("airflow"));
            assert_eq!(entry.metadata.get("attributed_by"), Some("log-path"));
            assert_eq!((entry.metadata.get("pod"), entry.metadata.get("node")), (None, None));
            let task = labels.get("task_id").unwrap().to_owned();
            let at = self.stored.entry(task).or_default().entry(entry.timestamp.0).or_default();
            at.insert(format!("{labels} {}\n{}", entry.metadata, entry.line));
        }
    }

    fn acknowledge(&mut self, count: usize) {
        for _ in 0..count {
            let Some(batch) = self.in_flight.pop_front() else { return };
            self.store(&batch);
        }
    }

    fn save(&self) {
        self.files.around.places.save().unwrap();
    }

    /// Another collector takes over from one that is killed.
    fn restart(&mut self, is_stored: bool) {
        self.closing = None;
        for batch in std::mem::take(&mut self.in_flight) {
            if is_stored {
                self.store(&batch);
            }
        }
        (self.files, self.custody) = files(&self.folder, self.mode);
        self.closing = Some(self.custody.closing());
        (0..TRIES).for_each(|of| self.meet(of));
    }

    /// The lines of a try as the store has them.
    fn lines(&self, of: usize) -> String {
        let mut text = String::new();
        for entries in self.stored.get(&format!("t{of}")).into_iter().flat_map(BTreeMap::values) {
            let [entry] = entries.iter().collect::<Vec<_>>()[..] else {
                panic!("one time has {entries:?}");
            };
            text += &format!("{}\n", entry.split_once('\n').unwrap().1);
        }
        text
    }

    /// Everything that is waited for has come about.
    fn settle(&mut self) {
        for _ in 0..4 {
            self.read();
            self.pass(TASK_LINE_IDLE);
        }
        self.read();
        self.acknowledge(usize::MAX);
    }

    #[track_caller]
    fn check_all(&mut self) {
        self.settle();
        for of in 0..TRIES {
            let written = fs::read_to_string(self.path(of)).unwrap_or_default();
            // A line whose end came late is two.
            let text = |text: &str| text.replace('\n', "");
            assert_eq!(text(&self.lines(of)), text(&written), "of {of}");
        }
    }
}

fn files(folder: &TempDir, mode: TaskLogsMode) -> (Files, Custody) {
    let state = folder.path().join("state");
    let progress = Progress::new();
    let custody = Custody::new(Positions::open(&state).unwrap(), progress.clone());
    let around = Around {
        places: Places::open(&state, custody.clone()).unwrap(),
        mode,
        age_max: Duration::from_secs(24 * 3600),
        clock: Arc::new(ManualClock::default()),
        metrics: TaskLogMetrics::default(),
        progress,
    };
    (Files::new(around), custody)
}

#[derive(Debug, Clone)]
enum Event {
    Records(usize, usize),
    Traceback(usize),
    /// A line of a traceback, or the rest of a line, as it comes.
    Piece(usize, &'static str),
    Read,
    Pass(u64),
    Acknowledge(usize),
    Save,
    Restart {
        is_stored: bool,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let of = 0..TRIES;
    const PIECES: [&str; 5] =
        ["  File \"a.py\", line 1\n", "ValueError: x\n", "half a", " line\n", "no record\n"];
    prop_oneof![
        5 => (of.clone(), 1..6_usize).prop_map(|(of, count)| Event::Records(of, count)),
        2 => of.clone().prop_map(Event::Traceback),
        3 => (of, proptest::sample::select(&PIECES[..]))
            .prop_map(|(of, text)| Event::Piece(of, text)),
        6 => Just(Event::Read),
        3 => prop_oneof![1..3_u64, 5..9_u64, 50..200_u64].prop_map(Event::Pass),
        3 => (1..5_usize).prop_map(Event::Acknowledge),
        2 => Just(Event::Save),
        2 => any::<bool>().prop_map(|is_stored| Event::Restart { is_stored }),
    ]
}

impl World {
    fn run(&mut self, event: &Event) {
        match event {
            Event::Records(of, count) => {
                for _ in 0..*count {
                    let record = self.record("line");
                    self.write(*of, record.as_bytes());
                }
            }
            Event::Traceback(of) => {
                let record = self.record("Task failed with exception");
                let text = format!("{record}Traceback (most recent call last):\n");
                self.write(*of, text.as_bytes());
            }
            Event::Piece(of, text) => self.write(*of, text.as_bytes()),
            Event::Read => self.read(),
            Event::Pass(seconds) => self.pass(Duration::from_secs(*seconds)),
            Event::Acknowledge(count) => self.acknowledge(*count),
            Event::Save => self.save(),
            Event::Restart { is_stored } => self.restart(*is_stored),
        }
    }

    fn record(&mut self, text: &str) -> String {
        self.written += 1;
        // Two share a time.
        let at = self.written / 2;
        let (minute, second) = (at / 60, at % 60);
        let place = "{task.py:1} INFO";
        format!(
            "[2026-11-22T08:{minute:02}:{second:02}.000+0000] {place} - {text} {}\n",
            self.written
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_line_comes_out_and_always_the_same(
        is_mount in any::<bool>(),
        events in proptest::collection::vec(event(), 1..40),
    ) {
        let mut world = World::new(is_mount);
        events.iter().for_each(|event| world.run(event));
        world.check_all();
    }
}

#[test]
fn a_line_waits_for_its_end_and_not_for_ever() {
    let mut world = World::new(false);
    let record = world.record("whole");
    world.write(0, format!("{record}no end").as_bytes());
    world.read();
    world.pass(TASK_LINE_IDLE / 2);
    world.read();
    world.acknowledge(usize::MAX);
    assert_eq!(world.lines(0), record);
    world.pass(TASK_LINE_IDLE);
    world.read();
    // It is given out, and nobody has acknowledged it when the next collector finds more.
    world.restart(true);
    world.write(0, b" of it\n");
    world.settle();
    assert_eq!(world.lines(0), format!("{record}no end\n of it\n"));
}

/// Of the file nothing was acknowledged, so that the cut alone tells the next collector of it.
#[test]
fn what_was_ended_before_anything_was_acknowledged_stays_ended() {
    let mut world = World::new(false);
    world.run(&Event::Traceback(0));
    world.read();
    world.pass(TASK_ENTRY_IDLE);
    world.read();
    world.restart(true);
    world.write(0, b"  File \"a.py\", line 1\n");
    world.check_all();
}

#[test]
fn a_file_that_goes_with_its_pod_is_read_to_its_end() {
    let mut world = World::new(false);
    let record = world.record("one");
    world.write(0, record.as_bytes());
    world.read();
    let path = world.path(0);
    let mut writer = fs::OpenOptions::new().append(true).open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    writer.write_all(b"Traceback (most recent call last):\n  last words").unwrap();
    world.files.miss_all(&[Inode { device: 0, number: 1 }]);
    world.read();
    world.pass(FILE_GRACE);
    world.read();
    world.acknowledge(usize::MAX);
    let expect = format!("{record}Traceback (most recent call last):\n  last words\n");
    assert_eq!(world.lines(0), expect);
    assert!(world.files.followed.is_empty());
    assert!(
        !world.files.around.places.has(
            "airflow/dag_id=d/run_id=manual__2026-11-22T07:00:00+00:00/task_id=t0/attempt=1.log"
        )
    );
}

#[test]
fn no_handle_is_held_in_a_mounted_volume_and_none_for_long_elsewhere() {
    for is_mount in [true, false] {
        let mut world = World::new(is_mount);
        let record = world.record("one");
        world.write(0, record.as_bytes());
        world.read();
        assert_eq!(world.files.held, usize::from(!is_mount));
        world.pass(TASK_REST);
        world.read();
        assert_eq!(world.files.held, 0);
        assert!(world.files.followed.values().all(|followed| followed.log.is_none()));
        let more = world.record("two");
        world.write(0, more.as_bytes());
        world.read();
        world.acknowledge(usize::MAX);
        assert_eq!(world.lines(0), format!("{record}{more}"));
    }
}

#[test]
fn a_file_that_is_written_anew_is_another() {
    for is_mount in [true, false] {
        let mut world = World::new(is_mount);
        let first = world.record("first");
        world.write(0, first.as_bytes());
        world.read();
        let second = world.record("x") + &world.record("y") + &world.record("z");
        fs::write(world.path(0), &second).unwrap();
        world.meet(0);
        world.settle();
        assert_eq!(world.lines(0), format!("{first}{second}"));
        world.written += 1;
        // And one that is another file, under the same name, before that was looked for.
        fs::rename(world.path(0), world.folder.path().join("aside")).unwrap();
        let third = world.record("third");
        fs::write(world.path(0), &third).unwrap();
        world.read();
        world.meet(0);
        world.settle();
        assert_eq!(world.lines(0), format!("{first}{second}{third}"));
    }
}

#[test]
fn who_wrote_a_file_decides_on_a_volume_of_many() {
    let of = |host: &str| {
        format!(
            "[2026-11-22T08:00:00.000+0000] {{task_command.py:467}} INFO - Running <TaskInstance: \
             d.t0 r [running]> on host {host}\n"
        )
    };
    let check = |text: &str, wait: Duration, expect: Choice| {
        let mut world = World::new(true);
        world.files.around.mode = TaskLogsMode::Auto;
        world.write(0, text.as_bytes());
        world.read();
        world.pass(wait);
        world.read();
        let choices = world.files.followed.values().map(|followed| followed.choice);
        assert_eq!(choices.collect::<Vec<_>>(), [expect], "for {text}");
    };
    check(&of("airflow-worker-0"), Duration::ZERO, Choice::Read);
    check(&of("d-t0-abcd1234"), Duration::ZERO, Choice::Leave);
    check("{\"timestamp\":", Duration::ZERO, Choice::Read);
    check("no word of it\n", Duration::ZERO, Choice::Ask);
    check("no word of it\n", TASK_HEAD_WAIT, Choice::Read);
}

#[test]
fn old_files_are_left_unless_they_are_known() {
    let mut world = World::new(true);
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
    let age = |world: &World| {
        let file = fs::File::options().append(true).open(world.path(0)).unwrap();
        file.set_modified(old).unwrap();
    };
    let clock = Arc::new(ManualClock::new(model::Timestamp(0) + Duration::from_secs(80_000)));
    let record = world.record("one");
    world.write(0, record.as_bytes());
    age(&world);
    world.files.followed.clear();
    world.files.around.clock = clock.clone();
    world.meet(0);
    assert!(!world.files.followed.is_empty());
    world.files.followed.clear();
    world.files.due.clear();
    world.files.around.age_max = Duration::from_secs(70_000);
    world.meet(0);
    assert!(world.files.followed.is_empty());
    // Something was kept of it.
    world.files.around.age_max = Duration::from_secs(79_500);
    world.meet(0);
    world.read();
    world.acknowledge(usize::MAX);
    world.save();
    world.restart(false);
    world.files.around.clock = clock;
    world.files.around.age_max = Duration::from_secs(70_000);
    world.files.followed.clear();
    world.meet(0);
    assert!(!world.files.followed.is_empty());
}
