//! What can go wrong: a template that does not parse, and one that fails while it renders.
//!
//! The texts are those of Go's `text/template`, because Loki puts them into
//! `__error_details__` and people search for them.

/// A template that is not valid. Fix the template: rendering it again cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{line}: {message}")]
pub struct ParseError {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) offset: usize,
    pub(crate) message: String,
}

impl ParseError {
    /// Where in the text the error was noticed, in bytes from its start.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The line of the error, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The error without its position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A template that failed on the values it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A function or an operation refused its operands; other values may succeed.
    #[error("template: {location}: executing {name:?} at <{context}>: {message}")]
    Failed {
        /// `name:line:column`, the column counted from 0 in bytes, as Go does.
        location: String,
        /// The name of the template that was rendered.
        name: String,
        /// The source of the part that failed.
        context: String,
        /// What it said.
        message: String,
    },
    /// The template needs more than one of the limits in [`crate::limits`] allows.
    #[error("template: {name}: exceeds the limit of {limit} {what}, simplify it")]
    Limit {
        /// The name of the template that was rendered.
        name: String,
        /// The limit that was hit.
        limit: usize,
        /// What the limit counts.
        what: &'static str,
    },
}
