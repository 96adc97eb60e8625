//! `stage.json`: extracts values from a JSON object with JMESPath expressions.
//!
//! A number, a text, a truth and `null` are extracted as such, everything else as JSON. Nearly all
//! expressions are names with dots between; those are looked up without the machinery of JMESPath.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::decode::Arguments;
use jmespath::{Expression, Variable};
use logql::regex::Regex;
use serde_json::{Map, Value as Json};

use crate::entry::Entry;
use crate::error::Error;
use crate::extracted::{Extracted, Value};
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Names of values and the expressions that find them; an empty one is the name.
    pub expressions: BTreeMap<String, String>,
    /// The keys of the object whose values are extracted under their own names, as a regular
    /// expression; empty: none.
    pub regex: String,
    /// The extracted value to read; `None`: the line.
    pub source: Option<String>,
    /// Whether to drop entries that are not JSON.
    pub drop_malformed: bool,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self {
            expressions: args.optional("expressions", BTreeMap::new()),
            regex: args.optional("regex", String::new()),
            source: args.given::<Option<String>>("source").flatten(),
            drop_malformed: args.optional("drop_malformed", false),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct JsonStage {
    expressions: Vec<(Arc<str>, Finder)>,
    keys: Option<Regex>,
    source: Option<String>,
    drops: bool,
}

/// How an expression is answered.
#[derive(Debug)]
enum Finder {
    /// `a.b.c`
    Path(Vec<String>),
    JmesPath(Box<Expression<'static>>),
}

impl JsonStage {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.expressions.is_empty() && config.regex.is_empty() {
            return Err(Error::new("expressions", "at least one expression is needed"));
        }
        let keys = Regex::new(&config.regex).map_err(|error| Error::new("regex", error))?;
        let expressions = config.expressions.iter().map(|(name, text)| {
            let text = if text.is_empty() { name } else { text };
            Ok((name.as_str().into(), Finder::new(text)?))
        });
        Ok(Self {
            expressions: expressions.collect::<Result<_, Error>>()?,
            keys: (!config.regex.is_empty()).then_some(keys),
            source: named_source(config.source.as_ref())?,
            drops: config.drop_malformed,
        })
    }
}

/// A source that is given must name something.
pub(crate) fn named_source(source: Option<&String>) -> Result<Option<String>, Error> {
    match source {
        Some(source) if source.is_empty() => {
            Err(Error::new("source", "must not be empty; leave it out to use the line"))
        }
        source => Ok(source.cloned()),
    }
}

impl Process for JsonStage {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let Some(text) = entry.input(self.source.as_deref()) else { return Flow::Next };
        // `null` is an object without anything in it, as Go reads it.
        match serde_json::from_str::<Option<Map<String, Json>>>(&text) {
            Ok(object) => {
                self.extract(&object.unwrap_or_default(), &mut entry.extracted);
                Flow::Next
            }
            // Alloy does not count these either.
            Err(_) if self.drops => Flow::Drop,
            Err(_) => Flow::Next,
        }
    }
}

impl JsonStage {
    fn extract(&self, object: &Map<String, Json>, extracted: &mut Extracted) {
        for (key, found) in object {
            if self.keys.as_ref().is_some_and(|keys| keys.is_match(key)) {
                extracted.set(&key.as_str().into(), value(found));
            }
        }
        for (name, finder) in &self.expressions {
            if let Finder::Path(path) = finder {
                extracted.set(name, look_up(object, path).map_or(Value::Null, value));
            }
        }
        let mut whole = None;
        for (name, finder) in &self.expressions {
            let Finder::JmesPath(expression) = finder else { continue };
            let whole = whole.get_or_insert_with(|| {
                let object = Variable::try_from(Json::Object(object.clone()));
                Arc::new(object.unwrap_or(Variable::Null))
            });
            if let Ok(found) = expression.search(whole)
                && let Ok(found) = serde_json::to_value(&*found)
            {
                extracted.set(name, value(&found));
            }
        }
    }
}

impl Finder {
    fn new(text: &str) -> Result<Self, Error> {
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if text.split('.').all(is_name) {
            return Ok(Self::Path(text.split('.').map(str::to_owned).collect()));
        }
        let compiled = jmespath::compile(text).map_err(|error| {
            let message = format!("{text:?} is no JMESPath expression: {}", error.reason);
            Error::new("expressions", message)
        });
        compiled.map(|expression| Self::JmesPath(Box::new(expression)))
    }
}

