//! Looks through a log without changing it. A torn tail stays; recovery cuts it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use ulid::Ulid;

use super::WAL_VERSION;
use super::reader::{End, FILE_HEADER_BYTES, FileHeader, records};
use crate::{Error, layout};

/// How a file of the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Tail {
    /// After a whole record.
    Whole,
    /// In the middle of a record that was never acknowledged, or that is being written now. The
    /// next start cuts it off.
    Torn {
        /// Where the file will be cut, in bytes from 0.
        offset: u64,
    },
    /// In a record that had been acknowledged. No store starts with it.
    Damaged {
        /// Where that record begins, in bytes from 0.
        offset: u64,
    },
}

/// What a file of the log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileSurvey {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    /// `None` where there is no header, and then the same holds for the writer.
    pub(crate) version: Option<u32>,
    pub(crate) writer: Option<Ulid>,
    pub(crate) first_sequence: u64,
    pub(crate) records: u64,
    pub(crate) payload_bytes: u64,
    pub(crate) tail: Tail,
}

/// Looks through the files of a log, the oldest first.
///
/// # Errors
/// When the folder or a file cannot be read, or a newer program wrote it.
pub(crate) fn survey(folder: &Path) -> Result<Vec<FileSurvey>, Error> {
    let files = paths(folder)?;
    let last = files.last().map(|(number, _)| *number);
    let mut found = Vec::with_capacity(files.len());
    for (number, path) in files {
        match fs::read(&path) {
            Ok(bytes) => found.push(look(&path, number, &bytes, Some(number) == last)?),
            // Its rows were published meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::file("read", &path)(error)),
        }
    }
    Ok(found)
}

/// Where they are, by number. None is opened.
pub(super) fn paths(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
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

fn look(path: &Path, number: u64, bytes: &[u8], is_last: bool) -> Result<FileSurvey, Error> {
    let mut survey = FileSurvey {
        number,
        bytes: bytes.len() as u64,
        version: None,
        writer: None,
        first_sequence: 0,
        records: 0,
        payload_bytes: 0,
        tail: tail(End::Torn(0), is_last && bytes.len() <= FILE_HEADER_BYTES),
    };
    let Some(header) = FileHeader::parse(bytes) else { return Ok(survey) };
    if header.version > WAL_VERSION {
        let place = path.display().to_string();
        return Err(Error::Newer { place, found: header.version, supported: WAL_VERSION });
    }
    let (records, end) = records(bytes, header.sequence);
    survey.version = Some(header.version);
    survey.writer = Some(header.writer);
    survey.first_sequence = header.sequence;
    survey.records = records.len() as u64;
    survey.payload_bytes = records.iter().map(|record| record.payload.len() as u64).sum();
    survey.tail = tail(end, is_last);
    Ok(survey)
}

/// Only the last file was being written when the process ended.
fn tail(end: End, is_last: bool) -> Tail {
    match end {
        End::Clean => Tail::Whole,
        End::Torn(at) if is_last => Tail::Torn { offset: at as u64 },
        End::Torn(at) | End::Corrupt(at) => Tail::Damaged { offset: at as u64 },
    }
}
