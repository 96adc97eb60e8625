//! The recorded cases: asked of the slow evaluator and of a whole server, their queries given to
//! the parser.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod ask;
mod differences;
mod evaluator;
mod parser;
mod server;
mod tally;
