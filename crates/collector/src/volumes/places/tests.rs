//! What is kept of task logs, through restarts and damage.

use super::*;
use crate::status::Progress;
use crate::tail::Positions;

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn open(&self) -> (Arc<Places>, Custody) {
        let positions = Positions::open(&self.folder.path().join("own")).unwrap();
        let custody = Custody::new(positions, Progress::new());
        (Places::open(self.folder.path(), custody.clone()).unwrap(), custody)
    }

    fn log(&self, text: &str) -> LogFile {
        let path = self.folder.path().join("log");
        fs::write(&path, text).unwrap();
        LogFile::open(&path).unwrap()
    }

    fn places(&self) -> PathBuf {
        self.folder.path().join("task-logs/places.jsonl")
    }

    /// How far a file of this name that begins so is known to be dealt with.
    fn found(&self, name: &str, text: &str) -> Option<u64> {
        let found = self.open().0.restore(name, &self.log(text)).unwrap();
        found.map(|(_, saved)| saved.place.done)
    }
}

fn saved(name: &str, file: &LogFile) -> Saved {
    let (fingerprint, place) = (file.fingerprint(), TaskPlace::default());
    Saved { name: name.to_owned(), fingerprint, modified: 7, place, cuts: Vec::new() }
}

fn reached(file: &LogFile, at: u64) -> Reached {
    let place = TaskPlace { from: at, done: at, ..TaskPlace::default() };
    Reached { place, fingerprint: file.fingerprint(), modified: 8, is_last: false }
}

#[test]
fn what_is_kept_is_there_again() {
    let world = World::new();
    let (places, custody) = world.open();
    let one = world.log("one");
    let (a, b) = (places.track(saved("a", &one)), places.track(saved("b", &one)));
    let other = places.track(saved("a", &world.log("another of the same name")));
    places.place(a).keep(reached(&one, 2));
    places.place(b).keep(reached(&one, 3));
    places.place(other).keep(reached(&world.log("another of the same name"), 9));
    places.save().unwrap();
    places.place(b).keep(Reached { is_last: true, ..reached(&one, 3) });
    places.save().unwrap();
    drop(custody.closing());
    places.place(a).keep(reached(&one, 3));
    places.save().unwrap();
    assert_eq!(world.found("a", "one and more"), Some(2));
    assert_eq!(world.found("a", "another of the same name"), Some(9));
    assert_eq!((world.found("a", "on"), world.found("a", "")), (None, None));
    assert_eq!(world.found("b", "one"), None);
}

#[test]
fn cuts_are_on_disk_at_once_and_forgotten_once_they_are_dealt_with() {
    let world = World::new();
    let (places, _) = world.open();
    let one = world.log("one");
    let empty = Fingerprint::default();
    let number = places.track(Saved { fingerprint: empty, ..saved("a", &one) });
    places.cut(number, 2, one.fingerprint()).unwrap();
    places.cut(number, 3, one.fingerprint()).unwrap();
    let cuts = || world.open().0.restore("a", &one).unwrap().unwrap().1.cuts;
    assert_eq!(cuts(), [2, 3]);
    let (places, _) = world.open();
    let (number, _) = places.restore("a", &one).unwrap().unwrap();
    places.place(number).keep(reached(&one, 2));
    places.save().unwrap();
    assert_eq!(cuts(), [3]);
}

#[test]
fn it_stays_as_long_as_what_it_says_and_is_whole_after_a_kill() {
    let world = World::new();
    let (places, _) = world.open();
    let one = world.log("one");
    let number = places.track(saved("a", &one));
    for at in 0..3 * TASK_PLACES_SLACK as u64 {
        places.place(number).keep(reached(&one, at));
        places.save().unwrap();
    }
    let lines = fs::read_to_string(world.places()).unwrap().lines().count();
    assert!(lines <= TASK_PLACES_SLACK + 4, "{lines} lines");
    let bytes = fs::read(world.places()).unwrap();
    fs::write(world.places(), &bytes[..bytes.len() - 3]).unwrap();
    assert_eq!(world.found("a", "one"), Some(3 * TASK_PLACES_SLACK as u64 - 2));
}

#[test]
fn old_ones_are_forgotten() {
    let world = World::new();
    let (places, _) = world.open();
    let one = world.log("one");
    let held = places.track(saved("held", &one));
    let _ =
        (places.track(saved("a", &one)), places.track(Saved { modified: 9, ..saved("b", &one) }));
    places.forget_older(9, |number| number == held);
    assert_eq!(["held", "a", "b"].map(|name| places.has(name)), [true, false, true]);
}

#[test]
fn what_is_broken_is_put_aside() {
    let world = World::new();
    drop(world.open());
    for broken in ["", "{\"version\":2}\n", "{\"version\":1}\n{\n"] {
        fs::write(world.places(), broken).unwrap();
        assert_eq!(world.found("a", "one"), None);
        assert!(world.places().with_extension("jsonl.broken").exists(), "{broken}");
        fs::remove_file(world.places().with_extension("jsonl.broken")).unwrap();
    }
}

#[test]
fn version_1_is_read() {
    let world = World::new();
    drop(world.open());
    fs::write(world.places(), include_bytes!("v1.jsonl")).unwrap();
    let name = "airflow/dag_id=sales/run_id=r/task_id=load/attempt=1.log";
    assert_eq!(world.found(name, "one"), Some(2));
    assert_eq!(world.found("gone", "one"), None);
}
