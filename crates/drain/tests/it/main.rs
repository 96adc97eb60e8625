//! What comes out of a miner: known templates of known lines, and what must hold for all lines.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod bounds;
mod filter;
mod property;
mod templates;
