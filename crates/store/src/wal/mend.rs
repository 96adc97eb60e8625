//! Repairs a log that recovery refuses: what is damaged is left out, and the records after it are
//! numbered anew so that they follow those before it. Of every file that changes, a copy is kept.
//!
//! Records before the checkpoint are in segments. They are never mixed with those that are not: a
//! record must not be given a number for which it would be taken for published.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use ulid::Ulid;

use super::checkpoint::Checkpoint;
use super::decoder::{Append, Decoder};
use super::encoder::Encoder;
use super::reader::whole_records;
use super::reader::{End, FILE_HEADER_BYTES, FileHeader, Record, record_header, records};
use super::survey::paths;
use super::{Folder, WAL_VERSION};
use crate::wal::Disk;
use crate::{Error, folder, layout};

/// The folder, in that of the log, for copies of what was repaired.
const QUARANTINE: &str = "quarantine";

/// What became of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Mended {
    /// Records that are not in segments and were kept.
    pub(crate) kept: u64,
    /// Records that are not in segments and are lost.
    pub(crate) lost: u64,
    /// Files of which a copy was kept.
    pub(crate) copied: u64,
}

/// Cuts a file to its whole records, durably.
pub(crate) fn cut(path: &Path, length: u64) -> Result<(), Error> {
    let file = File::options().write(true).open(path).map_err(Error::file("open", path))?;
    let cut = file.set_len(length).and_then(|()| file.sync_all());
    cut.map_err(Error::file("cut", path))
}

/// Repairs a log of this writer, one file at a time. Ending in the middle of it leaves a log that
/// can be repaired again.
pub(crate) fn mend(log: &Path, writer: Ulid, checkpoint: Checkpoint) -> Result<Mended, Error> {
    let checkpoint = checkpoint.sequence;
    let mended = Mended::default();
    let mut mend = Mend { log, writer, checkpoint, next: None, seen: checkpoint, mended };
    let files = paths(log)?;
    for (number, path) in &files {
        let bytes = fs::read(path).map_err(Error::file("read", path))?;
        let is_last = files.last().is_some_and(|(last, _)| last == number);
        mend.file(*number, path, &bytes, is_last)?;
    }
    if mend.next.is_none_or(|next| next < checkpoint) {
        // Nothing is left but what is published: the last file says where the numbers go on.
        if let Some((number, path)) = files.last() {
            mend.begin_anew(*number)?;
            mend.write(*number, path, &[])?;
        }
    }
    Ok(mend.mended)
}

struct Mend<'a> {
    log: &'a Path,
    writer: Ulid,
    checkpoint: u64,
    /// The number of the next record; none before the first file that stays.
    next: Option<u64>,
    /// Until which number, of those of old, records that are not in segments were met.
    seen: u64,
    mended: Mended,
}

