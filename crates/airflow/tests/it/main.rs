//! The facts of real deployments against what their databases say.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod lines;
mod pods;
