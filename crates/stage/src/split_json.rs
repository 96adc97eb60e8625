//! `stage.split_json`: makes an entry of each element of a JSON array.

use std::borrow::Cow;

use alloy::decode::Arguments;
use serde_json::Value as Json;

use crate::entry::Entry;
use crate::error::Error;
use crate::json::named_source;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The extracted value to read; `None`: the line.
    pub source: Option<String>,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self { source: args.given::<Option<String>>("source").flatten() }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct SplitJson {
    source: Option<String>,
}

impl SplitJson {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        Ok(Self { source: named_source(config.source.as_ref())? })
    }
}

impl Process for SplitJson {
    /// What is no array passes as it is; an empty one leaves nothing.
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let text = entry.input(self.source.as_deref()).unwrap_or(Cow::Borrowed(""));
        let Some(elements) = split(&text) else { return Flow::Next };
        let elements: Vec<String> = elements.into_iter().map(str::to_owned).collect();
        entry.line.clear();
        let with_line = |line| Entry { line, ..entry.clone() };
        Flow::Many(elements.into_iter().map(with_line).collect())
    }
}

/// The elements of an array, byte for byte.
fn split(text: &str) -> Option<Vec<&str>> {
    let mut rest = text.trim_start_matches(SPACE).strip_prefix('[')?.trim_start_matches(SPACE);
    // Whatever is wrong anywhere, nothing is split.
    serde_json::from_str::<Json>(text).ok()?;
    let mut elements = Vec::new();
    while !rest.starts_with(']') {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
        values.next()?.ok()?;
        let (element, after) = rest.split_at(values.byte_offset());
        elements.push(element.trim_matches(SPACE));
        let after = after.trim_start_matches(SPACE);
        rest = after.strip_prefix(',').unwrap_or(after).trim_start_matches(SPACE);
    }
    Some(elements)
}

/// What JSON calls white space.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;

    #[track_caller]
    fn check(source: Option<&str>, line: &str, expect: &str) {
        let stage = StageConfig::SplitJson(Config { source: source.map(str::to_owned) });
        let labels = Labels::new([("list", "[1, 2]")]).to_string();
        let shown = expect.split('|').filter(|line| !line.is_empty());
        let shown: Vec<String> = shown.map(|line| format!("{labels} {line}")).collect();
        crate::testing::check(&[stage], &labels, line, &shown.join(" || "));
    }

    use model::Labels;

    #[test]
    fn elements_become_entries() {
        check(
            None,
            r#" [{"a": [1,2]} , "x,]", null,1.50, [ ] ]"#,
            r#"{"a": [1,2]}|"x,]"|null|1.50|[ ]"#,
        );
        check(None, "[]", "");
        check(Some("list"), "x", "1|2");
        for other in ["x", "{\"a\":[1]}", "[1,", "[1] x", "12"] {
            check(None, other, other);
        }
        check(Some("none"), "[1]", "[1]");
    }
}
