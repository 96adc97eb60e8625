//! Templates as Loki, Alloy and Go render them, and as a hostile user writes them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod cost;
mod go;
mod golden;
mod loki;
mod property;
mod reads;
mod scope;
mod sprig;
