//! What was kept, through a restart.

use airflow::Pod;
use airflow::attribute::{Answer, Begun, Line};
use model::Timestamp;

use super::*;

const ID: &str = "3780877a-773e-41ba-93ca-7ece346a4dbb";

/// A worker's attributor that has read that a process runs this DAG.
fn worker(dag_id: &str) -> Arc<Attributor> {
    let pod = Pod::new("prod", "p").with_labels(&[("tier", "airflow"), ("component", "worker")]);
    let mut attributor = Attributor::of_pod(&pod, "worker", Begun::Somewhere);
    let command = format!("['airflow', 'tasks', 'run', '{dag_id}', 't', 'r', '--local']");
    take(&mut attributor, &format!("[{ID}] Executing command in Celery: {command}"));
    Arc::new(attributor)
}

fn take(attributor: &mut Attributor, message: &str) -> Answer {
    let text = format!("[2026-11-22 08:41:39,641: INFO/ForkPoolWorker-1] {message}");
    attributor.take(&Line { text: &text, is_stderr: true, at: Timestamp(0) })
}

/// The DAG that a worker's next line is said to be of.
fn dag_of(state: &Attributor) -> String {
    let answer = take(&mut state.clone(), "anything");
    let Answer::Now(Some(of)) = answer else { panic!("{answer:?}") };
    of.task.dag_id.clone().unwrap()
}

fn write(folder: &mut StateFolder, states: &mut [Kept]) {
    let turnover = folder.turn_over(states.iter());
    turnover.write().unwrap();
    turnover.release(states.iter_mut());
    turnover.remove();
    assert!(states.iter().all(|kept| kept.state.is_none()));
}

/// The places and what is known there, after a restart that knows the places.
fn restart(folder: &Path, states: &[Kept]) -> Vec<(u64, String)> {
    let bare = |kept: &Kept| Kept { state: None, ..kept.clone() };
    let mut states: Vec<Kept> = states.iter().map(bare).collect();
    let folder = StateFolder::open(folder).unwrap();
    let mut known = Vec::new();
    while let Some(state) = folder.recall(&mut states) {
        known.push((states.pop().unwrap().at, dag_of(&state)));
    }
    known.reverse();
    known
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder.join(FOLDER_NAME)).unwrap().count()
}

#[test]
fn the_first_the_newest_and_some_between_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut states = Vec::new();
    let mut written = StateFolder::open(folder.path()).unwrap();
    for at in 0..10 {
        written.keep(&mut states, Checkpoint { at, state: worker(&format!("d{at}")) });
        write(&mut written, &mut states);
    }
    let expect = |places: &[u64]| -> Vec<(u64, String)> {
        places.iter().map(|at| (*at, format!("d{at}"))).collect()
    };
    assert_eq!(restart(folder.path(), &states), expect(&[0, 1, 2, 9]));
    forget_before(&mut states, 5);
    write(&mut written, &mut states);
    assert_eq!(restart(folder.path(), &states), expect(&[2, 9]));
    assert_eq!(files(folder.path()), 2);
    // Read again from a place, the next is another than it was.
    written.keep(&mut states, Checkpoint { at: 7, state: worker("d7") });
    write(&mut written, &mut states);
    assert_eq!(restart(folder.path(), &states), expect(&[2, 7]));
    // The numbers go on, so that no name comes twice.
    let mut again = StateFolder::open(folder.path()).unwrap();
    again.keep(&mut states, Checkpoint { at: 8, state: worker("d8") });
    write(&mut again, &mut states);
    assert_eq!(restart(folder.path(), &states), expect(&[2, 7, 8]));
    write(&mut again, &mut []);
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn what_is_broken_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let mut states = Vec::new();
    let mut written = StateFolder::open(folder.path()).unwrap();
    for at in 0..3 {
        written.keep(&mut states, Checkpoint { at, state: worker(&format!("d{at}")) });
    }
    write(&mut written, &mut states);
    fs::write(written.file(1), "{\"version\":1,\"attributor\":{\"Sha").unwrap();
    fs::remove_file(written.file(2)).unwrap();
    assert_eq!(restart(folder.path(), &states), [(0, "d0".to_owned())]);
    let broken = written.file(1).with_extension("json.broken");
    assert!(broken.exists());
}

#[test]
fn version_1_is_read() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tail/state/v1.json");
    assert_eq!(dag_of(&read(&fixture).unwrap()), "d");
    let folder = tempfile::tempdir().unwrap();
    let newer = folder.path().join("x.json");
    let text = fs::read_to_string(&fixture).unwrap().replace("\"version\":1", "\"version\":2");
    fs::write(&newer, text).unwrap();
    assert_eq!(read(&newer).unwrap_err(), "version 2 is not 1");
    // Whoever changes what is written changes the version, and keeps this.
    let document = Written { version: VERSION, attributor: &worker("d") };
    let written = serde_json::to_value(document).unwrap();
    let fixed: serde_json::Value = serde_json::from_slice(&fs::read(&fixture).unwrap()).unwrap();
    assert_eq!(written, fixed);
}
