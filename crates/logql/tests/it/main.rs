//! The integration tests of the crate, in one binary.

mod eval;
mod parse;
mod round_trip;