impl Mend<'_> {
    fn file(&mut self, number: u64, path: &Path, bytes: &[u8], last: bool) -> Result<(), Error> {
        let header = FileHeader::parse(bytes)
            .filter(|header| header.number == number && header.writer == self.writer);
        if let Some(header) = &header {
            self.miss(header.sequence);
            let (whole, end) = records(bytes, header.sequence);
            let mut decoder = Decoder::new(header.version);
            let can_decode = whole.iter().all(|record| decoder.appends(record).is_ok());
            if end == End::Clean && can_decode && self.follows(header, &whole) {
                self.next = Some(header.sequence + whole.len() as u64);
                whole.iter().for_each(|record| self.count(record));
                return Ok(());
            }
        }
        if bytes.len() > FILE_HEADER_BYTES {
            self.copy(number, path)?;
        }
        let whole = whole_records(bytes);
        let kept = self.keep(Decoder::new(version(bytes, &whole)), whole);
        // The last file stays even without records: its number must not come again.
        if kept.is_empty() && !last {
            return self.remove(number, path);
        }
        if self.next.is_none_or(|next| next < self.checkpoint) {
            self.begin_anew(number)?;
        }
        self.write(number, path, &kept)
    }

    /// The payloads of those of some records that are needed and make sense, written anew: what
    /// they built upon may not stay.
    fn keep(&mut self, mut decoder: Decoder, records: Vec<Record<'_>>) -> Vec<Vec<u8>> {
        let (mut kept, mut encoder) = (Vec::new(), Encoder::default());
        for record in records {
            let appends = decoder.appends(&record);
            if record.sequence < self.seen {
                continue;
            }
            self.miss(record.sequence);
            match appends {
                Ok(appends) => {
                    self.count(&record);
                    kept.push(payload(&mut encoder, &appends));
                }
                Err(_) => self.miss(record.sequence + 1),
            }
        }
        kept
    }

    /// Whether a whole file may stay as it is.
    fn follows(&self, header: &FileHeader, records: &[Record<'_>]) -> bool {
        match self.next {
            None => header.sequence <= self.checkpoint,
            Some(next) => header.sequence == next || records.is_empty() && header.sequence <= next,
        }
    }

    /// Notes that records before this one, as they were numbered, will not be met any more.
    fn miss(&mut self, sequence: u64) {
        self.mended.lost += sequence.saturating_sub(self.seen);
        self.seen = self.seen.max(sequence);
    }

    fn count(&mut self, record: &Record<'_>) {
        if record.sequence >= self.seen {
            self.mended.kept += 1;
            self.seen = record.sequence + 1;
        }
    }

    /// Removes the files before this one: all they hold is published.
    fn begin_anew(&mut self, number: u64) -> Result<(), Error> {
        for (older, path) in paths(self.log)?.into_iter().filter(|(older, _)| *older < number) {
            self.remove(older, &path)?;
        }
        self.next = Some(self.checkpoint);
        Ok(())
    }

    /// Puts records of these payloads, which are numbered anew, in the place of a file.
    fn write(&mut self, number: u64, path: &Path, payloads: &[Vec<u8>]) -> Result<(), Error> {
        let sequence = self.next.unwrap_or(self.checkpoint);
        let (version, writer) = (WAL_VERSION, self.writer);
        let header = FileHeader { version, number, sequence, writer };
        let mut bytes = header.to_bytes().to_vec();
        for (payload, sequence) in payloads.iter().zip(sequence..) {
            bytes.extend_from_slice(&record_header(sequence, payload));
            bytes.extend_from_slice(payload);
        }
        // Recovery looks at no other names, so a crash leaves the old file or the new one.
        let new = path.with_extension("wal.new");
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        written.map_err(Error::file("write", &new))?;
        let renamed = fs::rename(&new, path).and_then(|()| File::open(self.log)?.sync_all());
        renamed.map_err(Error::file("write", path))?;
        self.next = Some(sequence + payloads.len() as u64);
        Ok(())
    }

    fn remove(&self, number: u64, path: &Path) -> Result<(), Error> {
        let removed = Folder(self.log.to_owned()).remove(&layout::wal_name(number));
        removed.map_err(Error::file("remove", path))
    }

    fn copy(&mut self, number: u64, path: &Path) -> Result<(), Error> {
        let quarantine = self.log.join(QUARANTINE);
        folder::create(&quarantine)?;
        let copy = free_name(&quarantine, number);
        let copied = fs::copy(path, &copy).and_then(|_| File::open(&copy)?.sync_all());
        copied.map_err(Error::file("write", &copy))?;
        let synced = File::open(&quarantine).and_then(|folder| folder.sync_all());
        synced.map_err(Error::file("sync", &quarantine))?;
        self.mended.copied += 1;
        Ok(())
    }
}

/// The version of a file: what its header says, else the one in which its first record can be read.
fn version(file: &[u8], records: &[Record<'_>]) -> u32 {
    let reads = |version: u32| records.first().is_none_or(|first| can_decode(version, first));
    let told = FileHeader::parse(file).map(|header| header.version);
    told.unwrap_or_else(|| (1..=WAL_VERSION).rfind(|version| reads(*version)).unwrap_or_default())
}

fn can_decode(version: u32, record: &Record<'_>) -> bool {
    Decoder::new(version).appends(record).is_ok()
}

fn payload(encoder: &mut Encoder, appends: &[Append]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut payload = encoder.payload(&mut bytes);
    appends.iter().for_each(|append| payload.append(&append.tenant, &append.streams));
    drop(payload);
    bytes
}

/// A name in the quarantine that no earlier repair has used.
fn free_name(quarantine: &Path, number: u64) -> PathBuf {
    let name = layout::wal_name(number);
    let again = (1_u32..).map(|count| quarantine.join(format!("{name}.{count}")));
    let mut names = std::iter::once(quarantine.join(&name)).chain(again);
    names.find(|path| !path.exists()).expect("there are more numbers than files")
}

#[cfg(test)]
mod tests;
