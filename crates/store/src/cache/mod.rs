//! Reads of segments kept in memory and on disk, so that a block which was read once, or was
//! written here, costs no request.
//!
//! It suits segments only: an object of theirs never changes and its name never comes twice, so
//! nothing that is kept can be out of date. `objects` is the object store that others see,
//! `reader` finds blocks in memory, on disk (`disk`, `file`) or in the object store, one request
//! for all who wait (`flight`).

mod block;
mod disk;
mod file;
mod flight;
mod metrics;
mod objects;
mod reader;
mod recent;

pub(crate) use metrics::CacheMetrics;
pub(crate) use objects::CachedObjects;
pub(crate) use recent::Cache;
