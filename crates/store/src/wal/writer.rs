//! Writes the log: one record, one write, one fsync. What failed halfway is taken back before
//! anything else is written, so a record is in the log whole or not at all.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use ulid::Ulid;

use super::checkpoint::{Checkpoint, FileStart, superfluous};
use super::disk::{Disk, LogFile};
use super::encoder::{Encoder, Payload};
use super::reader::{FILE_HEADER_BYTES, FileHeader, RECORD_HEADER_BYTES, record_header};
use super::{Recovered, WAL_VERSION};
use crate::{Error, FailPoints, Hop, layout};

/// The largest payload of a record, in bytes: its length has four bytes.
const RECORD_BYTES_MAX: u64 = u32::MAX as u64;

/// The proof that a record is durable: only [`Writer::append`] makes one.
#[derive(Debug)]
pub(crate) struct Written {
    /// The record's sequence number.
    pub(crate) sequence: u64,
}

/// What the log occupies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    /// Files in the folder.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

/// The one writer of a log.
pub(crate) struct Writer {
    disk: Arc<dyn Disk>,
    writer: Ulid,
    file: Box<dyn LogFile>,
    /// Every file of the log; the last is the one being written.
    files: VecDeque<FileStart>,
    /// The next record's number.
    sequence: u64,
    /// Whether bytes of a failed write may stand after the good ones.
    torn: bool,
    segment_bytes: u64,
    /// What all files together may have.
    bytes_max: u64,
    /// Every record before it is in a segment.
    published: Checkpoint,
    pub(crate) fail_points: FailPoints,
    /// The record being put together; kept for its memory.
    buffer: Vec<u8>,
    encoder: Encoder,
}

