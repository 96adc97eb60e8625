//! LogQL as a pure library: text to a checked tree and back, the row pipeline, and the slow and
//! obvious evaluator.
//!
//! ```
//! use barogram_logql::{ast::Expr, parse, pretty};
//!
//! let query = parse(r#"sum by(dag_id)(rate({app="airflow"}|="ERROR"[5m]))"#)?;
//! assert!(matches!(query, Expr::Metric(_)));
//! assert_eq!(query.to_string(), r#"sum by (dag_id)(rate({app="airflow"} |= "ERROR"[5m]))"#);
//! assert_eq!(pretty(&query), query.to_string(), "short enough for one line");
//!
//! let error = parse("{app=airflow}").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "parse error at line 1, col 6: syntax error: unexpected IDENTIFIER, expecting STRING",
//! );
//! assert_eq!(error.hint.as_deref(), Some("put it in quotes: \"airflow\""));
//! # Ok::<(), barogram_logql::ParseError>(())
//! ```
//!
//! # The grammar
//!
//! ```text
//! query        = log [ "|" count ] | metric
//! log          = "{" [ matcher ("," matcher)* ] "}" stage*  |  "(" log ")"
//! matcher      = name ( "=" | "!=" | "=~" | "!~" ) string
//! stage        = linefilter | "|" ( parser | labelfilter | format | dropkeep )
//! linefilter   = ( "|=" | "!=" | "|~" | "!~" | "|>" | "!>" ) filter ( "or" filter )*
//! filter       = string | "ip" "(" string ")"
//! parser       = "json" [ fields ] | "logfmt" flag* [ fields ] | "unpack"
//!              | ( "regexp" | "pattern" ) string
//! fields       = name [ "=" string ] ( "," name [ "=" string ] )*
//! labelfilter  = matcher | name compare ( number | duration | size )
//!              | name ( "=" | "!=" ) "ip" "(" string ")"  |  "(" labelfilter ")"
//!              | labelfilter ( "and" | "or" | "," | nothing ) labelfilter
//! format       = "line_format" string | "label_format" name "=" ( name | string ) ("," …)*
//!              | "decolorize"
//! dropkeep     = ( "drop" | "keep" ) ( name | matcher ) ("," …)*
//! count        = "count" [ grouping ]                     (ours: Loki has no such stage)
//!
//! metric       = range | aggregation | operation | number | "vector" "(" number ")"
//!              | "label_replace" "(" metric ("," string) × 4 ")"  |  "(" metric ")"
//! range        = function "(" [ number "," ] lines ")" [ grouping ]
//! lines        = log [ unwrap ] "[" duration "]" [ "offset" duration ]  |  "(" lines ")"
//! unwrap       = "|" "unwrap" ( name | conversion "(" name ")" ) ( "|" labelfilter )*
//! aggregation  = operator [ grouping ] "(" [ number "," ] metric ")" [ grouping ]
//! grouping     = ( "by" | "without" ) "(" names ")"
//! operation    = metric binary [ "bool" ] [ matching ] metric
//! matching     = ( "on" | "ignoring" ) "(" names ")" [ group ]
//! group        = ( "group_left" | "group_right" ) [ "(" names ")" ]
//! ```

#[macro_use]
mod words;

pub mod ast;
pub mod bytes;
mod check;
pub mod duration;
pub mod error;
pub mod eval;
pub mod float;
pub mod ipmatch;
pub mod jsonpath;
pub mod lexer;
pub mod logfmtkey;
pub mod operator;
mod parser;
pub mod pattern;
pub mod pipeline;
mod pretty;
mod print;
pub mod regex;
pub mod token;

pub use error::ParseError;
pub use parser::{parse, parse_lines, parse_matchers, parse_selector};
pub use pretty::{LINE_MAX, pretty};
