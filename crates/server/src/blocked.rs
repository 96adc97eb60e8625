//! Queries that are refused, by their text, their hash or their kind (Loki's `blocked_queries`).

use logql::ast::{Expr, LogExpr, Stage};
use logql::regex::Regex;

use crate::config::{BlockedQuery, QueryType};
use crate::error::Error;
use crate::refusal::Refusal;

/// Which queries are refused.
#[derive(Debug, Default)]
pub(crate) struct Blocked(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    test: Test,
    types: Vec<QueryType>,
}

#[derive(Debug)]
enum Test {
    All,
    Text(String),
    Regex(Box<Regex>),
    Hash(u32),
}

impl Blocked {
    /// The rules of a configuration.
    ///
    /// # Errors
    /// When a regular expression is none.
    pub(crate) fn new(blocked: &[BlockedQuery]) -> Result<Self, Error> {
        blocked.iter().map(Rule::new).collect::<Result<_, _>>().map(Self)
    }

    /// Refuses a query, in Loki's words.
    pub(crate) fn check(&self, text: &str, query: &Expr) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (text, kind) = (text.trim(), kind(query));
        if self.0.iter().any(|rule| rule.matches(text, kind)) {
            return Err(Refusal::bad_request(
                "query blocked by policy; see `limits_config.blocked_queries`",
            ));
        }
        Ok(())
    }
}

impl Rule {
    fn new(blocked: &BlockedQuery) -> Result<Self, Error> {
        let pattern = blocked.pattern.trim();
        let test = match pattern {
            _ if blocked.hash != 0 => Test::Hash(blocked.hash),
            "" | "*" => Test::All,
            _ if blocked.regex => Test::Regex(Box::new(Regex::new(pattern).map_err(|error| {
                Error::Config(format!("blocked_queries: {pattern:?}: {error}"))
            })?)),
            _ => Test::Text(pattern.to_owned()),
        };
        Ok(Self { test, types: blocked.types.clone() })
    }

    fn matches(&self, text: &str, kind: QueryType) -> bool {
        let is_meant = match &self.test {
            Test::All => true,
            Test::Text(pattern) => pattern == text,
            Test::Regex(regex) => regex.is_match(text),
            Test::Hash(hash) => *hash == fnv1(text),
        };
        is_meant && (self.types.is_empty() || self.types.contains(&kind))
    }
}

fn kind(query: &Expr) -> QueryType {
    let filters = |log: &LogExpr| {
        log.stages.iter().any(|stage| matches!(stage, Stage::LineFilter(_) | Stage::LabelFilter(_)))
    };
    match query {
        Expr::Metric(_) | Expr::Count(_) => QueryType::Metric,
        Expr::Log(log) if filters(log) => QueryType::Filter,
        Expr::Log(_) => QueryType::Limited,
    }
}

/// FNV-1 of 32 bits, by which Loki knows a query in its logs.
fn fnv1(text: &str) -> u32 {
    text.bytes()
        .fold(0x811c_9dc5, |hash: u32, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &str, refused: &[&str], let_in: &[&str]) {
        let rule: BlockedQuery = serde_json::from_str(rule).unwrap();
        let blocked = Blocked::new(&[rule]).unwrap();
        for (queries, expect) in [(refused, false), (let_in, true)] {
            for text in queries {
                let query = logql::parse(text).unwrap();
                assert_eq!(blocked.check(text, &query).is_ok(), expect, "for {text}");
            }
        }
    }

    const COUNT: &str = r#"count_over_time({a="b"}[1h])"#;
    const LINES: &str = r#"{a="b"}"#;
    const FILTERED: &str = r#"{a="b"} |= "x""#;

    #[test]
    fn queries_are_known_by_text_regex_hash_and_kind() {
        check(r#"{"pattern": "{a=\"b\"}"}"#, &[LINES, " {a=\"b\"} "], &[COUNT, FILTERED]);
        check(r#"{"pattern": "a=.b", "regex": true}"#, &[LINES, COUNT], &[r#"{a="c"}"#]);
        check(r#"{"pattern": "*"}"#, &[LINES, COUNT], &[]);
        check(r#"{"types": ["metric"]}"#, &[COUNT], &[LINES, FILTERED]);
        check(r#"{"types": ["filter"]}"#, &[FILTERED], &[LINES, COUNT]);
        check(r#"{"types": ["limited"]}"#, &[LINES], &[FILTERED, COUNT]);
        let hash = format!(r#"{{"hash": {}}}"#, fnv1(LINES));
        check(&hash, &[LINES], &[COUNT]);
    }

    #[test]
    fn the_hash_is_fnv_1() {
        assert_eq!(fnv1(""), 2_166_136_261);
        assert_eq!(fnv1("a"), 0x050c_5d7e);
    }
}
