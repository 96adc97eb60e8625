//! Looks at every byte of a log as recovery would, but tells all that is wrong instead of stopping
//! at the first. Nothing is changed.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ulid::Ulid;

use super::WAL_VERSION;
use super::decoder::Decoder;
use super::reader::{End, FILE_HEADER_BYTES, FileHeader, records};
use super::survey::paths;
use crate::Error;

/// Something that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The last file ends within a record that was never acknowledged.
    Torn { length: u64, bytes: u64 },
    /// The last file ends within its header, so no record was ever in it.
    Unfinished,
    /// A record is damaged that had been acknowledged.
    Damaged { offset: u64 },
    /// A record is whole, and no appends can be read from it.
    Undecodable { sequence: u64, offset: u64 },
    /// The header of a file with records is damaged.
    NoHeader,
    /// The header tells another number than the name.
    OtherNumber { found: u64 },
    /// The file is of another writer than those before it.
    OtherWriter { found: Ulid },
    /// Records between two files are missing.
    Gap { found: u64, expected: u64 },
}

/// What there is in a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Audit {
    pub(crate) writer: Option<Ulid>,
    pub(crate) files: u64,
    pub(crate) records: u64,
    /// The first record, or the number at which the log would go on if there is none.
    pub(crate) first: u64,
    /// The number after the last record; unknown where the end is damaged.
    pub(crate) reached: Option<u64>,
    pub(crate) faults: Vec<(PathBuf, Fault)>,
}

/// Looks at a log, one file at a time.
///
/// # Errors
/// When a file cannot be read, or a newer program wrote it.
pub(crate) fn audit(folder: &Path) -> Result<Audit, Error> {
    let mut walk = Walk { audit: Audit::default(), has_records: false };
    let files = paths(folder)?;
    let ends: Vec<u64> = files.iter().map(|(_, path)| length(path)).collect();
    for (at, (number, path)) in files.iter().enumerate() {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            // Its rows were published meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::file("read", path)(error)),
        };
        // What follows the end of the log is at most files without records.
        let is_last = ends[at + 1..].iter().all(|bytes| *bytes <= FILE_HEADER_BYTES as u64);
        walk.file(path, *number, &bytes, is_last)?;
    }
    Ok(walk.audit)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

struct Walk {
    audit: Audit,
    /// Whether any file so far had records.
    has_records: bool,
}

impl Walk {
    fn file(&mut self, path: &Path, number: u64, bytes: &[u8], last: bool) -> Result<(), Error> {
        self.audit.files += 1;
        let Some(header) = FileHeader::parse(bytes) else {
            let is_whole = bytes.len() > FILE_HEADER_BYTES;
            self.fault(path, if is_whole { Fault::NoHeader } else { Fault::Unfinished });
            if is_whole {
                self.audit.reached = None;
                self.has_records = true;
            }
            return Ok(());
        };
        if header.version > WAL_VERSION {
            let (place, found) = (path.display().to_string(), header.version);
            return Err(Error::Newer { place, found, supported: WAL_VERSION });
        }
        self.header(path, number, &header, bytes.len() > FILE_HEADER_BYTES);
        if bytes.len() > FILE_HEADER_BYTES {
            self.records(path, &header, bytes, last);
        }
        Ok(())
    }

    fn header(&mut self, path: &Path, number: u64, header: &FileHeader, has_records: bool) {
        if header.number != number {
            self.fault(path, Fault::OtherNumber { found: header.number });
        }
        let writer = *self.audit.writer.get_or_insert(header.writer);
        if header.writer != writer {
            self.fault(path, Fault::OtherWriter { found: header.writer });
        }
        if !self.has_records {
            // Without any record, the last file says where the numbers go on.
            (self.audit.first, self.audit.reached) = (header.sequence, Some(header.sequence));
            return;
        }
        let found = header.sequence;
        let expected = self.audit.reached.unwrap_or(found);
        // A file without records may have been overtaken by the one before it.
        if found > expected || has_records && found < expected {
            self.fault(path, Fault::Gap { found, expected });
        }
    }

    fn records(&mut self, path: &Path, header: &FileHeader, bytes: &[u8], last: bool) {
        self.has_records = true;
        let (records, end) = records(bytes, header.sequence);
        let mut decoder = Decoder::new(header.version);
        for record in &records {
            if let Err(at) = decoder.appends(record) {
                let (sequence, offset) = (record.sequence, (record.offset + at) as u64);
                self.fault(path, Fault::Undecodable { sequence, offset });
            }
        }
        let count = records.len() as u64;
        self.audit.records += count;
        self.audit.reached = Some(header.sequence + count);
        match end {
            End::Clean => {}
            End::Torn(at) if last => {
                let (length, bytes) = (at as u64, (bytes.len() - at) as u64);
                self.fault(path, Fault::Torn { length, bytes });
            }
            End::Torn(at) | End::Corrupt(at) => {
                self.audit.reached = None;
                self.fault(path, Fault::Damaged { offset: at as u64 });
            }
        }
    }

    fn fault(&mut self, path: &Path, fault: Fault) {
        self.audit.faults.push((path.to_owned(), fault));
    }
}