impl Writer {
    /// Goes on where recovery ended, in a new file.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        recovered: &Recovered,
        segment_bytes: u64,
    ) -> Result<Self, Error> {
        let number = recovered.next_file();
        let start = FileStart { number, sequence: recovered.sequence, bytes: 0 };
        let (file, start) = create(&*disk, recovered.writer, start)?;
        let mut files = recovered.files.clone();
        files.push_back(start);
        Ok(Self {
            disk,
            writer: recovered.writer,
            file,
            files,
            sequence: recovered.sequence,
            torn: false,
            segment_bytes,
            bytes_max: u64::MAX,
            published: Checkpoint::START,
            fail_points: FailPoints::default(),
            buffer: Vec::new(),
            encoder: Encoder::default(),
        })
    }

    /// The same log, which refuses what would make it larger than this, in bytes.
    pub(crate) fn bounded(self, bytes_max: u64) -> Self {
        Self { bytes_max, ..self }
    }

    /// The same log, with what happens at its hops.
    pub(crate) fn with_fail_points(self, fail_points: FailPoints) -> Self {
        Self { fail_points, ..self }
    }

    /// Writes one record and waits until it is durable. Its payload has the appends that `fill`
    /// adds to it. After an error nothing of it is in the log, or nothing else will be written
    /// before it was taken back.
    pub(crate) fn append(&mut self, fill: impl FnOnce(&mut Payload<'_>)) -> Result<Written, Error> {
        let written = self.try_append(fill);
        if written.is_err() {
            // What it gave numbers to is not in the log.
            self.encoder.begin();
        }
        written
    }

    fn try_append(&mut self, fill: impl FnOnce(&mut Payload<'_>)) -> Result<Written, Error> {
        self.repair()?;
        if self.current().bytes >= self.segment_bytes {
            self.rotate()?;
        }
        let sequence = self.encode(fill)?;
        self.make_room()?;
        let written = self.write();
        self.release_memory();
        if let Err(error) = written {
            // On a full disk its first part takes room that others need. When it cannot be taken
            // back, nothing is written until it is, and whoever tries is told.
            let _ = self.repair();
            return Err(error);
        }
        Ok(Written { sequence })
    }

    /// Puts the next record together and returns its number.
    fn encode(&mut self, fill: impl FnOnce(&mut Payload<'_>)) -> Result<u64, Error> {
        self.buffer.clear();
        self.buffer.resize(RECORD_HEADER_BYTES, 0);
        fill(&mut self.encoder.payload(&mut self.buffer));
        let (bytes, limit) = ((self.buffer.len() - RECORD_HEADER_BYTES) as u64, RECORD_BYTES_MAX);
        if bytes > limit {
            return Err(Error::TooLarge { bytes, limit });
        }
        let header = record_header(self.sequence, &self.buffer[RECORD_HEADER_BYTES..]);
        self.buffer[..RECORD_HEADER_BYTES].copy_from_slice(&header);
        Ok(self.sequence)
    }

    /// Makes sure that the log does not outgrow its bound with the record.
    fn make_room(&mut self) -> Result<(), Error> {
        let is_over = |log: &Self| log.usage().bytes + log.buffer.len() as u64 > log.bytes_max;
        if is_over(self) && self.published == self.checkpoint() {
            // Nothing of the log is needed, but its last file could not be closed in time.
            self.rotate()?;
        }
        if is_over(self) {
            return Err(Error::LogFull { bytes: self.usage().bytes, limit: self.bytes_max });
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        let path = self.path();
        let offset = self.current().bytes;
        self.torn = true;
        self.file.write_at(&self.buffer, offset).map_err(Error::file("write", &path))?;
        self.fail_points.pass(Hop::LogWritten)?;
        self.file.sync().map_err(Error::file("sync", &path))?;
        self.fail_points.pass(Hop::LogSynced)?;
        self.torn = false;
        self.current_mut().bytes += self.buffer.len() as u64;
        self.sequence += 1;
        Ok(())
    }

    /// Begins a new file, unless the current one has no records. Returns where it begins.
    pub(crate) fn rotate(&mut self) -> Result<Checkpoint, Error> {
        self.repair()?;
        if self.current().sequence < self.sequence {
            let start =
                FileStart { number: self.current().number + 1, sequence: self.sequence, bytes: 0 };
            let (file, start) = create(&*self.disk, self.writer, start)?;
            self.file = file;
            self.encoder.begin();
            self.files.push_back(start);
            // The file before it may have been published while it could not be closed.
            self.trim(self.published)?;
        }
        Ok(self.checkpoint())
    }

    /// The point before which every record was written.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { sequence: self.sequence }
    }

    /// Removes the files that hold no record from the checkpoint on.
    pub(crate) fn trim(&mut self, checkpoint: Checkpoint) -> Result<(), Error> {
        self.published = self.published.max(checkpoint);
        while let Some(at) = superfluous(&self.files, checkpoint) {
            let name = layout::wal_name(self.files[at].number);
            self.disk.remove(&name).map_err(Error::file("remove", self.disk.path().join(name)))?;
            self.files.remove(at);
        }
        Ok(())
    }

    /// What the log occupies.
    pub(crate) fn usage(&self) -> Usage {
        let bytes = self.files.iter().map(|file| file.bytes).sum();
        Usage { files: self.files.len() as u64, bytes }
    }

    /// Cuts off what a failed write left. The good part was synced when it was written.
    fn repair(&mut self) -> Result<(), Error> {
        if self.torn {
            let length = self.current().bytes;
            let path = self.path();
            self.file.truncate(length).map_err(Error::file("cut", &path))?;
            self.file.sync().map_err(Error::file("sync", &path))?;
            self.torn = false;
        }
        Ok(())
    }

    /// A rare huge record must not keep its memory for ever.
    fn release_memory(&mut self) {
        const KEPT_BYTES: usize = 16 * 1024 * 1024;
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BYTES);
    }

    fn path(&self) -> PathBuf {
        self.disk.path().join(layout::wal_name(self.current().number))
    }

    fn current(&self) -> &FileStart {
        self.files.back().expect("open pushed the file that is being written")
    }

    fn current_mut(&mut self) -> &mut FileStart {
        self.files.back_mut().expect("open pushed the file that is being written")
    }
}

/// Creates a file with its header, durably.
fn create(
    disk: &dyn Disk,
    writer: Ulid,
    start: FileStart,
) -> Result<(Box<dyn LogFile>, FileStart), Error> {
    let name = layout::wal_name(start.number);
    let created = create_named(disk, &name, writer, start);
    if created.is_err() {
        // What is left of it says nothing that is not known, and takes room. Should it stay,
        // recovery passes over it.
        let _ = disk.remove(&name);
    }
    created
}

fn create_named(
    disk: &dyn Disk,
    name: &str,
    writer: Ulid,
    start: FileStart,
) -> Result<(Box<dyn LogFile>, FileStart), Error> {
    let path = disk.path().join(name);
    let header =
        FileHeader { version: WAL_VERSION, number: start.number, sequence: start.sequence, writer };
    let mut file = disk.create(name).map_err(Error::file("create", &path))?;
    file.write_at(&header.to_bytes(), 0).map_err(Error::file("write", &path))?;
    file.sync().map_err(Error::file("sync", &path))?;
    Ok((file, FileStart { bytes: FILE_HEADER_BYTES as u64, ..start }))
}

#[cfg(test)]
mod tests;
