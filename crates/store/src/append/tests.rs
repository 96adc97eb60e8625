//! The writing task over a disk that fails, and a manifest that moves.

use model::{Entry, Labels, ManualClock, Stream, TenantId, Timestamp};
use ulid::Ulid;

use super::*;
use crate::ErrorKind;
use crate::manifest::Manifest;
use crate::wal::failing_disk::{FailingDisk, Fault};
use crate::wal::recover;

fn received(line: &str) -> Received {
    let entries = vec![Entry::new(Timestamp(1), line)];
    Received::new(TenantId::default(), vec![Stream { labels: Labels::default(), entries }])
}

fn start(disk: &FailingDisk, live: &Arc<Live>) -> Appender {
    let recovered = recover(disk, Ulid::nil(), Checkpoint::START, |_| {}).unwrap();
    let log = Writer::open(Arc::new(disk.clone()), &recovered, 1 << 20).unwrap();
    let clock = Arc::new(ManualClock::default());
    let (config, threads, live) = (Config::default(), Threads::Blocking, Arc::clone(live));
    Appender::start(&config, threads, log, live, clock, Metrics::default(), None)
}

async fn append(appender: &Appender, line: &str) -> Result<(usize, usize), Error> {
    match appender.append(received(line), 0).await? {
        Outcome::Acked(appended) => Ok((appended.accepted, appended.duplicates)),
        Outcome::Stale(_) => panic!("the manifest has not moved"),
    }
}

#[tokio::test]
async fn what_could_not_be_logged_is_not_stored_and_may_be_sent_again() {
    for fault in [Fault::Full(30), Fault::Sync, Fault::FullAndStuck(30)] {
        let folder = tempfile::tempdir().unwrap();
        let disk = FailingDisk::new(folder.path());
        let live = Arc::new(Live::new(Ulid::nil(), Arc::new(Manifest::empty())));
        let appender = start(&disk, &live);
        assert_eq!(append(&appender, "first").await.unwrap(), (1, 0));

        disk.fail(fault);
        let error = append(&appender, "second").await.unwrap_err();
        assert!(matches!(error, Error::NotLogged(_)), "{error}");
        assert_eq!(error.kind(), ErrorKind::Retry);
        assert_eq!(live.usage().rows, 1, "{fault:?}");

        // The first try after a failed repair fails too, and says so.
        let again = append(&appender, "second").await;
        let again = if again.is_err() { append(&appender, "second").await } else { again };
        assert_eq!(again.unwrap(), (1, 0), "{fault:?}");
        assert_eq!(append(&appender, "second").await.unwrap(), (0, 1));
        appender.stop().await;

        assert_eq!(recovered_lines(&disk), 2, "{fault:?}");
    }
}

fn recovered_lines(disk: &FailingDisk) -> usize {
    let mut lines = 0;
    recover(disk, Ulid::nil(), Checkpoint::START, |append| {
        lines += append.streams.iter().map(|stream| stream.entries.len()).sum::<usize>();
    })
    .unwrap();
    lines
}

#[tokio::test]
async fn what_a_failed_write_left_is_not_there_after_a_restart() {
    for fault in [Fault::Full(30), Fault::Full(1000), Fault::Sync] {
        let folder = tempfile::tempdir().unwrap();
        let disk = FailingDisk::new(folder.path());
        let live = Arc::new(Live::new(Ulid::nil(), Arc::new(Manifest::empty())));
        let appender = start(&disk, &live);
        assert_eq!(append(&appender, "first").await.unwrap(), (1, 0));
        disk.fail(fault);
        append(&appender, "second").await.unwrap_err();
        appender.stop().await;
        assert_eq!(recovered_lines(&disk), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_seal_without_room_for_another_file_is_a_seal() {
    for fault in [Fault::Create, Fault::CreateAndStuck] {
        let folder = tempfile::tempdir().unwrap();
        let disk = FailingDisk::new(folder.path());
        let live = Arc::new(Live::new(Ulid::nil(), Arc::new(Manifest::empty())));
        let appender = start(&disk, &live);
        assert_eq!(append(&appender, "first").await.unwrap(), (1, 0));
        disk.fail(fault);
        let sealed = appender.seal().await.unwrap().unwrap();
        assert_eq!((sealed.rows.rows(), sealed.checkpoint.sequence), (1, 2), "{fault:?}");
        assert_eq!(append(&appender, "second").await.unwrap(), (1, 0));
        appender.stop().await;
        assert_eq!(recovered_lines(&disk), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn an_append_checked_against_an_old_manifest_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let live = Arc::new(Live::new(Ulid::nil(), Arc::new(Manifest::empty())));
    let appender = start(&FailingDisk::new(folder.path()), &live);
    live.advance(Arc::new(Manifest { number: 1, ..Manifest::empty() }));
    let outcome = appender.append(received("line"), 0).await.unwrap();
    let Outcome::Stale(again) = outcome else { panic!("{outcome:?}") };
    assert_eq!(live.usage().rows, 0);
    let outcome = appender.append(again, 1).await.unwrap();
    assert!(matches!(outcome, Outcome::Acked(Appended { accepted: 1, duplicates: 0 })));
}

#[tokio::test]
async fn a_line_is_a_duplicate_while_its_generation_is_being_written() {
    let folder = tempfile::tempdir().unwrap();
    let live = Arc::new(Live::new(Ulid::nil(), Arc::new(Manifest::empty())));
    let appender = start(&FailingDisk::new(folder.path()), &live);
    assert_eq!(append(&appender, "line").await.unwrap(), (1, 0));
    assert!(appender.seal().await.unwrap().is_some());
    assert_eq!(append(&appender, "line").await.unwrap(), (0, 1));
}
