//! The nouns that every crate shares: labels, entries, time, tenants, columns and limits.
//!
//! Start here: [`Labels`], [`Entry`], [`Stream`], [`Timestamp`], [`TenantId`], [`Column`].
//!
//! Nothing in this crate does I/O, waits, or knows a file format; it is in everybody's build.

#![forbid(unsafe_code)]

pub mod column;
pub mod entry;
pub mod labels;
pub mod limits;
pub mod rfc3339;
pub mod tenant;
pub mod time;

pub use column::{Column, ColumnKind};
pub use entry::{Entry, Stream};
pub use labels::{Labels, LabelsError, StreamId};
pub use tenant::TenantId;
pub use time::{Clock, ManualClock, SystemClock, TimeRange, Timestamp};
