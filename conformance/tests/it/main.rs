//! The recorded cases: asked of the slow evaluator and of a whole server, their queries given to
//! the parser.

mod ask;
mod differences;
mod evaluator;
mod parser;
mod server;
mod tally;
