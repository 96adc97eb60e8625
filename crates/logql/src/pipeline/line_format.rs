//! `| line_format "{{.level}} {{.msg}}"`.

use gotemplate::Template;

use crate::ast::Text;

use super::error::StageError;
use super::row::RowLabels;
use super::template::{self, Row, Times};

/// The error of a template that fails on a row.
pub(super) const ERROR: &str = "TemplateFormatErr";

/// The stage.
#[derive(Debug)]
pub(super) struct LineFormat {
    template: Template,
}

impl LineFormat {
    pub(super) fn new(text: &Text) -> Result<Self, StageError> {
        Ok(Self { template: template::parse("line", text)? })
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
            Err(error) => {
                labels.set_error(ERROR, &error.to_string());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::testing::{check, run};

    #[test]
    fn writes_the_line_anew() {
        check("| line_format `{{.app}}/{{.trace}}: {{__line__}}`", "x", "web/t1: x");
        check("| logfmt | line_format `{{.a}}` | drop a", "a=1", "1");
    }

    #[test]
    fn a_template_that_fails_leaves_the_line() {
        let shown = run("| line_format `{{ duration .app }}` | drop __error_details__", "x");
        assert_eq!(shown, r#"x {__error__="TemplateFormatErr"}"#);
    }
}
