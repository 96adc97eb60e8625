//! A disk in memory that knows what is on the medium and what is only written. A power failure
//! takes what was not synced, or some of it, as real disks do.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use store::{Disk, Error, LogFile};

use crate::power::Power;
use crate::settings::DiskFaults;
use crate::trace::lock;

/// The disk of a host, which outlives its processes. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Medium(Arc<Mutex<Content>>);

#[derive(Debug, Clone)]
struct Content {
    files: BTreeMap<String, FileContent>,
    /// Files that were removed, the latest last, and may come back with the power: nobody synced
    /// the folder. A file system keeps the order of removals.
    removed: Vec<(String, FileContent)>,
    faults: DiskFaults,
    /// Every operation fails.
    detached: bool,
    rng: Rng,
}

#[derive(Debug, Clone, Default)]
struct FileContent {
    /// As processes see it.
    written: Vec<u8>,
    /// As it is after a power failure, if nothing more was lucky.
    synced: Vec<u8>,
    /// Parts of `written` that the next sync will put on the medium.
    dirty: Vec<Range<usize>>,
}

impl Medium {
    /// An empty disk.
    pub(crate) fn new(faults: DiskFaults, rng: Rng) -> Self {
        let (files, removed) = Default::default();
        Self(Arc::new(Mutex::new(Content { files, removed, faults, detached: false, rng })))
    }

    /// A disk with the same files, of which only one goes on: this one.
    pub(crate) fn fork(&self) -> Self {
        let mut content = lock(&self.0).clone();
        content.rng = lock(&self.0).rng.fork();
        Self(Arc::new(Mutex::new(content)))
    }

    /// From now on everything fails.
    pub(crate) fn detach(&self) {
        lock(&self.0).detached = true;
    }

    /// From now on nothing fails.
    pub(crate) fn heal(&self) {
        lock(&self.0).faults = DiskFaults::default();
    }

    /// The power has failed. Tells how many bytes that were written and not synced are gone.
    pub(crate) fn lose_power(&self) -> usize {
        let mut content = lock(&self.0);
        let Content { files, removed, rng, .. } = &mut *content;
        let back = rng.usize(..=removed.len());
        for (name, file) in removed.split_off(removed.len() - back) {
            files.entry(name).or_insert(file);
        }
        removed.clear();
        files.values_mut().map(|file| file.lose_power(rng)).sum()
    }
}

impl Content {
    fn fails(&mut self, of_thousand: u32) -> bool {
        of_thousand > 0 && self.rng.u32(..1000) < of_thousand
    }
}

impl FileContent {
    fn write_at(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.written.len() < end {
            self.written.resize(end, 0);
        }
        self.written[offset..end].copy_from_slice(bytes);
        self.dirty.push(offset..end);
    }

    fn sync(&mut self) {
        self.synced.resize(self.written.len(), 0);
        for range in std::mem::take(&mut self.dirty) {
            let end = range.end.min(self.written.len());
            let start = range.start.min(end);
            self.synced[start..end].copy_from_slice(&self.written[start..end]);
        }
    }

    /// The error is told once; then the system believes that nothing is left to be synced.
    fn fail_sync(&mut self) {
        self.dirty.clear();
    }

    fn truncate(&mut self, length: usize) {
        self.written.truncate(length);
    }

    /// What was not synced is there, or not, or only its beginning, or only its length.
    fn lose_power(&mut self, rng: &mut Rng) -> usize {
        let before = self.written.clone();
        match rng.u8(..4) {
            0 => {}
            1 => self.sync(),
            2 => self.synced.resize(self.written.len(), 0),
            _ => {
                self.written.truncate(rng.usize(..=self.written.len()).max(self.synced.len()));
                self.sync();
            }
        }
        self.written.clone_from(&self.synced);
        self.dirty.clear();
        let kept = before.iter().zip(&self.written).filter(|(a, b)| a == b).count();
        before.len() - kept
    }
}

/// The disk as one process sees it, until that ends.
#[derive(Debug, Clone)]
pub(crate) struct Mounted {
    pub(crate) path: PathBuf,
    pub(crate) medium: Medium,
    pub(crate) power: Power,
}

struct OpenFile {
    name: String,
    disk: Mounted,
}

impl Mounted {
    fn with<T>(&self, act: impl FnOnce(&mut Content) -> io::Result<T>) -> io::Result<T> {
        let mut content = lock(&self.medium.0);
        if content.detached || !self.power.is_on() { Err(failed()) } else { act(&mut content) }
    }
}

impl Disk for Mounted {
    fn path(&self) -> &Path {
        &self.path
    }

    fn prepare(&self) -> Result<(), Error> {
        Ok(())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.with(|content| Ok(content.files.keys().cloned().collect()))
    }

