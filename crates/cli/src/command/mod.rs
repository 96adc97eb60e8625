//! One file for each command: its arguments are in [`crate::args`], what it does is here.

mod check;
mod collect;
mod completions;
mod delete;
mod demo;
mod detected_fields;
mod fmt;
mod import;
mod inspect;
mod instant_query;
mod labels;
mod query;
mod run;
mod series;
mod serve;
mod stats;
mod tail;
mod up;
mod verify;
mod volume;

pub use run::run;
