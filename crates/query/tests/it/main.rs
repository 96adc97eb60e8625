//! The query engine over a real store on a real disk. One binary: DataFusion links slowly.

mod answers;
mod data;
mod memory;
mod oracle;
