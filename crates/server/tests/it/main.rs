//! The server's routes, over a real store and engine, without a socket. One binary: linking the
//! engine is slow.

mod access;
mod harness;
mod metadata;
mod push;
mod query;
mod recorded;
mod serve;
