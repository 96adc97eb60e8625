//! The templates of `line_format` and `label_format`, and what they see of a row.

use gotemplate::Template;
use model::Timestamp;

use crate::ast::Text;

use super::error::StageError;
use super::row::{ERROR, ERROR_DETAILS, RowLabels};

/// Parses a template; errors call it `name`, and Loki's names are `line` and `label`.
pub(super) fn parse(name: &str, text: &Text) -> Result<Template, StageError> {
    Template::parse_named(name, &text.value)
        .map_err(|error| StageError::new(text.span, error.to_string()))
}

/// The times that a template can ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Of the row.
    pub(super) row: Timestamp,
    /// Of the query.
    pub(super) now: Timestamp,
}

/// A row as templates see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) times: Times,
    pub(super) line: &'a str,
    pub(super) labels: &'a RowLabels,
}

impl gotemplate::Scope for Row<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        let own = self.labels.get(name);
        own.or_else(|| match name {
            ERROR => Some(self.labels.error()),
            ERROR_DETAILS => Some(self.labels.error_details()),
            _ => None,
        })
    }

    fn fields(&self) -> Vec<(&str, &str)> {
        let mut fields: Vec<_> = self.labels.iter().collect();
        fields.sort_by_key(|(name, _)| *name);
        fields
    }

    fn line(&self) -> &str {
        self.line
    }

    fn timestamp_nanos(&self) -> i64 {
        self.times.row.as_nanos()
    }

    fn now_nanos(&self) -> i64 {
        self.times.now.as_nanos()
    }
}
