//! Reads the log at start: every record that is still needed, in order; cuts a torn tail; refuses
//! to go on where something acknowledged is missing.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use ulid::Ulid;

use super::checkpoint::{Checkpoint, FileStart};
use super::decoder::{Append, Decoder};
use super::reader::{End, FILE_HEADER_BYTES, FileHeader, RECORD_HEADER_BYTES, records};
use super::{Disk, WAL_VERSION};
use crate::{Error, layout};

/// What a log said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// Whose log it is.
    pub(crate) writer: Ulid,
    /// The files that are there, oldest first.
    pub(super) files: VecDeque<FileStart>,
    /// The number of the next record.
    pub(super) sequence: u64,
    next_file: u64,
}

impl Recovered {
    /// The number of the file that will be written next: no record was ever in one of it.
    pub(crate) fn next_file(&self) -> u64 {
        self.next_file
    }

    /// A log that does not exist yet.
    fn new(writer: Ulid) -> Self {
        let (files, sequence) = (VecDeque::new(), Checkpoint::START.sequence);
        Self { writer, files, sequence, next_file: 1 }
    }
}

/// The writer whose log is in this folder, or `None` when there is no log.
///
/// # Errors
/// When the folder cannot be read, or its first file is not a log file that we can read.
pub(crate) fn owner(disk: &dyn Disk) -> Result<Option<Ulid>, Error> {
    let files = list(disk)?;
    Ok(files.iter().find_map(|file| file.header).map(|header| header.writer))
}

/// Reads the log and hands every append from the checkpoint on to `replay`, in order.
///
/// # Errors
/// When a file cannot be read, is damaged elsewhere than at the end of the log, or when records
/// between the checkpoint and the end are missing.
pub(crate) fn recover(
    disk: &dyn Disk,
    new_writer: Ulid,
    checkpoint: Checkpoint,
    mut replay: impl FnMut(Append),
) -> Result<Recovered, Error> {
    let files = list(disk)?;
    let mut recovered = Recovered::new(new_writer);
    // Without any record, the last file says where the numbers go on.
    let begin = files.iter().position(Found::has_records);
    let begin = begin.or_else(|| files.iter().rposition(|file| file.header.is_some()));
    for (at, file) in files.iter().enumerate() {
        let Some(header) = &file.header else {
            discard(disk, file)?;
            continue;
        };
        recovered.next_file = file.number + 1;
        let mut start = FileStart { number: file.number, sequence: header.sequence, bytes: 0 };
        if begin.is_some_and(|begin| begin <= at) {
            recovered.check_continues(disk.path(), file, header, begin == Some(at), checkpoint)?;
            start.sequence = recovered.sequence;
        }
        let after = &files[at + 1..];
        start.bytes = recovered.replay(disk, file, after, checkpoint, &mut replay)?;
        recovered.files.push_back(start);
    }
    recovered.check_reaches(disk.path(), checkpoint)?;
    Ok(recovered)
}

impl Recovered {
    /// Replays one file, makes its end whole and durable if it is the end of the log, and returns
    /// the length of its good part.
    fn replay(
        &mut self,
        disk: &dyn Disk,
        file: &Found,
        after: &[Found],
        checkpoint: Checkpoint,
        replay: &mut impl FnMut(Append),
    ) -> Result<u64, Error> {
        if !file.has_records() {
            return Ok(FILE_HEADER_BYTES as u64);
        }
        let path = &file.path;
        let read = disk.read(&layout::wal_name(file.number), u64::MAX);
        let (bytes, _) = read.map_err(Error::file("read", path))?;
        let (records, end) = records(&bytes, self.sequence);
        let next = self.sequence + records.len() as u64;
        let is_last = after.iter().all(|later| later.is_empty_at(next));
        let length = match end {
            End::Clean => bytes.len(),
            End::Torn(at) if is_last => at,
            End::Torn(at) | End::Corrupt(at) => {
                return Err(corrupt(path, at, "a record's checksum does not fit its bytes"));
            }
        };
        if is_last {
            let last = records.last().map_or(length, |last| last.offset - RECORD_HEADER_BYTES);
            settle(disk, file, &bytes[..length], last)?;
        }
        let mut decoder = Decoder::new(file.header.map_or(WAL_VERSION, |header| header.version));
        for record in records {
            self.sequence = record.sequence + 1;
            // One that is published may have given numbers that later ones use.
            let appends = decoder
                .appends(&record)
                .map_err(|at| corrupt(path, record.offset + at, "no append can be read here"))?;
            if record.sequence >= checkpoint.sequence {
                appends.into_iter().for_each(&mut *replay);
            }
        }
        Ok(length as u64)
    }

