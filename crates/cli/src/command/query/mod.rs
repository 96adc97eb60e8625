//! `barogram query`: from its arguments to what is printed.
//!
//! - [`range`]: the command.
//! - [`narrow`]: what `--dag` and the like add to a query.
//! - [`answer`]: what is printed of an answer, and what is said beside it.
//! - [`parts`]: a long range, fetched in parts; [`part_file`] keeps one.

mod answer;
mod narrow;
mod part_file;
mod parts;
mod range;

pub(super) use answer::{Answer, tell};
pub(super) use narrow::narrowed;
pub(super) use range::{refuse_store, run};
