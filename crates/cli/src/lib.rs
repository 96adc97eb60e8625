//! The command line of barogram: reads arguments, puts the machines together, shows answers.
//!
//! A library, so that tests drive the same parts; nothing else may import it.

#![forbid(unsafe_code)]

pub mod agent;
pub mod args;
pub mod assemble;
pub mod client;
pub mod command;
pub mod configured;
pub mod demo;
pub mod exit;
pub mod import;
pub mod local;
pub mod machine;
pub mod parse;
pub mod place;
pub mod show;
pub mod time;
pub mod trace;