    /// The file must go on where the one before it ended, and the first one must begin early
    /// enough. One without records may have been overtaken: when its creation failed late, records
    /// went on into the file before it.
    fn check_continues(
        &mut self,
        folder: &Path,
        file: &Found,
        header: &FileHeader,
        first: bool,
        checkpoint: Checkpoint,
    ) -> Result<(), Error> {
        let expected = if first { checkpoint.sequence } else { self.sequence };
        let overtaken = first || !file.has_records();
        let fits = header.sequence == expected || overtaken && header.sequence < expected;
        let fits = fits && (first || header.writer == self.writer);
        if !fits {
            let path = folder.to_owned();
            return Err(Error::LogGap { path, found: header.sequence, expected });
        }
        if first {
            (self.writer, self.sequence) = (header.writer, header.sequence);
        }
        Ok(())
    }

    /// The log must reach what the manifest says was published of it.
    fn check_reaches(&self, folder: &Path, checkpoint: Checkpoint) -> Result<(), Error> {
        if self.sequence < checkpoint.sequence {
            return Err(Error::LogGap {
                path: folder.to_owned(),
                found: self.sequence,
                expected: checkpoint.sequence,
            });
        }
        Ok(())
    }
}

/// A log file, of which no more than the header was read.
#[derive(Debug)]
struct Found {
    number: u64,
    path: PathBuf,
    /// `None` when the file ends within it: its creation was cut short.
    header: Option<FileHeader>,
    bytes: u64,
}

impl Found {
    fn has_records(&self) -> bool {
        self.bytes > FILE_HEADER_BYTES as u64
    }

    /// Whether it has no records, and was not begun after a record of this number.
    fn is_empty_at(&self, next: u64) -> bool {
        !self.has_records() && self.header.is_none_or(|header| header.sequence <= next)
    }
}

/// The log files of a folder, by number.
fn list(disk: &dyn Disk) -> Result<Vec<Found>, Error> {
    let names = disk.names().map_err(Error::file("list", disk.path()))?;
    let mut numbers: Vec<u64> =
        names.iter().filter_map(|name| layout::parse_wal_name(name)).collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| look(disk, number)).collect()
}

fn look(disk: &dyn Disk, number: u64) -> Result<Found, Error> {
    let name = layout::wal_name(number);
    let path = disk.path().join(&name);
    let read = disk.read(&name, FILE_HEADER_BYTES as u64);
    let (head, bytes) = read.map_err(Error::file("read", &path))?;
    let header = header(&path, number, &head)?;
    if header.is_none() && bytes > FILE_HEADER_BYTES as u64 {
        return Err(corrupt(&path, 0, "this is not the header of a log file"));
    }
    Ok(Found { number, path, header, bytes })
}

fn header(path: &Path, number: u64, head: &[u8]) -> Result<Option<FileHeader>, Error> {
    let Some(header) = FileHeader::parse(head) else { return Ok(None) };
    if header.version > WAL_VERSION {
        let place = path.display().to_string();
        return Err(Error::Newer { place, found: header.version, supported: WAL_VERSION });
    }
    if header.number != number {
        return Err(corrupt(path, 12, "the number in the header is not the one in the name"));
    }
    Ok(Some(header))
}

/// Removes a file whose creation was cut short: no record can have been written to it, and if one
/// was, the file after it does not continue the one before it.
fn discard(disk: &dyn Disk, file: &Found) -> Result<(), Error> {
    disk.remove(&layout::wal_name(file.number)).map_err(Error::file("remove", &file.path))
}

/// Cuts the log's last file to its `good` bytes, and writes the last record once more. It may be
/// there because it was written, not because it was synced: the process ended in between, or the
/// sync failed. A sync that succeeds after a failed one says nothing of what was written before,
/// and what we replay now will be acknowledged as a duplicate when it is sent again.
fn settle(disk: &dyn Disk, found: &Found, good: &[u8], last_record: usize) -> Result<(), Error> {
    let path = &found.path;
    let opened = disk.open(&layout::wal_name(found.number));
    let mut file = opened.map_err(Error::file("open", path))?;
    if (good.len() as u64) < found.bytes {
        file.truncate(good.len() as u64).map_err(Error::file("cut", path))?;
    }
    let rewritten = file.write_at(&good[last_record..], last_record as u64);
    rewritten.map_err(Error::file("write", path))?;
    file.sync().map_err(Error::file("sync", path))
}

fn corrupt(path: &Path, offset: usize, reason: &str) -> Error {
    let place = path.display().to_string();
    Error::Corrupt { place, offset: offset as u64, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
