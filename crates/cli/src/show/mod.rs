//! How answers look on a terminal, in a pipe, and to a program.

pub mod bytes;
pub mod chart;
pub mod color;
pub mod columns;
pub mod fields;
pub mod inspect;
pub mod json;
pub mod labels;
pub mod lines;
pub mod numbers;
pub mod stats;
