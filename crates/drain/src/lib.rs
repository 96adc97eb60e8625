//! Templates of log lines, mined as they come: `Task exited with return code <_>`.
//!
//! Start here: [`Miner`]. The method is Drain's (He, Zhu, Zheng, Lyu: *Drain: An Online Log Parsing
//! Approach with Fixed Depth Tree*, 2017): a tree of fixed depth leads a line to a few templates,
//! the most alike of them takes it in, and words in which the two differ become `<_>`.
//!
//! ```
//! let mut miner = drain::Miner::new(drain::Config::default());
//! let id = miner.learn("Task 7 exited with return code 0").expect("the line is not blank");
//! assert_eq!(miner.learn("Task 12 exited with return code -9"), Some(id));
//! let template = miner.template(id).expect("nothing was evicted");
//! assert_eq!(template.to_string(), "Task <_> exited with return code <_>");
//! ```
//!
//! *Invariant:* what a template prints, used as LogQL's `` |> `…` ``, passes every line that the
//! template has taken in. `pattern.rs` says why.
//!
//! Nothing in this crate does I/O, waits, or knows what a stream, a level or a time is.

#![forbid(unsafe_code)]

mod byte;
mod config;
mod hash;
mod json;
mod likeness;
mod mask;
mod miner;
mod pattern;
mod reader;
mod template;
mod token;
mod tree;
mod word;

pub use config::Config;
pub use miner::Miner;
pub use template::{Template, TemplateId};
