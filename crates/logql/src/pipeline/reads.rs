//! What the stages of a range aggregation look at, so that the rest need not be made.

use crate::ast::{LabelFilter, LabelFormat, LabelFormatSource, Stage, Text, Unwrap};

use super::error::StageError;
use super::template;

/// Removes each `line_format` behind which nothing looks at the line. Errors of its template go
/// with it, as in Loki.
pub(super) fn remove_idle_line_formats(stages: &mut Vec<Stage>) -> Result<(), StageError> {
    let mut line_is_read = false;
    let mut kept: Vec<Stage> = Vec::with_capacity(stages.len());
    for stage in stages.drain(..).rev() {
        if matches!(stage, Stage::LineFormat(_)) && !line_is_read {
            continue;
        }
        line_is_read |= reads_line(&stage)?;
        kept.push(stage);
    }
    kept.reverse();
    *stages = kept;
    Ok(())
}

/// The labels that stages and an unwrap read, or nothing where that may be any of them.
pub(super) fn labels(
    stages: &[Stage],
    unwrap: Option<&Unwrap>,
) -> Result<Option<Vec<String>>, StageError> {
    let mut names = Vec::new();
    for stage in stages {
        match stage {
            Stage::LabelFilter(filter) => of_filter(filter, &mut names),
            Stage::LineFormat(text) => match of_template(text)? {
                Some(fields) => names.extend(fields),
                None => return Ok(None),
            },
            Stage::LabelFormat(formats) => {
                names.extend(renamed(formats).cloned());
                for text in templates(formats) {
                    match of_template(text)? {
                        Some(fields) => names.extend(fields),
                        None => return Ok(None),
                    }
                }
            }
            _ => {}
        }
    }
    if let Some(unwrap) = unwrap {
        names.push(unwrap.label.clone());
        unwrap.filters.iter().for_each(|filter| of_filter(filter, &mut names));
    }
    Ok(Some(names))
}

fn reads_line(stage: &Stage) -> Result<bool, StageError> {
    match stage {
        Stage::LineFormat(text) => template_reads_line(text),
        Stage::LabelFormat(formats) => {
            for text in templates(formats) {
                if template_reads_line(text)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Stage::LabelFilter(_) | Stage::Drop(_) | Stage::Keep(_) | Stage::Decolorize => Ok(false),
        _ => Ok(true),
    }
}

fn template_reads_line(text: &Text) -> Result<bool, StageError> {
    Ok(template::parse("line", text)?.reads_line())
}

fn of_template(text: &Text) -> Result<Option<Vec<String>>, StageError> {
    let template = template::parse("line", text)?;
    let fields = template.fields();
    Ok(fields.map(|fields| fields.into_iter().map(str::to_owned).collect()))
}

fn templates(formats: &[LabelFormat]) -> impl Iterator<Item = &Text> {
    formats.iter().filter_map(|format| match &format.source {
        LabelFormatSource::Template(text) => Some(text),
        LabelFormatSource::Rename(_) => None,
    })
}

fn renamed(formats: &[LabelFormat]) -> impl Iterator<Item = &String> {
    formats.iter().filter_map(|format| match &format.source {
        LabelFormatSource::Rename(from) => Some(from),
        LabelFormatSource::Template(_) => None,
    })
}

fn of_filter(filter: &LabelFilter, names: &mut Vec<String>) {
    if let LabelFilter::And(left, right) | LabelFilter::Or(left, right) = filter {
        of_filter(left, names);
        of_filter(right, names);
    }
    names.extend(filter.label().map(str::to_owned));
}
