//! The manifest: which segments are live, and how far each writer's log is published.
//!
//! It is a sequence of numbered objects, each created only if it is absent, because that is the
//! one conditional put that every object store keeps. Who creates number n + 1 has committed; a
//! loser reads it and tries n + 2. The bytes are described in `docs/formats/manifest.md`.

mod change;
mod commit;
mod document;
mod invariant;
mod snapshot;

#[cfg(test)]
pub(crate) use change::Applied;
pub(crate) use change::Change;
pub(crate) use commit::{CHANGE_AGE_MAX, Committed, Manifests};
#[cfg(test)]
pub(crate) use document::RemovedRecord;
pub(crate) use document::{Manifest, SegmentRecord};
pub(crate) use invariant::check_follows;
pub use snapshot::Snapshot;

/// The version of the manifests that are written, and the latest that is read.
pub(crate) const MANIFEST_VERSION: u32 = 2;
