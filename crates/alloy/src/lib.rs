//! Grafana Alloy's configuration language: its text, what the text means, and how a configuration
//! is put together. It knows no component; whoever has components reads their arguments with
//! [`decode::Arguments`].
//!
//! It reads nothing by itself: texts are given to [`Sources`], and what an expression may ask of
//! the world goes through [`Environment`]. Costs are bounded by [`limits`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use barogram_alloy::{Diagnostics, NoEnvironment, Scope, Sources, ast, eval, parse};
//!
//! let mut sources = Sources::new();
//! let file = sources.add("config.alloy", "greeting = \"hello, \" + name");
//! let mut problems = Diagnostics::new();
//! let file = parse(&sources, file, &mut problems);
//! assert!(problems.is_empty());
//!
//! let mut scope = Scope::new(Arc::new(NoEnvironment));
//! scope.set("name", barogram_alloy::Value::string("world"));
//! let greeting = file.body.attributes().next().ok_or("no attribute")?;
//! assert_eq!(eval(&greeting.value, &scope)?.to_string(), "\"hello, world\"");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod ast;
mod capsule;
pub mod config;
mod convert;
pub mod decode;
pub mod diag;
mod duration;
mod eval;
pub mod graph;
mod layout;
pub mod limits;
mod operate;
mod operator;
mod parser;
mod print;
mod quote;
mod scanner;
mod scope;
mod secret;
mod size;
mod source;
mod stdlib;
pub mod token;
mod value;
pub mod wrapped;

pub use capsule::Capsule;
pub use convert::{Encapsulated, FromValue, Handle, Mismatch, Target};
pub use diag::{Diagnostic, Diagnostics, Severity};
pub use duration::{format_duration, parse_duration};
pub use eval::{Reference, eval, references};
pub use parser::{parse, parse_expression};
pub use print::format;
pub use quote::quote;
pub use scanner::{Scanned, scan};
pub use scope::{Environment, NoEnvironment, Scope};
pub use secret::Secret;
pub use size::{ByteSize, parse_size};
pub use source::{FileId, Outer, Source, Sources, Span};
pub use stdlib::Function;
pub use value::{Number, Object, Value};
