//! Reads the log at start: every record that is still needed, in order; cuts a torn tail; refuses
//! to go on where something acknowledged is missing.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use ulid::Ulid;

use super::checkpoint::{Checkpoint, FileStart};
use super::entry::{Append, decode};
use super::reader::{End, FILE_HEADER_BYTES, FileHeader, records};
use super::{Folder, WAL_VERSION};
use crate::wal::Disk;
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
}

impl Recovered {
    /// The number of the file that will be written next.
    pub(crate) fn next_file(&self) -> u64 {
        self.files.back().map_or(1, |last| last.number + 1)
    }

    /// A log that does not exist yet.
    fn new(writer: Ulid) -> Self {
        Self { writer, files: VecDeque::new(), sequence: Checkpoint::START.sequence }
    }
}

/// The writer whose log is in this folder, or `None` when there is no log.
///
/// # Errors
/// When the folder cannot be read, or its first file is not a log file that we can read.
pub(crate) fn owner(folder: &Path) -> Result<Option<Ulid>, Error> {
    for (number, path) in list(folder)? {
        let bytes = fs::read(&path).map_err(Error::file("read", &path))?;
        if let Some(header) = header(&path, number, &bytes)? {
            return Ok(Some(header.writer));
        }
    }
    Ok(None)
}

/// Reads the log and hands every append from the checkpoint on to `replay`, in order.
///
/// # Errors
/// When a file cannot be read, is damaged elsewhere than at the end of the log, or when records
/// between the checkpoint and the end are missing.
pub(crate) fn recover(
    folder: &Path,
    new_writer: Ulid,
    checkpoint: Checkpoint,
    mut replay: impl FnMut(Append),
) -> Result<Recovered, Error> {
    let files = list(folder)?;
    let mut recovered = Recovered::new(new_writer);
    let last = files.last().map(|(number, _)| *number);
    for (number, path) in files {
        let is_last = Some(number) == last;
        let bytes = fs::read(&path).map_err(Error::file("read", &path))?;
        let Some(header) = header(&path, number, &bytes)? else {
            // The creation of the last file was cut short: nothing can have been written to it.
            discard(folder, number, &path, is_last)?;
            continue;
        };
        recovered.check_continues(folder, &header, checkpoint)?;
        let length = recovered.replay(&path, &bytes, is_last, checkpoint, &mut replay)?;
        if length < bytes.len() {
            cut(&path, length as u64)?;
        }
        let start = FileStart { number, sequence: header.sequence, bytes: length as u64 };
        recovered.files.push_back(start);
    }
    recovered.check_reaches(folder, checkpoint)?;
    Ok(recovered)
}

impl Recovered {
    /// Replays one file and returns the length of its good part.
    fn replay(
        &mut self,
        path: &Path,
        bytes: &[u8],
        is_last: bool,
        checkpoint: Checkpoint,
        replay: &mut impl FnMut(Append),
    ) -> Result<usize, Error> {
        let (records, end) = records(bytes, self.sequence);
        let length = match end {
            End::Clean => bytes.len(),
            End::Torn(at) if is_last => at,
            End::Torn(at) | End::Corrupt(at) => {
                return Err(corrupt(path, at, "a record's checksum does not fit its bytes"));
            }
        };
        for record in records {
            self.sequence = record.sequence + 1;
            if record.sequence < checkpoint.sequence {
                continue;
            }
            let appends = decode(record.payload)
                .map_err(|at| corrupt(path, record.offset + at, "no append can be read here"))?;
            appends.into_iter().for_each(&mut *replay);
        }
        Ok(length)
    }

    /// The file must go on where the one before it ended, and the first one must begin early
    /// enough.
    fn check_continues(
        &mut self,
        folder: &Path,
        header: &FileHeader,
        checkpoint: Checkpoint,
    ) -> Result<(), Error> {
        let first = self.files.is_empty();
        let expected = if first { checkpoint.sequence } else { self.sequence };
        let fits = if first {
            header.sequence <= expected
        } else {
            header.sequence == expected && header.writer == self.writer
        };
        if !fits {
            let path = folder.to_owned();
            return Err(Error::LogGap { path, found: header.sequence, expected });
        }
        (self.writer, self.sequence) = (header.writer, header.sequence);
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

/// The log files of a folder, by number.
pub(super) fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file("list", folder))? {
        let entry = entry.map_err(Error::file("list", folder))?;
        if let Some(number) = entry.file_name().to_str().and_then(layout::parse_wal_name) {
            files.push((number, entry.path()));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The header of a file; `None` when the file ends within it.
fn header(path: &Path, number: u64, bytes: &[u8]) -> Result<Option<FileHeader>, Error> {
    let Some(header) = FileHeader::parse(bytes) else {
        return match bytes.len() {
            0..=FILE_HEADER_BYTES => Ok(None),
            _ => Err(corrupt(path, 0, "this is not the header of a log file")),
        };
    };
    if header.version > WAL_VERSION {
        let place = path.display().to_string();
        return Err(Error::Newer { place, found: header.version, supported: WAL_VERSION });
    }
    if header.number != number {
        return Err(corrupt(path, 12, "the number in the header is not the one in the name"));
    }
    Ok(Some(header))
}

fn discard(folder: &Path, number: u64, path: &Path, is_last: bool) -> Result<(), Error> {
    if !is_last {
        return Err(corrupt(path, 0, "this is not the header of a log file"));
    }
    let folder = Folder(folder.to_owned());
    folder.remove(&layout::wal_name(number)).map_err(Error::file("remove", path))
}

fn cut(path: &Path, length: u64) -> Result<(), Error> {
    let file = OpenOptions::new().write(true).open(path).map_err(Error::file("open", path))?;
    file.set_len(length).map_err(Error::file("cut", path))?;
    file.sync_all().map_err(Error::file("sync", path))
}

fn corrupt(path: &Path, offset: usize, reason: &str) -> Error {
    let place = path.display().to_string();
    Error::Corrupt { place, offset: offset as u64, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
