//! The attributes of one block as Rust values. What is wrong is noted, and the default taken, so
//! that one reading finds all mistakes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::block::{Attribute, Block, Diagnostic, Value};
use super::nearest::nearest;

/// The attributes of a block, while they are read.
#[derive(Debug)]
pub(crate) struct Arguments<'a> {
    block: &'a Block,
    /// The names that were asked for: all that may be there.
    asked: Vec<&'static str>,
    /// The blocks that may be inside, by what their names begin with.
    inside: Vec<&'static str>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(block: &'a Block, diagnostics: &'a mut Vec<Diagnostic>) -> Self {
        Self { block, asked: Vec::new(), inside: Vec::new(), diagnostics }
    }

    pub(crate) fn text(&mut self, name: &'static str, default: &str) -> String {
        self.optional_text(name).unwrap_or_else(|| default.to_owned())
    }

    pub(crate) fn required_text(&mut self, name: &'static str) -> String {
        self.require(name);
        self.text(name, "")
    }

    pub(crate) fn optional_text(&mut self, name: &'static str) -> Option<String> {
        self.get(name, "a string", Value::text)
    }

    pub(crate) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        let flag = |value: &Value| match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        };
        self.get(name, "true or false", flag).unwrap_or(default)
    }

    pub(crate) fn number(&mut self, name: &'static str, default: f64) -> f64 {
        self.get(name, "a number", Value::number).unwrap_or(default)
    }

    pub(crate) fn required_number(&mut self, name: &'static str) -> f64 {
        self.require(name);
        self.number(name, 0.0)
    }

    pub(crate) fn count(&mut self, name: &'static str, default: u64) -> u64 {
        self.get(name, "a whole number from 0", |value| whole(value.number()?)).unwrap_or(default)
    }

    /// A size in bytes: a number, or a text such as `8KB` or `1MiB`; all units are of 1024.
    pub(crate) fn bytes(&mut self, name: &'static str) -> Option<u64> {
        self.get(name, "a size such as \"8KB\"", |value| match value {
            Value::Number(number) => whole(*number),
            Value::Text(text) if text.is_empty() => Some(0),
            Value::Text(text) => size(text),
            _ => None,
        })
    }

    /// A duration as Go writes them, `1h30m`; an empty text is none.
    pub(crate) fn duration(&mut self, name: &'static str) -> Option<Duration> {
        self.get(name, "a duration such as \"5m\"", |value| {
            let text = match value {
                Value::Text(text) => text,
                _ => return None,
            };
            if text.is_empty() {
                return Some(Duration::ZERO);
            }
            let nanos = logql::duration::parse_go(text).ok()?.0;
            u64::try_from(nanos).ok().map(Duration::from_nanos)
        })
    }

    pub(crate) fn texts(&mut self, name: &'static str) -> Vec<String> {
        let texts = self.get(name, "a list of strings", |value| match value {
            Value::List(items) => items.iter().map(Value::text).collect(),
            // The manual writes `{}` where it means an empty list.
            Value::Object(pairs) if pairs.is_empty() => Some(Vec::new()),
            _ => None,
        });
        texts.unwrap_or_default()
    }

    pub(crate) fn required_texts(&mut self, name: &'static str) -> Vec<String> {
        self.require(name);
        self.texts(name)
    }

    pub(crate) fn required_numbers(&mut self, name: &'static str) -> Vec<f64> {
        self.require(name);
        let numbers = self.get(name, "a list of numbers", |value| match value {
            Value::List(items) => items.iter().map(Value::number).collect(),
            _ => None,
        });
        numbers.unwrap_or_default()
    }

    /// A map of texts; `null` is an empty one.
    pub(crate) fn map(&mut self, name: &'static str) -> BTreeMap<String, String> {
        let pair = |(name, value): (&String, &Value)| {
            let value = match value {
                Value::Null => String::new(),
                value => value.text()?,
            };
            Some((name.clone(), value))
        };
        let map = self.get(name, "a map of strings", |value| match value {
            Value::Object(pairs) => pairs.iter().map(pair).collect(),
            _ => None,
        });
        map.unwrap_or_default()
    }

    pub(crate) fn required_map(&mut self, name: &'static str) -> BTreeMap<String, String> {
        self.require(name);
        self.map(name)
    }

    /// One of some words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
        default: T,
    ) -> T {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
        let choice = |value: &Value| {
            let text = value.text()?;
            choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice)
        };
        self.get(name, &format!("one of {}", words.join(", ")), choice).unwrap_or(default)
    }

    /// The same, and it has to be there.
    pub(crate) fn required_choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
        default: T,
    ) -> T {
        self.require(name);
        self.choice(name, choices, default)
    }

    /// The blocks inside whose names begin so.
    pub(crate) fn blocks(&mut self, prefix: &'static str) -> Vec<&'a Block> {
        self.inside.push(prefix);
        self.block.blocks.iter().filter(|block| block.name.starts_with(prefix)).collect()
    }

    /// Where what is found in the blocks inside is noted.
    pub(crate) fn diagnostics(&mut self) -> &mut Vec<Diagnostic> {
        self.diagnostics
    }

    /// Notes what is there and was not asked for.
    pub(crate) fn finish(self) {
        let mut seen: Vec<&str> = Vec::new();
        for Attribute { name, span, .. } in &self.block.attributes {
            let message = if !self.asked.contains(&name.as_str()) {
                format!("{} has no argument {name:?}{}", self.block.name, hint(name, &self.asked))
            } else if seen.contains(&name.as_str()) {
                format!("{name} is given twice; leave one of them out")
            } else {
                seen.push(name);
                continue;
            };
            self.diagnostics.push(Diagnostic { message, span: span.clone() });
        }
        for Block { name, span, .. } in &self.block.blocks {
            if !self.inside.iter().any(|prefix| name.starts_with(prefix)) {
                let message = format!("{} has no block {name:?} inside", self.block.name);
                self.diagnostics.push(Diagnostic { message, span: span.clone() });
            }
        }
    }

    fn find(&self, name: &str) -> Option<&'a Attribute> {
        self.block.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The value of an attribute, converted; `null` is as good as none.
    fn get<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        convert: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        self.asked.push(name);
        let Attribute { value, span, .. } = self.find(name)?;
        if *value == Value::Null {
            return None;
        }
        let converted = convert(value);
        if converted.is_none() {
            let given = match value {
                Value::Text(text) => format!("{text:?}"),
                Value::Number(number) => number.to_string(),
                value => value.type_name().to_owned(),
            };
            let message = format!("{name} must be {wanted}, not {given}");
            self.diagnostics.push(Diagnostic { message, span: span.clone() });
        }
        converted
    }

    /// Notes that the block must not be here.
    pub(crate) fn refuse(&mut self, why: &str) {
        let message = format!("there is no {}: {why}", self.block.name);
        self.diagnostics.push(Diagnostic { message, span: self.block.span.clone() });
    }

    /// Notes that an attribute is missing, if it is.
    pub(crate) fn require(&mut self, name: &'static str) {
        if self.find(name).is_none() {
            let message = format!("{} needs the argument {name:?}", self.block.name);
            self.diagnostics.push(Diagnostic { message, span: self.block.span.clone() });
        }
    }
}

fn hint(name: &str, known: &[&'static str]) -> String {
    let near = nearest(name, known.iter().copied());
    near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default()
}

/// A number that is whole and not below 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
fn whole(number: f64) -> Option<u64> {
    let is_whole = number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number);
    is_whole.then_some(number as u64)
}

fn size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let power = match unit.trim_end_matches('B').trim_end_matches('i') {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return None,
    };
    whole((number.parse::<f64>().ok()? * 1024_f64.powi(power)).floor())
}