    fn read(&self, name: &str, bytes_max: u64) -> io::Result<(Vec<u8>, u64)> {
        self.with(|content| {
            let file = &content.files.get(name).ok_or(io::ErrorKind::NotFound)?.written;
            let bytes = usize::try_from(bytes_max).unwrap_or(usize::MAX).min(file.len());
            Ok((file[..bytes].to_vec(), file.len() as u64))
        })
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        self.with(|content| match content.files.get(name) {
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::NotFound.into()),
        })?;
        Ok(Box::new(OpenFile { name: name.to_owned(), disk: self.clone() }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        self.with(|content| {
            let of_thousand = content.faults.create;
            if content.fails(of_thousand) {
                if content.rng.bool() {
                    content.files.entry(name.to_owned()).or_default().truncate(0);
                }
                return Err(io::ErrorKind::StorageFull.into());
            }
            // The folder is synced, and with it what was removed before.
            content.removed.clear();
            let file = content.files.entry(name.to_owned()).or_default();
            file.truncate(0);
            Ok(())
        })?;
        self.open(name)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.with(|content| {
            let removed = content.files.remove(name).map(|file| (name.to_owned(), file));
            content.removed.extend(removed);
            Ok(())
        })
    }
}

impl OpenFile {
    fn with(
        &self,
        act: impl FnOnce(&mut FileContent) -> io::Result<()>,
        fault: impl FnOnce(&DiskFaults) -> u32,
        fail: impl FnOnce(&mut FileContent, &mut Rng) -> io::Error,
    ) -> io::Result<()> {
        self.disk.with(|content| {
            let fails = content.fails(fault(&content.faults.clone()));
            let Content { files, rng, .. } = content;
            // A file that was removed can still be written to.
            let Some(file) = files.get_mut(&self.name) else { return Ok(()) };
            if fails { Err(fail(file, rng)) } else { act(file) }
        })
    }
}

impl LogFile for OpenFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(|_| failed())?;
        let write = |file: &mut FileContent| {
            file.write_at(bytes, offset);
            Ok(())
        };
        let write_some = |file: &mut FileContent, rng: &mut Rng| {
            file.write_at(&bytes[..rng.usize(..=bytes.len())], offset);
            io::ErrorKind::StorageFull.into()
        };
        self.with(write, |faults| faults.full, write_some)
    }

    fn sync(&mut self) -> io::Result<()> {
        let sync = |file: &mut FileContent| {
            file.sync();
            Ok(())
        };
        let fail_sync = |file: &mut FileContent, _: &mut Rng| {
            file.fail_sync();
            failed()
        };
        self.with(sync, |faults| faults.sync, fail_sync)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(|_| failed())?;
        let cut = |file: &mut FileContent| {
            file.truncate(length);
            Ok(())
        };
        self.with(cut, |_| 0, |_, _| failed())
    }
}

/// `EIO`
fn failed() -> io::Error {
    io::Error::from_raw_os_error(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> Mounted {
        let medium = Medium::new(DiskFaults::default(), Rng::with_seed(1));
        Mounted { path: "log".into(), medium, power: Power::default() }
    }

    #[test]
    fn what_was_synced_outlives_the_power_and_the_rest_may_not() {
        let mut lost = 0;
        for seed in 0..32 {
            let disk = disk();
            lock(&disk.medium.0).rng = Rng::with_seed(seed);
            let mut file = disk.create("a").unwrap();
            file.write_at(b"synced", 0).unwrap();
            file.sync().unwrap();
            file.write_at(b"written", 6).unwrap();
            assert_eq!(disk.read("a", 99).unwrap().0, b"syncedwritten");
            disk.medium.lose_power();
            let (bytes, _) = disk.read("a", 99).unwrap();
            assert_eq!(&bytes[..6], b"synced");
            lost += usize::from(!bytes.ends_with(b"written"));
        }
        assert!((8..32).contains(&lost), "lost {lost} times");
    }

    #[test]
    fn a_sync_after_a_failed_one_says_nothing_of_what_was_written_before() {
        let disk = disk();
        let mut file = disk.create("a").unwrap();
        file.write_at(b"one", 0).unwrap();
        lock(&disk.medium.0).files.get_mut("a").unwrap().fail_sync();
        file.write_at(b"two", 3).unwrap();
        file.sync().unwrap();
        disk.medium.lose_power();
        assert_eq!(disk.read("a", 99).unwrap().0, b"\0\0\0two");
    }

    #[test]
    fn nothing_of_a_process_goes_on_after_its_end() {
        let disk = disk();
        let mut file = disk.create("a").unwrap();
        disk.power.cut(crate::power::End::Killed);
        file.write_at(b"late", 0).unwrap_err();
        let next = Mounted { power: Power::default(), ..disk };
        assert_eq!(next.read("a", 99).unwrap().1, 0);
    }
}
