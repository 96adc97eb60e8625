//! What is read through the cache is what the object store has, by as few requests as can be.

#![allow(clippy::single_range_in_vec_init, reason = "a request is a range, and often there is one")]

use std::path::Path as Folder;
use std::sync::Mutex;

use futures::future::join_all;
use object_store::memory::InMemory;
use object_store::{Error, ObjectStoreExt, PutMode};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::*;

/// Blocks are so small here that ranges of some bytes cross them.
const BLOCK: u64 = 7;

/// Objects in memory that count what is read of them, and can be made to wait or to fail.
#[derive(Debug)]
struct Counted {
    objects: InMemory,
    /// The ranges that were asked for, or nothing for a whole object.
    gets: Mutex<Vec<Option<Range<u64>>>>,
    gate: Semaphore,
    fails: Mutex<bool>,
}

impl Counted {
    fn new() -> Arc<Self> {
        let (objects, gets) = (InMemory::new(), Mutex::default());
        let gate = Semaphore::new(Semaphore::MAX_PERMITS);
        Arc::new(Self { objects, gets, gate, fails: Mutex::new(false) })
    }

    /// What was asked for since the last time.
    fn gets(&self) -> Vec<Option<Range<u64>>> {
        std::mem::take(&mut *self.gets.lock().unwrap())
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted")
    }
}

