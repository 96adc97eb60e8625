//! What a log entry becomes on its way: the stages of Grafana Alloy's `loki.process`, its relabel
//! rules, and `stage.airflow`, which is ours.
//!
//! Nothing here reads a file, waits or looks at a clock: entries come in, with the time it is, and
//! go out. Start here: [`Pipeline`] (stages in a row, built from [`StageConfig`]s), [`Entry`] (what
//! travels), [`relabel`] (rules for label sets). There is a file for each stage, under the name
//! that users write, in the same order inside: its settings, how it is built, what it does.
//!
//! ```
//! use barogram_stage::{Entry, Pipeline, StageConfig, cri};
//! use model::{Labels, Timestamp};
//!
//! let stages = [StageConfig::Cri(cri::Config::default())];
//! let mut pipeline = Pipeline::new(&stages, 0)?;
//! let (labels, now) = (Labels::new([("app", "web")]), Timestamp(0));
//! let mut out = Vec::new();
//! let line = "2026-11-22T08:00:00Z stdout F hello";
//! pipeline.process(Entry::new(labels, now, line), now, &mut out);
//! assert_eq!(out[0].line, "hello");
//! assert_eq!(out[0].labels.to_string(), r#"{app="web", stream="stdout"}"#);
//! # Ok::<(), barogram_stage::Error>(())
//! ```

#![forbid(unsafe_code)]

mod config;
mod counts;
pub mod decode;
mod entry;
mod error;
mod expand;
mod extracted;
mod memo;
mod pipeline;
mod process;
mod reads;
pub mod relabel;
mod streams;

mod airflow;
pub mod cri;
mod decolorize;
mod docker;
pub mod drop;
pub mod json;
pub mod label_drop;
pub mod label_keep;
pub mod labels;
pub mod limit;
pub mod logfmt;
pub mod luhn;
pub mod r#match;
pub mod metrics;
pub mod multiline;
pub mod output;
pub mod pack;
pub mod pattern;
pub mod regex;
pub mod replace;
pub mod sampling;
pub mod split_json;
pub mod static_labels;
pub mod structured_metadata;
pub mod structured_metadata_drop;
pub mod template;
pub mod tenant;
pub mod timestamp;
mod traceback;
pub mod truncate;

#[cfg(test)]
mod testing;

pub use config::{NAMES, StageConfig};
pub use counts::{
    Counts, DROPPED_LINES, DROPPED_LINES_BY_LABEL, FIELDS_TRUNCATED, LINES_TRUNCATED,
    PARTIAL_LINES_FLUSHED,
};
pub use entry::{Entry, Origin, Origins};
pub use error::Error;
pub use extracted::{Extracted, VALUES_MAX, Value};
pub use pipeline::Pipeline;
pub use process::{After, Tap, Tapped};
