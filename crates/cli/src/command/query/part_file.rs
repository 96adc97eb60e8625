//! A file that holds the lines of a part of a range. It has its name when it is complete and not
//! before, so that a download which was cut off goes on where it was.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use loki::time::Bounds;
use model::Timestamp;

/// Where the lines of a part are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartFile {
    path: PathBuf,
}

impl PartFile {
    /// `PREFIX_20260115T060000_20260115T070000.part`, in UTC: logcli's name.
    pub(super) fn new(prefix: &Path, bounds: &Bounds) -> Self {
        let mut name = OsString::from(prefix);
        name.push(format!("_{}_{}.part", compact(bounds.start), compact(bounds.end)));
        Self { path: name.into() }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.path.exists()
    }

    /// Begins to write, over what a download that was cut off has left.
    pub(super) fn create(&self) -> Result<Writing> {
        let temporary = self.path.with_extension("part.tmp");
        let file = File::create(&temporary)
            .with_context(|| format!("failed to make the part file {}", temporary.display()))?;
        Ok(Writing { out: BufWriter::new(file), temporary, path: self.path.clone() })
    }

    /// Copies the lines to an output.
    pub(super) fn copy_to(&self, out: &mut impl Write) -> Result<()> {
        let mut file = File::open(&self.path)
            .with_context(|| format!("failed to open the part file {}", self.path.display()))?;
        io::copy(&mut file, out)?;
        Ok(())
    }

    pub(super) fn remove(&self) -> Result<()> {
        fs::remove_file(&self.path)
            .with_context(|| format!("failed to remove the part file {}", self.path.display()))
    }
}

/// A part file that is not complete yet.
pub(super) struct Writing {
    pub(super) out: BufWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
}

impl Writing {
    /// Gives the file its name once its bytes are on the disk.
    pub(super) fn complete(self) -> Result<()> {
        let failed = || format!("failed to complete the part file {}", self.path.display());
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error);
        file.and_then(|file| file.sync_all()).with_context(failed)?;
        fs::rename(&self.temporary, &self.path).with_context(failed)
    }
}

fn compact(time: Timestamp) -> String {
    let instant = jiff::Timestamp::from_nanosecond(time.as_nanos().into());
    let shown = instant.map(|instant| instant.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%S"));
    shown.map_or_else(|_| time.to_string(), |shown| shown.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_name_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let start = Timestamp::from_secs(1_768_456_800);
        let bounds = Bounds { start, end: start + std::time::Duration::from_secs(900) };
        let part = PartFile::new(&folder.path().join("q.x"), &bounds);
        let names = || -> Vec<String> {
            let entries = fs::read_dir(folder.path()).unwrap();
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
        };
        let mut writing = part.create().unwrap();
        writeln!(writing.out, "a line").unwrap();
        assert_eq!(names(), ["q.x_20260115T060000_20260115T061500.part.tmp"]);
        assert!(!part.is_complete());
        writing.complete().unwrap();
        assert_eq!(names(), ["q.x_20260115T060000_20260115T061500.part"]);
        assert!(part.is_complete());
        let mut out = Vec::new();
        part.copy_to(&mut out).unwrap();
        assert_eq!(out, b"a line\n");
        part.remove().unwrap();
        assert_eq!(names(), [""; 0]);
    }
}
