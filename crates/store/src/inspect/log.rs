//! The files of a log, and what of them is published.

use std::path::PathBuf;

use serde::Serialize;

use super::state::ManifestState;
use crate::wal::{self, FileSurvey, Tail};
use crate::{Error, layout};

/// A file of the write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogFileState {
    /// Its name.
    pub name: String,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The version of its format; `None` where it has no header.
    pub version: Option<u32>,
    /// Whose log it is; `None` where it has no header.
    pub writer: Option<String>,
    /// The number of its first record, or of the one that would be first.
    pub first_sequence: u64,
    /// Its whole records.
    pub records: u64,
    /// Those of them that are not in segments, as far as the manifest knows.
    pub unpublished_records: u64,
    /// The bytes of all its records, without their headers.
    pub payload_bytes: u64,
    /// How it ends.
    pub tail: Tail,
}

pub(super) async fn files(
    folder: PathBuf,
    manifest: &ManifestState,
) -> Result<Vec<LogFileState>, Error> {
    let survey = tokio::task::spawn_blocking(move || wal::survey(&folder));
    let files = survey.await.map_err(Error::Task)??;
    Ok(files.iter().map(|file| state(file, manifest)).collect())
}

fn state(file: &FileSurvey, manifest: &ManifestState) -> LogFileState {
    let writer = file.writer.map(|writer| writer.to_string());
    let known = manifest.writers.iter().find(|known| Some(&known.id) == writer.as_ref());
    let published = known.map_or(0, |known| known.next_sequence);
    let published = published.saturating_sub(file.first_sequence).min(file.records);
    LogFileState {
        name: layout::wal_name(file.number),
        bytes: file.bytes,
        version: file.version,
        writer,
        first_sequence: file.first_sequence,
        records: file.records,
        unpublished_records: file.records - published,
        payload_bytes: file.payload_bytes,
        tail: file.tail,
    }
}