fn look_up<'a>(object: &'a Map<String, Json>, path: &[String]) -> Option<&'a Json> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(first)?, |found, name| found.get(name))
}

/// A value of JSON as an extracted one.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.clone()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(_) | Json::Object(_) => Value::Text(json.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check_error;

    fn of(expressions: &[(&str, &str)]) -> Config {
        let pairs = expressions.iter().map(|(name, text)| ((*name).into(), (*text).into()));
        Config { expressions: pairs.collect(), ..Config::default() }
    }

    #[track_caller]
    fn check(configs: &[Config], line: &str, expect: &str) {
        let stages: Vec<_> = configs.iter().cloned().map(StageConfig::Json).collect();
        let expect =
            if expect == "dropped" { String::new() } else { format!("{{}} {line}{expect}") };
        crate::testing::check(&stages, "{}", line, &expect);
    }

    #[test]
    fn one_stage_reads_what_another_extracted() {
        let inner = Config { source: Some("extra".into()), ..of(&[("username", "user")]) };
        check(
            &[of(&[("output", "log"), ("extra", "")]), inner],
            r#"{"log":"log message\n","extra":"{\"user\":\"alloy\"}"}"#,
            " <extra={\"user\":\"alloy\"}, output=log message\n, username=alloy>",
        );
    }

    #[test]
    fn kinds_of_values() {
        let line = r#"{"n":1.50,"i":12345678901234567,"b":true,"z":null,"o":{"b":[1,"x"],"a":2.0},"l":[]}"#;
        check(&[of(&[("n", ""), ("i", "")])], line, " <i=12345678901234567, n=1.5>");
        check(&[of(&[("b", ""), ("z", ""), ("none", "")])], line, " <b=true, none=null, z=null>");
        check(&[of(&[("o", ""), ("l", "")])], line, r#" <l=[], o={"a":2.0,"b":[1,"x"]}>"#);
    }

    #[test]
    fn jmespath() {
        let line = r#"{"a":{"b":[{"c":1},{"c":2},{"c":3}]},"x-y":"dash","s":["p","q"]}"#;
        let cases = [
            ("a.b[0].c", "1"),
            ("a.b[-1].c", "3"),
            ("a.b[1:].c", "[2,3]"),
            ("a.b[*].c", "[1,2,3]"),
            ("a.b[?c > `1`].c | [0]", "2"),
            ("\"x-y\"", "dash"),
            ("[s, a.b[].c][]", r#"["p","q",1,2,3]"#),
            ("{first: s[0]}", r#"{"first":"p"}"#),
            ("length(s)", "2"),
            ("a.b.c", "null"),
            ("s[7]", "null"),
        ];
        for (expression, value) in cases {
            check(&[of(&[("v", expression)])], line, &format!(" <v={value}>"));
        }
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        let drops = Config { drop_malformed: true, ..of(&[("a", "")]) };
        for line in ["x", "[1]", "{\"a\":", "12", ""] {
            check(&[of(&[("a", "")])], line, "");
            check(std::slice::from_ref(&drops), line, "dropped");
        }
        // As Go reads it, an object without anything in it.
        check(std::slice::from_ref(&drops), "null", " <a=null>");
        check(&[Config { source: Some("none".into()), ..drops }], "x", "");
    }

    #[test]
    fn keys_by_a_regular_expression() {
        let config = Config { regex: "^(a|b)$".into(), ..Config::default() };
        check(&[config], r#"{"a":1,"b":[2],"c":3}"#, " <a=1, b=[2]>");
    }

    #[test]
    fn settings_that_make_no_sense() {
        let check = |config, expect| check_error(StageConfig::Json(config), expect);
        check(Config::default(), "stage.json: expressions: at least one expression is needed");
        check(
            Config { source: Some(String::new()), ..of(&[("a", "")]) },
            "stage.json: source: must not be empty; leave it out to use the line",
        );
        check(
            of(&[("a", "x-y")]),
            "stage.json: expressions: \"x-y\" is no JMESPath expression: Parse error: '-' must be followed \
             by numbers 1-9",
        );
    }
}