#[async_trait]
impl ObjectStore for Counted {
    async fn put_opts(&self, at: &Path, put: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.objects.put_opts(at, put, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.gets.lock().unwrap().push(plain_range(&options));
        drop(self.gate.acquire().await.unwrap());
        if *self.fails.lock().unwrap() {
            return Err(Error::Generic { store: "counted", source: "no".into() });
        }
        self.objects.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.objects.get_ranges(at, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}

/// Room for everything.
const LARGE: Sizes = Sizes { block: BLOCK, memory: 1 << 20, disk: 1 << 30 };

async fn open(inner: &Arc<Counted>, folder: &Folder, sizes: Sizes) -> CachedObjects {
    let objects = Arc::clone(inner) as Arc<dyn ObjectStore>;
    CachedObjects::open(objects, folder.join("cache"), sizes, &CacheMetrics::default()).await
}

async fn settle(cached: &CachedObjects) {
    if let Some(disk) = &cached.0.disk {
        disk.settle().await;
    }
}

fn segment(number: usize) -> Path {
    Path::from(format!("tenants/fake/2026-11-22/{number}.parquet"))
}

/// An object store with one segment of so many bytes.
async fn with_segment(bytes: u8) -> (Arc<Counted>, TempDir, Path) {
    let (inner, folder, path) = (Counted::new(), tempfile::tempdir().unwrap(), segment(0));
    inner.put(&path, (0..bytes).collect::<Vec<_>>().into()).await.unwrap();
    (inner, folder, path)
}

/// Reads a range and looks at the requests that it took.
async fn check(cached: &CachedObjects, inner: &Counted, range: Range<u64>, gets: &[Range<u64>]) {
    let path = segment(0);
    let read = cached.get_range(&path, range.clone()).await.unwrap();
    assert_eq!(inner.gets(), gets.iter().cloned().map(Some).collect::<Vec<_>>(), "{range:?}");
    assert_eq!(read, inner.objects.get_range(&path, range).await.unwrap());
}

#[tokio::test]
async fn what_was_read_is_not_asked_for_again() {
    let (inner, folder, path) = with_segment(50).await;
    let cached = open(&inner, folder.path(), LARGE).await;
    check(&cached, &inner, 8..10, &[7..14]).await;
    check(&cached, &inner, 7..14, &[]).await;
    check(&cached, &inner, 0..30, &[0..7, 14..35]).await;
    check(&cached, &inner, 40..500, &[35..56]).await;
    check(&cached, &inner, 0..u64::MAX, &[0..u64::MAX]).await;
    let ranges = [1..2, 40..41, 13..15];
    let read = cached.get_ranges(&path, &ranges).await.unwrap();
    assert_eq!(read, inner.objects.get_ranges(&path, &ranges).await.unwrap());
    assert_eq!(inner.gets(), []);
    // So it is after a start, from disk, where even the size is known.
    settle(&cached).await;
    let cached = open(&inner, folder.path(), LARGE).await;
    check(&cached, &inner, 0..100, &[]).await;
}

#[tokio::test]
async fn what_is_written_is_not_asked_for_at_all() {
    let (inner, folder) = (Counted::new(), tempfile::tempdir().unwrap());
    let cached = open(&inner, folder.path(), LARGE).await;
    let bytes: Vec<u8> = (0..50).collect();
    let payload: PutPayload = bytes.chunks(9).map(Bytes::copy_from_slice).collect();
    let create = || PutOptions::from(PutMode::Create);
    cached.put_opts(&segment(0), payload.clone(), create()).await.unwrap();
    check(&cached, &inner, 0..50, &[]).await;
    let cached = open(&inner, folder.path(), Sizes { memory: 0, ..LARGE }).await;
    check(&cached, &inner, 3..50, &[]).await;
    // What was not written is not kept.
    inner.put(&segment(1), "the first".into()).await.unwrap();
    cached.put_opts(&segment(1), payload, create()).await.unwrap_err();
    assert_eq!(cached.get_range(&segment(1), 0..3).await.unwrap(), "the");
}

#[tokio::test]
async fn what_is_no_range_of_a_segment_is_not_kept() {
    let (inner, folder, path) = with_segment(50).await;
    let cached = open(&inner, folder.path(), LARGE).await;
    let manifest = Path::from("manifest/1.json");
    cached.put(&manifest, "{}".into()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(cached.get_range(&manifest, 0..1).await.unwrap(), "{");
        assert_eq!(cached.get(&path).await.unwrap().bytes().await.unwrap().len(), 50);
        assert_eq!(cached.head(&path).await.unwrap().size, 50);
        assert_eq!(inner.gets().len(), 3);
    }
    for odd in [50..51, 7..7, 100..200] {
        assert!(cached.get_range(&path, odd).await.is_err());
    }
}

#[tokio::test]
async fn what_is_deleted_is_dropped() {
    let (inner, folder, path) = with_segment(50).await;
    let cached = open(&inner, folder.path(), LARGE).await;
    check(&cached, &inner, 0..50, &[0..56]).await;
    settle(&cached).await;
    let cache = folder.path().join("cache");
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 8);
    cached.delete(&path).await.unwrap();
    assert_eq!((std::fs::read_dir(&cache).unwrap().count(), cached.0.memory.bytes()), (0, 0));
    let error = cached.get_range(&path, 0..1).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn readers_of_a_block_share_a_request() {
    let (inner, folder, path) = with_segment(50).await;
    let cached = open(&inner, folder.path(), Sizes { memory: 0, disk: 0, ..LARGE }).await;
    let closed = inner.gate.forget_permits(Semaphore::MAX_PERMITS);
    let read = |range| {
        let (cached, path) = (cached.clone(), path.clone());
        tokio::spawn(async move { cached.get_range(&path, range).await })
    };
    let gone = read(0..3);
    while inner.gets.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let readers: Vec<_> = (0..20).map(|i| read(i % 5..7)).collect();
    let wide = read(0..14);
    while inner.gets.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    // Who asked first goes, and the others get it all the same.
    gone.abort();
    inner.gate.add_permits(closed);
    for (i, read) in join_all(readers).await.into_iter().enumerate() {
        assert_eq!(read.unwrap().unwrap().first(), Some(&(i as u8 % 5)));
    }
    assert_eq!(wide.await.unwrap().unwrap().len(), 14);
    assert_eq!(inner.gets(), [Some(0..7), Some(7..14)]);
}

#[tokio::test]
async fn readers_share_an_error_and_may_try_again() {
    let (inner, folder, path) = with_segment(50).await;
    let cached = open(&inner, folder.path(), LARGE).await;
    *inner.fails.lock().unwrap() = true;
    let reads = join_all((0..9).map(|i| cached.get_range(&path, i..9)));
    for read in reads.await {
        let error = read.unwrap_err();
        assert!(error.to_string().contains("no"), "{error}");
    }
    assert_eq!(inner.gets(), [Some(0..14)]);
    let lost = segment(1);
    *inner.fails.lock().unwrap() = false;
    let reads = join_all((0..3).map(|i| cached.get_range(&lost, i..9)));
    for read in reads.await {
        assert!(matches!(read, Err(Error::NotFound { .. })), "{read:?}");
    }
    inner.gets();
    check(&cached, &inner, 0..9, &[0..14]).await;
}

/// Something that happens to a store with five segments.
#[derive(Debug, Clone)]
enum Event {
    Put(usize, Vec<u8>),
    /// Somebody else has put it.
    Appear(usize, Vec<u8>),
    Delete(usize),
    Read(usize, Vec<(u64, u64)>),
    Restart,
    /// Files are cut, or get the bytes of another.
    Damage(bool),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..60);
    let range = (0_u64..70, 0_u64..30).prop_map(|(start, length)| (start, start + length));
    let event = prop_oneof![
        1 => (0_usize..5, bytes()).prop_map(|(at, bytes)| Event::Put(at, bytes)),
        1 => (0_usize..5, bytes()).prop_map(|(at, bytes)| Event::Appear(at, bytes)),
        1 => (0_usize..5).prop_map(Event::Delete),
        12 => (0_usize..5, prop::collection::vec(range, 1..5))
            .prop_map(|(at, ranges)| Event::Read(at, ranges)),
        1 => Just(Event::Restart),
        1 => any::<bool>().prop_map(Event::Damage),
    ];
    prop::collection::vec(event, 1..60)
}

fn damage(folder: &Folder, swap: bool) {
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    if swap && let [first, .., last] = &files[..] {
        std::fs::copy(first, last).unwrap();
    } else if let Some(path) = files.first() {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    }
}

async fn read(objects: &dyn ObjectStore, path: &Path, range: Range<u64>) -> Option<(u64, Bytes)> {
    let range = Some(GetRange::Bounded(range));
    let options = GetOptions { range, ..GetOptions::default() };
    let found = objects.get_opts(path, options).await.ok()?;
    let (size, range) = (found.meta.size, found.range.clone());
    let bytes = found.bytes().await.unwrap();
    assert_eq!(bytes.len() as u64, range.end - range.start);
    Some((size, bytes))
}

async fn play(events: Vec<Event>, sizes: Sizes) {
    let (inner, folder) = (Counted::new(), tempfile::tempdir().unwrap());
    let mut cached = open(&inner, folder.path(), sizes).await;
    // A name never comes twice.
    let mut names: Vec<usize> = (0..5).collect();
    let mut next = 5;
    for event in events {
        match event {
            Event::Put(at, bytes) => {
                names[at] = next;
                cached.put(&segment(next), bytes.into()).await.unwrap();
                next += 1;
            }
            Event::Appear(at, bytes) => {
                names[at] = next;
                inner.put(&segment(next), bytes.into()).await.unwrap();
                next += 1;
            }
            Event::Delete(at) => drop(cached.delete(&segment(names[at])).await),
            Event::Read(at, ranges) => {
                let path = segment(names[at]);
                let ranges: Vec<_> = ranges.into_iter().map(|(start, end)| start..end).collect();
                for range in &ranges {
                    let expect = read(&inner.objects, &path, range.clone()).await;
                    assert_eq!(read(&cached, &path, range.clone()).await, expect, "{range:?}");
                }
                let expect = inner.objects.get_ranges(&path, &ranges).await.ok();
                assert_eq!(cached.get_ranges(&path, &ranges).await.ok(), expect, "{ranges:?}");
            }
            Event::Restart => {
                settle(&cached).await;
                cached = open(&inner, folder.path(), sizes).await;
            }
            Event::Damage(swap) => {
                settle(&cached).await;
                damage(&folder.path().join("cache"), swap);
            }
        }
        assert!(cached.0.memory.bytes() <= sizes.memory);
        assert_eq!(cached.0.metrics.bytes.get(), cached.0.memory.bytes() as i64);
        settle(&cached).await;
        let files = std::fs::read_dir(folder.path().join("cache")).into_iter().flatten().count();
        assert!(files as u64 * 64 * 1024 <= sizes.disk, "{files} files");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn reads_are_those_of_the_objects(events in events(), memory in 0_usize..8, disk in 0_u64..9) {
        let sizes = Sizes { block: BLOCK, memory: memory * 600, disk: disk * 64 * 1024 };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(events, sizes));
    }
}
