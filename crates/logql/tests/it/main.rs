//! The integration tests of the crate, in one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its cases must fail")]

mod parse;
mod round_trip;
