//! Why a stage cannot be built.

use crate::ast::Span;

/// A stage that makes no sense: a regular expression, template or path that cannot be read.
///
/// What goes wrong with a single line later is no error of this kind: it becomes the label
/// `__error__` of that line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StageError {
    /// Where the stage's argument stands in the query.
    pub span: Span,
    /// What is wrong with it.
    pub message: String,
}

impl StageError {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}
