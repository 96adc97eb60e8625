//! LogQL as a pure library: text to a checked tree and back.

#[macro_use]
mod words;

pub mod ast;
pub mod bytes;
mod check;
pub mod duration;
pub mod error;
pub mod eval;
pub mod float;
pub mod ipmatch;
pub mod jsonpath;
pub mod lexer;
pub mod logfmtkey;
pub mod operator;
mod parser;
pub mod pattern;
pub mod pipeline;
mod pretty;
mod print;
pub mod regex;
pub mod token;

pub use error::ParseError;
pub use parser::{parse, parse_matchers, parse_selector};
pub use pretty::{LINE_MAX, pretty};
