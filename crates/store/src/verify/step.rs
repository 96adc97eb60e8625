//! What a repair does, said before it is done.

use std::fmt;
use std::path::PathBuf;

use object_store::path::Path;
use ulid::Ulid;

use crate::layout::SegmentPath;
use crate::manifest::SegmentRecord;

/// A repair that would mend something. Its text says what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair(pub(super) Step);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// An object that no manifest knows is removed.
    RemoveOrphan { path: Path, bytes: u64 },
    /// Segments that a manifest has lost are live again.
    Restore { record: SegmentRecord },
    /// What can be read of a segment's object takes its place. The rows are those of `origin`,
    /// which is another segment where objects were mixed up.
    Rewrite { record: SegmentRecord, origin: SegmentPath },
    /// A segment of which nothing can be read is live no more.
    TakeOut { record: SegmentRecord, is_there: bool },
    /// A file of the log is cut after its last whole record.
    CutLog { path: PathBuf, length: u64 },
    /// A log is written anew without what is damaged in it.
    MendLog { folder: PathBuf, writer: Ulid },
}

impl From<Step> for Repair {
    fn from(step: Step) -> Self {
        Self(step)
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Step::RemoveOrphan { path, bytes } => {
                write!(f, "remove {path} ({bytes} bytes), which no manifest knows")
            }
            Step::Restore { record } => {
                write!(f, "make {} ({} rows) live again", record.path, record.rows)
            }
            Step::Rewrite { record, origin } => {
                write!(f, "write what can be read of {} anew", record.path)?;
                if *origin != record.path {
                    write!(f, " as the rows of {origin}")?;
                }
                write!(f, ", and keep its object under quarantine/")
            }
            Step::TakeOut { record, is_there } => {
                write!(f, "take {} ({} rows) out of the manifest", record.path, record.rows)?;
                let kept = if *is_there { ", and keep its object under quarantine/" } else { "" };
                f.write_str(kept)
            }
            Step::CutLog { path, length } => {
                write!(f, "cut {} to its {length} good bytes", path.display())
            }
            Step::MendLog { folder, .. } => write!(
                f,
                "write the log in {} anew with the records that are whole, and keep copies of what \
                 it was in quarantine/",
                folder.display()
            ),
        }
    }
}
