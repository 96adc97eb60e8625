//! Go's `text/template`, as Loki offers it in `line_format` and `label_format`: the language, its
//! built-in functions, the part of sprig that Loki exposes, and Loki's own functions. In the
//! [`Dialect`] of Alloy's stages the rest of sprig is there too, but for what makes keys, random
//! texts and requests, compares versions, takes URLs apart, or reads the environment.
//!
//! A [`Template`] is parsed once and rendered for each line, with a [`Scope`] that gives the
//! fields, the line, its timestamp and the present time. It reads nothing else: no clock, no zone
//! of the machine, no environment. Costs are bounded by [`limits`].
//!
//! ```
//! use barogram_gotemplate::{Scope, Template};
//!
//! struct Line;
//!
//! impl Scope for Line {
//!     fn field(&self, name: &str) -> Option<&str> {
//!         (name == "level").then_some("error")
//!     }
//!     fn fields(&self) -> Vec<(&str, &str)> {
//!         vec![("level", "error")]
//!     }
//!     fn line(&self) -> &str {
//!         "disk is full"
//!     }
//!     fn timestamp_nanos(&self) -> i64 {
//!         1_768_435_200_000_000_000
//!     }
//!     fn now_nanos(&self) -> i64 {
//!         self.timestamp_nanos()
//!     }
//! }
//!
//! let template = Template::parse("{{ .level | upper }} {{ date `15:04` __timestamp__ }}")?;
//! assert_eq!(template.render(&Line)?, "ERROR 00:00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ast;
mod date_layout;
mod dialect;
mod error;
mod eval;
mod float;
mod func;
mod layout;
mod lexer;
pub mod limits;
mod literal;
mod parser;
mod pattern;
mod printf;
mod quote;
mod template;
mod time;
mod value;

pub use date_layout::DateLayout;
pub use dialect::Dialect;
pub use error::{ParseError, RenderError};
pub use template::{Scope, Template};
