//! Conformance: a fixed data set, requests, and the answers that Grafana Loki 3.7.6 gave to them.
//!
//! Start here: [`cases`], [`dataset`], [`compare`]. The tests of this crate ask the slow evaluator
//! and a whole server; nothing of the product may import it. `README.md` says what the data holds
//! and by which rules answers are compared.

#![forbid(unsafe_code)]

mod case;
mod compare;
mod number;

pub use case::{Case, Recording, cases, dataset};
pub use compare::compare;
