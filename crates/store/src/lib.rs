//! The store: from an append to a snapshot that one can scan.
//!
//! Start here: [`Store`], then [`Snapshot`] and [`Scan`]. A line's road through this crate:
//!
//! `append → admit (exact duplicates are dropped) → wal (one fsync for many appends) → Ok →
//! head (rows in memory, visible at once) → segment (Parquet, one tenant, one day) → manifest`
//!
//! It knows Arrow, Parquet and object stores. It must not know LogQL, DataFusion or HTTP: callers
//! ask with a [`Filter`] and a [`Projection`], nothing cleverer.

#![forbid(unsafe_code)]

mod admit;
mod append;
mod cache;
mod compact;
mod config;
mod delete;
mod duplicate;
mod error;
mod fail_point;
mod filter;
mod flush;
mod folder;
mod head;
mod id;
pub mod inspect;
mod layout;
mod live;
mod manifest;
mod metrics;
mod nanoseconds;
mod objects;
mod open;
mod replay;
mod rows;
mod scan;
mod schema;
mod segment;
mod store;
mod threads;
mod upkeep;
pub mod verify;
mod versioned;
mod wal;
mod watch;

pub use admit::Appended;
pub use config::{Config, Packing, Parts};
pub use delete::{DELETE_REQUESTS_MAX, DeleteRequest, DeleteWish};
pub use error::{Error, ErrorKind};
pub use fail_point::{FailPoints, Hop};
pub use filter::{Filter, MetadataColumns, MetadataTest, Projection, RowTest, StreamTest};
pub use layout::FORMAT_VERSION;
pub use manifest::Snapshot;
pub use metrics::Metrics;
pub use objects::{ObjectPlace, ObjectSettings};
pub use scan::{Partition, Pruning, Scan};
pub use schema::{KIND_KEY, LINE, NAME_KEY, STREAM, TIMESTAMP, metadata_column};
pub use segment::StreamStats;
pub use store::{Status, Store};
pub use threads::Threads;
pub use upkeep::{EntryTest, Erasure, NextExpiry, Retained, Rules, UpkeepReport};
pub use wal::{Disk, LogFile};
pub use watch::{Arrived, MISSED_TOLD_MAX, Missed, Watch};
