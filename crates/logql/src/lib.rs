//! LogQL as a pure library: text to a checked tree and back.

pub mod ast;
pub mod ipmatch;
pub mod jsonpath;
pub mod logfmtkey;
pub mod pattern;
