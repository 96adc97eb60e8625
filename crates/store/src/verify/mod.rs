//! Whether a store is what it should be: every checksum and every invariant, read from outside, and
//! what can be repaired of it.
//!
//! Start here: [`Verification`], which looks and changes nothing, whether or not the store is being
//! served; then [`Repairs`], which has the folder's lock. What is found are values ([`Finding`]).
//!
//! - `check.rs`: the order in which things are looked at
//! - `manifests.rs`, `objects.rs`, `segment.rs` and `rows.rs`, `log.rs`: a file for each sort
//! - `readable.rs`: which rows of a broken segment can be read, page by page
//! - `repair.rs`, `salvage.rs`: from a finding to a store that works again

mod check;
mod finding;
mod log;
mod manifests;
mod objects;
mod readable;
mod repair;
mod report;
mod rows;
mod salvage;
mod segment;
mod step;

pub use check::{Depth, Verification};
pub use finding::{Finding, Severity};
pub use repair::{Loss, Repaired, Repairs};
pub use report::{Progress, Report, Summary, Told};
pub use step::Repair;
