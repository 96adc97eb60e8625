//! What stages took out of an entry, by name. It begins with the entry's labels, which are looked
//! through and not copied.

use std::borrow::Cow;
use std::sync::Arc;

use model::Labels;
use serde_json::Number;

/// The most values that an entry can have beside its labels; more are not taken. A line of JSON
/// with more keys than this is nobody's log line.
pub const VALUES_MAX: usize = 1024;

/// Names and values.
#[derive(Debug, Clone, Default)]
pub struct Extracted {
    labels: Labels,
    /// Sorted by name; `None`: removed, even if there is a label of the name.
    values: Vec<(Arc<str>, Option<Value>)>,
}

/// An extracted value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A text that the program knows itself.
    Word(&'static str),
    /// A number, as JSON has them.
    Number(Number),
    /// Yes or no.
    Bool(bool),
    /// JSON's `null`: there, and without a text.
    Null,
}

impl Extracted {
    /// What a pipeline begins with.
    #[must_use]
    pub fn of(labels: &Labels) -> Self {
        Self { labels: labels.clone(), values: Vec::new() }
    }

    /// Whether there is a value of the name, `null` too.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self.find(name) {
            Ok(at) => self.values[at].1.is_some(),
            Err(_) => self.labels.get(name).is_some(),
        }
    }

    /// The value as a text; `None` when it is not there or `null`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.find(name) {
            Ok(at) => self.values[at].1.as_ref()?.text(),
            Err(_) => self.labels.get(name).map(Cow::Borrowed),
        }
    }

    /// The value as a number: texts are read as numbers or as Go's durations in seconds.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.find(name) {
            Ok(at) => self.values[at].1.as_ref()?.number(),
            Err(_) => self.labels.get(name).and_then(read_number),
        }
    }

    /// The names of all values, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let labels = self.labels.iter().map(|(name, _)| name);
        let labels = labels.filter(|name| self.find(name).is_err());
        let values = self.values.iter().filter(|(_, value)| value.is_some());
        let mut names: Vec<&str> = labels.chain(values.map(|(name, _)| &**name)).collect();
        names.sort_unstable();
        names
    }

    /// Sets a value.
    pub fn set(&mut self, name: &Arc<str>, value: Value) {
        self.put(name, Some(value));
    }

    /// Removes a value.
    pub fn remove(&mut self, name: &Arc<str>) {
        self.put(name, None);
    }

    fn put(&mut self, name: &Arc<str>, value: Option<Value>) {
        match self.find(name) {
            Ok(at) => self.values[at].1 = value,
            Err(at) if self.values.len() < VALUES_MAX => {
                self.values.insert(at, (Arc::clone(name), value));
            }
            Err(_) => {}
        }
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.values.binary_search_by(|(known, _)| (**known).cmp(name))
    }
}

impl Value {
    /// As a text; `None` for `null`.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Word(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number_text(number))),
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            Self::Null => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => read_number(text),
            Self::Word(text) => read_number(text),
            Self::Number(number) => number.as_f64(),
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Null => None,
        }
    }
}

/// A number without an exponent, as Alloy writes it; whole numbers keep all their digits.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

fn read_number(text: &str) -> Option<f64> {
    let seconds = |nanos: i64| nanos as f64 / 1e9;
    let duration = || logql::duration::parse_go(text).ok().map(|duration| seconds(duration.0));
    text.parse().ok().or_else(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_looked_through() {
        let mut extracted = Extracted::of(&Labels::new([("app", "x"), ("env", "dev")]));
        assert_eq!(extracted.text("app").as_deref(), Some("x"));
        extracted.set(&"app".into(), Value::Text("y".into()));
        extracted.set(&"zero".into(), Value::Null);
        extracted.remove(&"env".into());
        assert_eq!(extracted.text("app").as_deref(), Some("y"));
        assert!(extracted.contains("zero") && extracted.text("zero").is_none());
        assert!(!extracted.contains("env"));
        assert_eq!(extracted.names(), ["app", "zero"]);
    }

    #[test]
    fn values_as_texts_and_numbers() {
        let number = |text: &str| Value::Number(serde_json::from_str(text).unwrap());
        let cases = [
            (number("1.0"), Some("1"), Some(1.0)),
            (
                number("12345678901234567890"),
                Some("12345678901234567890"),
                Some(1.2345678901234567e19),
            ),
            (number("1e3"), Some("1000"), Some(1000.0)),
            (Value::Bool(true), Some("true"), Some(1.0)),
            (Value::Text("0.5ms".into()), Some("0.5ms"), Some(0.0005)),
            (Value::Word("stdout"), Some("stdout"), None),
            (Value::Null, None, None),
        ];
        for (value, text, number) in cases {
            assert_eq!(value.text().as_deref(), text, "{value:?}");
            assert_eq!(value.number(), number, "{value:?}");
        }
    }

    #[test]
    fn there_is_a_bound() {
        let mut extracted = Extracted::default();
        for n in 0..VALUES_MAX + 5 {
            extracted.set(&format!("{n}").into(), Value::Null);
        }
        assert_eq!(extracted.names().len(), VALUES_MAX);
    }
}
