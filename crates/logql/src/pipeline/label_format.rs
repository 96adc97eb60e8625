//! `| label_format a=b, c="{{.d}}"`.

use gotemplate::Template;

use crate::ast::{self, LabelFormatSource};

use super::error::StageError;
use super::line_format::ERROR;
use super::row::RowLabels;
use super::template::{self, Row, Times};

/// The stage: its assignments, in order.
#[derive(Debug)]
pub(super) struct LabelFormat {
    assignments: Vec<Assignment>,
    /// Whether templates need the row as it was before the stage: when several assign.
    needs_snapshot: bool,
}

#[derive(Debug)]
enum Assignment {
    Rename { to: String, from: String },
    Template { to: String, template: Template },
}

impl LabelFormat {
    pub(super) fn new(formats: &[ast::LabelFormat]) -> Result<Self, StageError> {
        let assignments = formats.iter().map(|format| {
            let to = format.name.clone();
            Ok(match &format.source {
                LabelFormatSource::Rename(from) => Assignment::Rename { to, from: from.clone() },
                LabelFormatSource::Template(text) => {
                    Assignment::Template { to, template: template::parse("label", text)? }
                }
            })
        });
        let assignments = assignments.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { needs_snapshot: assignments.len() > 1, assignments })
    }

    pub(super) fn reads_line(&self) -> bool {
        self.assignments.iter().any(|assignment| match assignment {
            Assignment::Rename { .. } => false,
            Assignment::Template { template, .. } => template.reads_line(),
        })
    }

    /// Sets the labels. All templates see the row as the first of them found it. Where one fails
    /// its label is not set and the row is marked as an error.
    pub(super) fn process(&self, times: Times, line: &str, labels: &mut RowLabels) {
        let mut snapshot: Option<RowLabels> = None;
        for assignment in &self.assignments {
            match assignment {
                Assignment::Rename { to, from } => labels.rename(from, to),
                Assignment::Template { to, template } => {
                    if self.needs_snapshot && snapshot.is_none() {
                        snapshot = Some(labels.clone());
                    }
                    let seen = snapshot.as_ref().unwrap_or(labels);
                    match template.render(&Row { times, line, labels: seen }) {
                        Ok(value) => labels.set_parsed(to, &value),
                        Err(error) => labels.set_error(ERROR, &error.to_string()),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::testing::check;

    #[test]
    fn renames() {
        check("| label_format service=app", "x", r#"x stream {service="web"}"#);
        check("| label_format id=trace", "x", r#"x metadata {id="t1"}"#);
        check("| logfmt | label_format b=a", "a=1", r#"a=1 {b="1"}"#);
        check("| label_format b=missing", "x", "x");
    }

    #[test]
    fn fills_templates() {
        check("| label_format b=`{{.app}}-{{.no}}`", "x", r#"x {b="web-"}"#);
        check("| label_format app=`new`", "x", r#"x stream {} {app="new"}"#);
    }

    #[test]
    fn all_templates_see_the_row_as_it_was() {
        check("| label_format a=`1`, b=`<{{.a}}>`", "x", r#"x {a="1", b="<>"}"#);
    }
}
