//! Blocks in a folder: a file each, written without fsync, since a file that is not whole is a
//! miss. Trouble with the disk turns this part off, and never fails a read.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::block::{Block, BlockKey, Grid};
use super::file::{self, FileName, UNFINISHED};
use super::metrics::PartMetrics;
use super::recent::Cache;

/// How many blocks may wait to be written: what is read faster than the disk takes it is not kept,
/// instead of filling memory or making readers wait.
const WRITES_MAX: usize = 64;
/// A file counts as at least this many bytes: it costs an inode and a place in the index in memory
/// too, so that the bound is one for the number of files.
const FILE_BYTES_MIN: usize = 64 * 1024;

/// The part of the cache that is on disk.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    grid: Grid,
    /// The files that are there.
    files: Cache<FileName, ()>,
    /// Permits to write.
    writes: Arc<Semaphore>,
    /// The number of files begun, which names the next one.
    begun: AtomicU64,
    /// Whether it is turned off.
    broken: AtomicBool,
    metrics: PartMetrics,
}

impl Disk {
    /// Looks through the folder, which belongs to this process, and removes what is too much.
    /// `None` when it cannot be used, or nothing may be kept.
    pub(super) async fn open(
        folder: PathBuf,
        bytes_max: u64,
        grid: Grid,
        metrics: PartMetrics,
    ) -> Option<Arc<Self>> {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        if bytes_max == 0 && !folder.exists() {
            return None;
        }
        let disk = Arc::new(Self {
            folder,
            grid,
            files: Cache::new(bytes_max),
            writes: Arc::new(Semaphore::new(WRITES_MAX)),
            begun: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            metrics,
        });
        let loading = Arc::clone(&disk);
        let loaded = spawn_blocking(move || loading.load()).await;
        if let Err(error) = loaded.unwrap_or_else(|error| Err(error.into())) {
            disk.fail(&error);
        }
        (bytes_max > 0 && disk.is_working()).then_some(disk)
    }

    /// The block, if it is there and whole.
    pub(super) async fn get(self: &Arc<Self>, key: &BlockKey) -> Option<Block> {
        let name = FileName::of(key);
        let known = self.is_working() && self.files.get(&name).is_some();
        let block = if known {
            let (disk, key) = (Arc::clone(self), key.clone());
            spawn_blocking(move || disk.read(&key, name)).await.ok().flatten()
        } else {
            None
        };
        let counter = if block.is_some() { &self.metrics.hits } else { &self.metrics.misses };
        counter.inc();
        block
    }

    /// Writes a block soon, if the disk keeps up.
    pub(super) fn put_soon(self: &Arc<Self>, key: BlockKey, block: Block) {
        if !self.is_working() {
            return;
        }
        let Ok(permit) = Arc::clone(&self.writes).try_acquire_owned() else { return };
        let disk = Arc::clone(self);
        drop(spawn_blocking(move || {
            disk.write(&key, &block);
            drop(permit);
        }));
    }

    /// Writes the blocks of an object.
    pub(super) async fn put_all(
        self: &Arc<Self>,
        object: Arc<str>,
        blocks: impl Iterator<Item = (u64, Block)> + Send + 'static,
    ) {
        let disk = Arc::clone(self);
        let written = spawn_blocking(move || {
            for (index, block) in blocks {
                disk.write(&BlockKey { object: Arc::clone(&object), index }, &block);
            }
        });
        // It panics at most, and then the blocks are not kept.
        drop(written.await);
    }

    /// Removes the blocks of an object.
    pub(super) async fn forget(self: &Arc<Self>, object: &str) {
        let names = self.files.remove_range(FileName::range_of(object));
        let disk = Arc::clone(self);
        drop(spawn_blocking(move || disk.remove(&names)).await);
        self.metrics.kept(0, self.files.bytes());
    }

    fn is_working(&self) -> bool {
        !self.broken.load(Ordering::Relaxed)
    }

    /// Turns this part off. A full disk gets back what was taken of it: the log is on it too.
    fn fail(&self, error: &io::Error) {
        if !self.broken.swap(true, Ordering::Relaxed) {
            let (folder, error) = (self.folder.display(), error as &dyn std::error::Error);
            tracing::warn!(%folder, error, "object reads are not cached on disk until a restart");
        }
        if error.kind() == ErrorKind::StorageFull {
            let names = self.files.clear();
            self.remove(&names);
            self.metrics.kept(0, 0);
        }
    }

    fn load(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if is_unfinished(name) {
                fs::remove_file(entry.path())?;
            } else if let Some(name) = FileName::parse(name) {
                let about = entry.metadata()?;
                found.push((about.modified()?, name, about.len()));
            }
        }
        found.sort_unstable();
        for (_, name, bytes) in found {
            self.add(name, usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    fn read(&self, key: &BlockKey, name: FileName) -> Option<Block> {
        match fs::read(self.folder.join(name.to_string())) {
            Ok(bytes) => {
                let block = file::parse(key, self.grid, bytes);
                if block.is_none() {
                    self.files.remove_range(name..=name);
                    self.remove(&[name]);
                }
                block
            }
            // It had to make room meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                self.fail(&error);
                None
            }
        }
    }

    fn write(&self, key: &BlockKey, block: &Block) {
        let name = FileName::of(key);
        let head = file::head(key, block);
        let bytes = head.len() + block.bytes.len();
        let known = self.files.get(&name).is_some();
        if known || charge(bytes) > self.files.bytes_max() || !self.is_working() {
            return;
        }
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.folder.join(format!("{begun}{UNFINISHED}"));
        let written = File::create(&unfinished).and_then(|mut file| {
            file.write_all(&head)?;
            file.write_all(&block.bytes)?;
            fs::rename(&unfinished, self.folder.join(name.to_string()))
        });
        match written {
            Ok(()) => self.add(name, bytes),
            Err(error) => {
                // What is left of it is removed at the next start, if not now.
                drop(fs::remove_file(&unfinished));
                self.fail(&error);
            }
        }
    }

    /// Takes a file into the index, and removes those that have to make room for it.
    fn add(&self, name: FileName, bytes: usize) {
        let evicted = self.files.insert(name, (), charge(bytes));
        self.remove(&evicted);
        self.metrics.kept(evicted.len(), self.files.bytes());
    }

    fn remove(&self, names: &[FileName]) {
        for name in names {
            match fs::remove_file(self.folder.join(name.to_string())) {
                Err(error) if error.kind() != ErrorKind::NotFound => return self.fail(&error),
                _ => {}
            }
        }
    }

    /// Waits for what is to be written soon.
    #[cfg(test)]
    pub(super) async fn settle(&self) {
        let all = u32::try_from(WRITES_MAX).unwrap();
        drop(self.writes.acquire_many(all).await.unwrap());
    }
}

/// As how many bytes a file counts.
fn charge(bytes: usize) -> usize {
    bytes.max(FILE_BYTES_MIN)
}

fn is_unfinished(name: &str) -> bool {
    name.strip_suffix(UNFINISHED).is_some_and(|number| number.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests;
