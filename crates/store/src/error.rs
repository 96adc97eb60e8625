//! Everything that can go wrong in the store, and the few things a caller can do about it.

use std::path::PathBuf;
use std::sync::Arc;

use parquet::errors::ParquetError;

use crate::Hop;

/// What the caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Do the same again later: the cause is outside and may pass.
    Retry,
    /// The request itself cannot be served: change it.
    Request,
    /// Somebody who operates the store must look: retrying does not help.
    Operator,
}

/// An error of the store. Its text says what failed and, where there is one, what to do; causes
/// are in the chain of sources.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the data folder could not be read or written.
    #[error("failed to {action} {}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The object store did not do what it was asked to.
    #[error("failed to {action} the object {path}")]
    Object {
        /// What was tried, as a verb.
        action: &'static str,
        /// The object's path.
        path: String,
        /// The object store's answer.
        source: object_store::Error,
    },
    /// A segment could not be encoded or decoded.
    #[error("failed to {action} the segment {path}")]
    Segment {
        /// What was tried, as a verb.
        action: &'static str,
        /// The segment's path.
        path: String,
        /// The Parquet library's answer.
        source: ParquetError,
    },
    /// Arrow refused to build a batch.
    #[error("failed to build a record batch")]
    Arrow(#[from] arrow::error::ArrowError),
    /// Bytes that this program wrote are not what it wrote.
    #[error("{place} is corrupt at byte {offset}: {reason}; restore it from a copy")]
    Corrupt {
        /// The file or object.
        place: String,
        /// Where in it, in bytes from 0.
        offset: u64,
        /// What was expected there.
        reason: String,
    },
    /// The data was written by a program that knows a later format.
    #[error(
        "the data in {place} were written by a newer barogram (format {found}, this one reads up \
         to {supported}): upgrade barogram, or point --store or --data elsewhere"
    )]
    Newer {
        /// The folder, bucket or file.
        place: String,
        /// The format found.
        found: u32,
        /// The latest format that this program reads.
        supported: u32,
    },
    /// Another process has the folder open.
    #[error("data folder {} is in use by process {process}", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// What the lock file says about its owner.
        process: String,
    },
    /// The write-ahead log does not continue what the manifest knows of it.
    #[error(
        "the write-ahead log in {} does not fit the object store: it begins at record {found} but \
         record {expected} is the first one needed; put the missing files back, or start with an \
         empty log folder if it belongs to another store",
        path.display()
    )]
    LogGap {
        /// The folder of the log.
        path: PathBuf,
        /// The first record that is there.
        found: u64,
        /// The first record that the manifest does not hold.
        expected: u64,
    },
    /// A tenant has as many open requests to delete lines as it may.
    #[error("there are {limit} delete requests already; cancel some, or ask for more at once")]
    TooManyDeletes {
        /// How many there may be.
        limit: usize,
    },
    /// The object store overwrites where it was told to create, so no commit is safe on it.
    #[error(
        "the object store {place} overwrites objects that it is told only to create; turn \
         versioning off for this bucket, or use another store"
    )]
    UnsafeObjects {
        /// The object store.
        place: String,
    },
    /// The place of the objects, or a setting of it, is not what it should be.
    #[error("the object store {place} cannot be used: {reason}")]
    Place {
        /// What was given.
        place: String,
        /// What is wrong with it, without any secret.
        reason: String,
    },
    /// A data folder has objects, and another place was given for them.
    #[error(
        "the data folder has objects of its own in {}, which would be out of sight: copy them to \
         {place} and remove them there, or give another data folder",
        own.display()
    )]
    TwoPlaces {
        /// The objects' folder in the data folder.
        own: PathBuf,
        /// The object store that was given.
        place: String,
    },
    /// A manifest breaks one of its own rules.
    #[error("the manifest {number} breaks the rule {rule:?}: {detail}")]
    Invariant {
        /// The manifest's number.
        number: u64,
        /// The rule's name in `manifest/invariant.rs`.
        rule: &'static str,
        /// What was found.
        detail: String,
    },
    /// Another process has opened this store's log, or a copy of it, and publishes from it.
    #[error(
        "another process has opened this store's write-ahead log: this one may not publish any \
         more; stop it, and give each process a log folder of its own"
    )]
    Fenced,
    /// Other writers were faster too many times in a row.
    #[error("failed to commit the manifest: other writers were faster {attempts} times")]
    Contended {
        /// How many numbers were tried.
        attempts: u32,
    },
    /// What was uploaded may have been swept away before it was committed.
    #[error("failed to commit the manifest in time: what was uploaded for it is made anew")]
    Overdue,
    /// The group of appends that this one was part of could not be made durable.
    #[error("failed to write the write-ahead log: nothing was stored, send it again")]
    NotLogged(#[source] Arc<Error>),
    /// More is waiting in memory for the object store than is allowed.
    #[error(
        "{bytes} bytes wait in memory for the object store and {limit} are allowed: send it again \
         later"
    )]
    HeadFull {
        /// What is waiting.
        bytes: u64,
        /// `Config::head_bytes_max`.
        limit: u64,
    },
    /// The log is as large as it may be.
    #[error(
        "the write-ahead log has {bytes} bytes and {limit} are allowed: send it again later, when \
         what it holds is in the object store"
    )]
    LogFull {
        /// What the log has.
        bytes: u64,
        /// `Config::wal_bytes_max`.
        limit: u64,
    },
    /// A test wanted a step to fail.
    #[error("the fail point {hop} says: {reason}")]
    FailPoint {
        /// Where.
        hop: Hop,
        /// What the test says.
        reason: String,
    },
    /// One append is larger than a record of the log may be.
    #[error("an append of {bytes} bytes is larger than {limit}: send less at once")]
    TooLarge {
        /// The size of the append.
        bytes: u64,
        /// The largest allowed.
        limit: u64,
    },
    /// The store was shut down.
    #[error("the store is shut down")]
    Closed,
    /// A task of the store ended before its work was done.
    #[error("a background task of the store ended early")]
    Task(#[source] tokio::task::JoinError),
}

