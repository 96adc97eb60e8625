//! LogQL as a pure library: text to a checked tree and back.

#[macro_use]
mod words;

pub mod ast;
pub mod bytes;
pub mod duration;
pub mod error;
pub mod eval;
pub mod float;
pub mod ipmatch;
pub mod jsonpath;
pub mod lexer;
pub mod logfmtkey;
pub mod operator;
pub mod pattern;
pub mod pipeline;
pub mod regex;
pub mod token;
