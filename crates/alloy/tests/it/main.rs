//! The language as whoever uses it sees it: texts in, values, texts and problems out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod decode;
mod evaluate;
mod format;
mod property;
mod recipe;
