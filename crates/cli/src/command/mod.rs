//! One file for each command: its arguments are in [`crate::args`], what it does is here.

mod collect;
mod completions;
mod demo;
mod instant_query;
mod labels;
mod query;
mod run;
mod series;
mod serve;
mod up;

pub use run::run;
