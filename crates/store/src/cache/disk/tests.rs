//! Files come and go as they should, and a bad disk is left alone.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::cache::metrics::CacheMetrics;

/// Room for so many small files.
fn room(files: usize) -> u64 {
    (files * FILE_BYTES_MIN) as u64
}

async fn open(folder: &Path, bytes_max: u64) -> Option<Arc<Disk>> {
    Disk::open(folder.to_owned(), bytes_max, Grid(8), CacheMetrics::default().disk()).await
}

fn key(index: u64) -> BlockKey {
    BlockKey { object: "tenants/a/b.parquet".into(), index }
}

/// The blocks of an object of 800 bytes.
fn block(index: u64) -> Block {
    Block { bytes: vec![index as u8; 8].into(), object_bytes: 800 }
}

async fn put(disk: &Arc<Disk>, indices: impl IntoIterator<Item = u64>) {
    for index in indices {
        disk.put_soon(key(index), block(index));
        disk.settle().await;
    }
}

/// Which of the first ten blocks are there.
#[track_caller]
fn check(folder: &Path, expect: &[u64]) {
    let there = |index: &u64| folder.join(FileName::of(&key(*index)).to_string()).exists();
    assert_eq!((0..10).filter(there).collect::<Vec<_>>(), expect);
}

#[tokio::test]
async fn what_was_not_used_for_longest_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path(), room(3)).await.unwrap();
    put(&disk, [0, 1, 2]).await;
    assert_eq!(disk.get(&key(0)).await, Some(block(0)));
    put(&disk, [3]).await;
    check(folder.path(), &[0, 2, 3]);
    assert_eq!(disk.get(&key(1)).await, None);
    assert_eq!((disk.metrics.hits.get(), disk.metrics.misses.get()), (1, 1));
    assert_eq!((disk.metrics.evictions.get(), disk.metrics.bytes.get()), (1, room(3) as i64));
    disk.forget("tenants/a/b.parquet").await;
    check(folder.path(), &[]);
    assert_eq!(disk.metrics.bytes.get(), 0);
}

#[tokio::test]
async fn a_start_keeps_the_newest_and_removes_what_was_not_finished() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path(), room(10)).await.unwrap();
    put(&disk, 0..4).await;
    let start = std::time::SystemTime::UNIX_EPOCH;
    for (index, seconds) in [(0, 40), (1, 10), (2, 30), (3, 20)] {
        let file = File::open(folder.path().join(FileName::of(&key(index)).to_string())).unwrap();
        file.set_modified(start + Duration::from_secs(seconds)).unwrap();
    }
    fs::write(folder.path().join("7.tmp"), "torn").unwrap();
    fs::write(folder.path().join("notes.txt"), "of somebody else").unwrap();
    let disk = open(folder.path(), room(2)).await.unwrap();
    check(folder.path(), &[0, 2]);
    assert_eq!(disk.get(&key(2)).await, Some(block(2)));
    assert!(!folder.path().join("7.tmp").exists());
    assert!(folder.path().join("notes.txt").exists());
    assert!(open(folder.path(), 0).await.is_none(), "it is turned off");
    check(folder.path(), &[]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_turns_it_off() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(open(&folder.path().join("file/cache"), room(9)).await.is_none());
    assert!(open(&folder.path().join("new"), 0).await.is_none());
    assert!(!folder.path().join("new").exists(), "there is no need for it");
}

#[tokio::test]
async fn a_full_disk_gets_its_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path(), room(9)).await.unwrap();
    put(&disk, [0, 1]).await;
    // The next file to be written is one that has no room.
    std::os::unix::fs::symlink("/dev/full", folder.path().join("2.tmp")).unwrap();
    put(&disk, [2]).await;
    check(folder.path(), &[]);
    assert!(!disk.is_working());
    put(&disk, [3]).await;
    check(folder.path(), &[]);
    assert_eq!(disk.get(&key(0)).await, None);
}

#[tokio::test]
async fn a_disk_that_fails_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path(), room(9)).await.unwrap();
    put(&disk, [0]).await;
    // A folder where a file should be cannot be read.
    let path = folder.path().join(FileName::of(&key(0)).to_string());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(disk.get(&key(0)).await, None);
    assert!(!disk.is_working());
}

#[tokio::test]
async fn what_is_not_whole_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path(), room(9)).await.unwrap();
    put(&disk, [0, 1, 2]).await;
    let path = |index| folder.path().join(FileName::of(&key(index)).to_string());
    fs::copy(path(1), path(0)).unwrap();
    File::options().write(true).open(path(2)).unwrap().set_len(50).unwrap();
    assert_eq!(disk.get(&key(0)).await, None);
    assert_eq!(disk.get(&key(1)).await, Some(block(1)));
    assert_eq!(disk.get(&key(2)).await, None);
    check(folder.path(), &[1]);
    put(&disk, [0]).await;
    assert_eq!(disk.get(&key(0)).await, Some(block(0)));
}
