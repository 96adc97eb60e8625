//! The log files of one pod.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::task::PodSpec;

/// A pod that is on the node.
#[derive(Debug)]
pub struct Pod {
    /// Its number, which no other pod had.
    pub no: usize,
    /// What Kubernetes knows of it.
    pub spec: PodSpec,
    /// What ends the line of which the first record is written.
    pub part: Option<Vec<u8>>,
    folder: PathBuf,
    /// How often its container was started again.
    pub restarts: u32,
    log: File,
    rotations: u32,
    /// The eldest first.
    rotated: VecDeque<PathBuf>,
    compressed: VecDeque<PathBuf>,
}

impl Pod {
    /// Makes the folder and the first log of a pod.
    pub fn start(no: usize, spec: PodSpec, pods_folder: &Path) -> io::Result<Self> {
        let folder = pods_folder.join(spec.folder());
        let container = folder.join(&spec.container);
        fs::create_dir_all(&container)?;
        let log = open(&container.join("0.log"))?;
        let (rotated, compressed) = (VecDeque::new(), VecDeque::new());
        let (part, restarts, rotations) = (None, 0, 0);
        Ok(Self { no, spec, part, folder, restarts, log, rotations, rotated, compressed })
    }

    /// Adds bytes to the log that is open.
    pub fn append(&mut self, bytes: &[u8], piece: usize) -> io::Result<()> {
        bytes.chunks(piece).try_for_each(|piece| self.log.write_all(piece))
    }

    /// Renames the log. What is written from now on goes there until it is opened again.
    pub fn rename(&mut self) -> io::Result<()> {
        let path = self.next_rotated();
        fs::rename(self.path(), &path)?;
        self.rotated.push_back(path);
        Ok(())
    }

    /// Opens the log anew, where it is not any more.
    pub fn reopen(&mut self) -> io::Result<()> {
        self.log = open(&self.path())?;
        Ok(())
    }

    /// Copies the log and truncates it.
    pub fn copy_and_truncate(&mut self) -> io::Result<()> {
        let path = self.next_rotated();
        fs::copy(self.path(), &path)?;
        self.rotated.push_back(path);
        self.truncate()
    }

    /// Truncates the log. It is written to at its end, so it has no hole then.
    pub fn truncate(&mut self) -> io::Result<()> {
        self.log.set_len(0)
    }

    /// Deletes the log and makes another of that name.
    pub fn recreate(&mut self) -> io::Result<()> {
        fs::remove_file(self.path())?;
        // The last handle on it goes first, so that its inode is free.
        self.log = File::open("/dev/null")?;
        self.reopen()
    }

    /// Begins the log of the next start of the container.
    pub fn restart(&mut self) -> io::Result<()> {
        self.restarts += 1;
        self.reopen()
    }

    /// Compresses the eldest rotated log, as the kubelet does: under another name first.
    pub fn compress(&mut self) -> io::Result<()> {
        let Some(path) = self.rotated.pop_front() else { return Ok(()) };
        let name = path.display().to_string();
        let (temporary, packed) =
            (PathBuf::from(format!("{name}.tmp")), PathBuf::from(format!("{name}.gz")));
        let mut encoder = GzEncoder::new(File::create(&temporary)?, Compression::fast());
        io::copy(&mut File::open(&path)?, &mut encoder)?;
        encoder.finish()?;
        fs::rename(&temporary, &packed)?;
        fs::remove_file(&path)?;
        self.compressed.push_back(packed);
        Ok(())
    }

    /// Deletes the eldest rotated log.
    pub fn prune(&mut self) -> io::Result<()> {
        let eldest = self.compressed.pop_front().or_else(|| self.rotated.pop_front());
        eldest.map_or(Ok(()), fs::remove_file)
    }

    /// Removes all of it.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(&self.folder)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.spec.container).join(format!("{}.log", self.restarts))
    }

    fn next_rotated(&mut self) -> PathBuf {
        self.rotations += 1;
        let time = format!("20261122-{:06}", self.rotations);
        self.path().with_extension(format!("log.{time}"))
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}
