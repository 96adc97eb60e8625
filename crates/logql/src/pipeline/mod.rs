//! The row pipeline: what happens to one line on its way to the answer. One file for each stage.
//!
//! [`Pipeline`] chains the stages of a query; a row's labels travel beside its line as
//! [`RowLabels`]. [`Sampler`] is a pipeline that ends in a number. Nothing here knows where lines
//! come from: the evaluator, live tail, the fast engine and the collector all run the same stages.

pub mod matcher;

mod chain;
mod error;
mod row;
mod sampler;
mod screen;
mod wanted;

mod decolorize;
mod drop;
mod json;
mod keep;
mod label_filter;
mod label_format;
mod line_filter;
mod line_format;
mod logfmt;
mod pattern;
mod regexp;
mod unpack;
mod unwrap;

mod name;
mod object;
mod reads;
mod template;

#[cfg(test)]
mod testing;

pub use chain::Pipeline;
pub use decolorize::decolorize;
pub use error::StageError;
pub use logfmt::{Pairs, SyntaxError};
pub(crate) use row::{ERROR, PRESERVE_ERROR};
pub use row::{ResultLabels, RowLabels};
pub use sampler::Sampler;
pub use screen::Screen;
