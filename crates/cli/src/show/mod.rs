//! How answers look on a terminal, in a pipe, and to a program.

pub mod color;
pub mod lines;
pub mod numbers;