impl Error {
    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge { .. } | Self::TooManyDeletes { .. } => ErrorKind::Request,
            // The Parquet library hands on what the object store answered.
            Self::Segment { source: ParquetError::External(cause), .. }
                if cause.is::<object_store::Error>() =>
            {
                ErrorKind::Retry
            }
            Self::NotLogged(cause) => cause.kind(),
            Self::File { .. }
            | Self::Object { .. }
            | Self::Contended { .. }
            | Self::Overdue
            | Self::HeadFull { .. }
            | Self::LogFull { .. }
            | Self::FailPoint { .. }
            | Self::Closed => ErrorKind::Retry,
            Self::Segment { .. }
            | Self::Arrow(_)
            | Self::Corrupt { .. }
            | Self::Newer { .. }
            | Self::InUse { .. }
            | Self::LogGap { .. }
            | Self::UnsafeObjects { .. }
            | Self::Place { .. }
            | Self::TwoPlaces { .. }
            | Self::Invariant { .. }
            | Self::Fenced
            | Self::Task(_) => ErrorKind::Operator,
        }
    }

    /// For `map_err` after an operation on a file.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// For `map_err` after an operation on an object.
    pub(crate) fn object(
        action: &'static str,
        path: &object_store::path::Path,
    ) -> impl FnOnce(object_store::Error) -> Self + use<> {
        let path = path.to_string();
        move |source| Self::Object { action, path, source }
    }

    /// For `map_err` after an operation on a segment.
    pub(crate) fn segment(
        action: &'static str,
        path: &object_store::path::Path,
    ) -> impl FnOnce(ParquetError) -> Self + use<> {
        let path = path.to_string();
        move |source| Self::Segment { action, path, source }
    }
}
