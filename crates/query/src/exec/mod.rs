//! Our physical operators: what LogQL does to rows, as DataFusion runs it.

pub(crate) mod horizon;
pub(crate) mod pipeline;
pub(crate) mod range_window;
pub(crate) mod rows;
pub(crate) mod sample;
pub(crate) mod sampling;
mod screened;
pub(crate) mod unary;
