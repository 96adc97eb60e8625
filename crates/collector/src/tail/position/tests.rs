//! Positions through a restart.

use super::*;
use crate::stage::Lanes;

fn log(folder: &Path, name: &str, bytes: &str) -> LogFile {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    LogFile::open(&path).unwrap()
}

fn saved(file: &LogFile, replay_from: u64) -> Saved {
    Saved {
        path: PathBuf::from("x/0.log"),
        inode: file.inode(),
        fingerprint: file.fingerprint(),
        position: Position { replay_from, ..Position::default() },
        pod: Some(Arc::new(Pod::new("prod", "p"))),
        is_done: false,
        states: Vec::new(),
    }
}

/// Writes what changed and reads it as the next collector does.
fn restart(mut positions: Positions, folder: &Path) -> Positions {
    positions.changed().unwrap().write().unwrap();
    assert!(positions.changed().is_none(), "nothing changed since");
    Positions::open(folder).unwrap()
}

#[test]
fn what_is_settled_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (log(folder.path(), "1", "one"), log(folder.path(), "2", "two"));
    let mut positions = Positions::open(folder.path()).unwrap();
    positions.track(FileNo(1), saved(&first, 1));
    positions.track(FileNo(2), saved(&second, 2));
    let settled = Position { replay_from: 9, ..Position::default() };
    positions.settle(FileNo(1), settled);
    positions.forget(FileNo(2));
    let mut positions = restart(positions, folder.path());
    let restored = positions.restore(&first).unwrap().unwrap();
    assert_eq!(restored, Saved { position: settled, ..saved(&first, 1) });
    assert_eq!(positions.restore(&first).unwrap(), None, "once");
    assert_eq!(positions.restore(&second).unwrap(), None);
}

#[test]
fn what_a_file_left_open_is_settled_with_the_file_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (elder, younger) = (log(folder.path(), "1", "one"), log(folder.path(), "2", "two"));
    let mut positions = Positions::open(folder.path()).unwrap();
    positions.track(FileNo(1), saved(&elder, 1));
    positions.track(FileNo(2), saved(&younger, 0));
    positions.carry(FileNo(1), 3, FileNo(2));
    let mut lanes = Lanes::default();
    let mut check = |lane, place, expect: [u64; 3]| {
        lanes[lane] = place;
        positions.settle(FileNo(2), Position { replay_from: 0, lanes });
        let settled = positions.open[&FileNo(1)].position;
        assert_eq!(Lane::ALL.map(|lane| settled.lanes[lane]), expect);
        assert_eq!(settled.replay_from, 1);
    };
    check(Lane::Stdout, 2, [3, 0, 0]);
    check(Lane::Unknown, 2, [3, 0, 3]);
    check(Lane::Stderr, 1, [3, 3, 3]);
    assert!(positions.carried.is_empty());
}

#[test]
fn a_file_written_anew_has_no_position() {
    let folder = tempfile::tempdir().unwrap();
    let mut positions = Positions::open(folder.path()).unwrap();
    positions.track(FileNo(1), saved(&log(folder.path(), "1", "one"), 3));
    let mut positions = restart(positions, folder.path());
    let anew = log(folder.path(), "1", "another");
    assert_eq!(positions.restore(&anew).unwrap(), None);
    positions.sweep(|_| false);
    assert!(positions.changed().is_some(), "what was swept is not written any more");
}

#[test]
fn of_a_file_that_was_empty_nothing_is_certain() {
    let folder = tempfile::tempdir().unwrap();
    let mut positions = Positions::open(folder.path()).unwrap();
    positions.track(FileNo(1), saved(&log(folder.path(), "1", ""), 0));
    let mut positions = restart(positions, folder.path());
    assert_eq!(positions.restore(&log(folder.path(), "1", "another pod's")).unwrap(), None);
}

#[test]
fn a_broken_file_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    for bytes in ["", "{", r#"{"version": 2, "files": []}"#] {
        fs::write(&path, bytes).unwrap();
        let positions = Positions::open(folder.path()).unwrap();
        assert!(positions.left.is_empty());
        assert_eq!(fs::read_to_string(path.with_extension("json.broken")).unwrap(), bytes);
        assert!(!path.exists());
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    assert!(matches!(Positions::open(&path), Err(Error::StateFolder { .. })));
}
