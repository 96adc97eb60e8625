//! The write-ahead log: what makes an append durable before it is acknowledged.
//!
//! A log is a folder of numbered files, each a header and records; a record holds what one fsync
//! made durable, which is often many appends. The bytes are described in `docs/formats/wal.md`.
//!
//! This module knows files and bytes. It must not know what an append means, nor the manifest:
//! it is told the first record that is still needed ([`Checkpoint`]).

mod audit;
mod checkpoint;
mod decoder;
mod disk;
mod encoder;
#[cfg(test)]
pub(crate) mod failing_disk;
mod mend;
mod reader;
mod recover;
mod survey;
mod writer;

pub(crate) use audit::{Audit, Fault, audit};
pub(crate) use checkpoint::Checkpoint;
pub(crate) use decoder::Append;
pub(crate) use disk::Folder;
pub use disk::{Disk, LogFile};
pub(crate) use encoder::Payload;
pub(crate) use mend::{Mended, cut, mend};
pub(crate) use recover::{Recovered, owner, recover};
pub use survey::Tail;
pub(crate) use survey::{FileSurvey, survey};
pub(crate) use writer::{Usage, Writer, Written};

/// The version of the files that are written, and the latest that is read.
pub(crate) const WAL_VERSION: u32 = 2;
