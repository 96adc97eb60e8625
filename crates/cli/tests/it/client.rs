//! The client's part: the binary asks a server made up here, which remembers what it was asked.

mod ask;
mod lines;
mod parts;
pub mod stub;
mod tail;
