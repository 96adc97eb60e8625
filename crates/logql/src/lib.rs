//! LogQL as a pure library: text to a checked tree and back.

pub mod ast;
pub mod bytes;
pub mod duration;
pub mod error;
pub mod float;
pub mod ipmatch;
pub mod jsonpath;
pub mod lexer;
pub mod logfmtkey;
pub mod pattern;
pub mod pipeline;
pub mod regex;
pub mod token;
