//! `| line_format "{{.level}} {{.msg}}"`.

use crate::ast::Text;

use super::error::StageError;
use super::row::RowLabels;
use super::template::{Row, Template, Times};

/// The error of a template that fails on a row.
pub(super) const ERROR: &str = "TemplateFormatErr";

/// The stage.
#[derive(Debug)]
pub(super) struct LineFormat {
    template: Template,
}

impl LineFormat {
    pub(super) fn new(text: &Text) -> Result<Self, StageError> {
        Ok(Self { template: Template::new(text, "line")? })
    }

    /// The new line. Where the template fails the line stays and the row is marked as an error.
    pub(super) fn process(
        &self,
        times: Times,
        line: &str,
        labels: &mut RowLabels,
    ) -> Option<String> {
        match self.template.render(&Row { times, line, labels }) {
            Ok(line) => Some(line),
            Err(details) => {
                labels.set_error(ERROR, &details);
                None
            }
        }
    }
}
