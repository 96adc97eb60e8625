//! What the tests render templates with.

use std::collections::BTreeMap;

use barogram_gotemplate::Scope;

/// A line with its fields.
#[derive(Debug, Default)]
pub struct Row {
    pub fields: BTreeMap<String, String>,
    pub line: String,
    pub timestamp: i64,
    pub now: i64,
}

impl Row {
    pub fn new(fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { fields, ..Self::default() }
    }
}

impl Scope for Row {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    fn fields(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn line(&self) -> &str {
        &self.line
    }

    fn timestamp_nanos(&self) -> i64 {
        self.timestamp
    }

    fn now_nanos(&self) -> i64 {
        self.now
    }
}
