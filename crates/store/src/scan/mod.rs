//! A scan: the rows of a snapshot that a filter wants, as record batches of one schema.
//!
//! Its parts are read from segments (`assemble`) or from the head (`memory`); who reads them
//! cannot tell which.

mod assemble;
mod memory;
mod partition;

pub use partition::{Partition, Pruning, Scan};
