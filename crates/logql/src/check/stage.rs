//! What Loki refuses when it builds the stages of a pipeline: `stage '<stage>' : <reason>`.

use std::fmt::Display;

use gotemplate::Template;

use crate::ast::{
    Extraction, LabelFilter, LabelFormat, LabelFormatSource, LineFilter, LineFilterOp, LineMatch,
    Stage, Text,
};
use crate::error::ParseError;
use crate::ipmatch::IpMatcher;
use crate::pattern::Pattern;
use crate::regex::Regex;
use crate::{jsonpath, logfmtkey};

/// Checks the stages of a pipeline, in order.
pub(super) fn stages(stages: &[Stage]) -> Result<(), ParseError> {
    for stage in stages {
        match stage {
            Stage::LineFilter(filter) => line_filter(filter),
            Stage::Json(paths) => extractions(paths, |path| jsonpath::parse(path).map(drop)),
            Stage::Logfmt(logfmt) => {
                extractions(&logfmt.extractions, |key| logfmtkey::parse(key).map(drop))
            }
            Stage::LabelFilter(filter) => {
                label_filter(filter)?;
                continue;
            }
            Stage::LineFormat(text) => line_format(text),
            Stage::LabelFormat(formats) => label_format(formats),
            // The parser has looked into these.
            Stage::Pattern(_) | Stage::Regexp(_) | Stage::Drop(_) | Stage::Keep(_) => Ok(()),
            Stage::Unpack | Stage::Decolorize => Ok(()),
        }
        .map_err(|error| error.in_stage(stage))?;
    }
    Ok(())
}

/// Checks a condition, and those that it is made of.
pub(super) fn label_filter(filter: &LabelFilter) -> Result<(), ParseError> {
    match filter {
        LabelFilter::Ip { range, .. } => {
            let parsed = IpMatcher::parse(&range.value);
            let stage = Stage::LabelFilter(filter.clone());
            parsed.map(drop).map_err(|error| Reason::new(error, range).in_stage(&stage))
        }
        LabelFilter::And(left, right) | LabelFilter::Or(left, right) => {
            label_filter(left)?;
            label_filter(right)
        }
        // The parser has looked into the matchers; the rest cannot be wrong.
        LabelFilter::Matcher(_)
        | LabelFilter::Number(_)
        | LabelFilter::Duration(_)
        | LabelFilter::Bytes(_) => Ok(()),
    }
}

/// What is wrong with a stage.
struct Reason {
    message: String,
    span: crate::ast::Span,
}

impl Reason {
    fn new(message: impl Into<String>, text: &Text) -> Self {
        Self { message: message.into(), span: text.span }
    }

    fn in_stage(self, stage: &impl Display) -> ParseError {
        ParseError::new(format!("stage '{stage}' : {}", self.message)).in_span(self.span)
    }
}

fn line_filter(filter: &LineFilter) -> Result<(), Reason> {
    for alternative in &filter.alternatives {
        let (text, checked) = match (alternative, filter.op) {
            (LineMatch::Ip(range), LineFilterOp::Contains | LineFilterOp::NotContains) => {
                (range, IpMatcher::parse(&range.value).map(drop))
            }
            (LineMatch::Ip(range), _) => (range, Err("ip: invalid operation".to_owned())),
            (LineMatch::Text(text), LineFilterOp::Contains | LineFilterOp::NotContains) => {
                (text, Ok(()))
            }
            (LineMatch::Text(text), LineFilterOp::Re | LineFilterOp::NotRe) => {
                (text, Regex::new(&text.value).map(drop))
            }
            (LineMatch::Text(text), LineFilterOp::Pattern | LineFilterOp::NotPattern) => {
                (text, Pattern::parse(&text.value).and_then(|p| p.validate_for_filter()))
            }
        };
        checked.map_err(|error| Reason::new(error, text))?;
    }
    Ok(())
}

fn extractions(
    extractions: &[Extraction],
    parse: impl Fn(&str) -> Result<(), String>,
) -> Result<(), Reason> {
    for Extraction { expression, span, .. } in extractions {
        parse(expression).map_err(|error| Reason {
            message: format!("cannot parse expression [{expression}]: {error}"),
            span: *span,
        })?;
    }
    Ok(())
}

fn line_format(text: &Text) -> Result<(), Reason> {
    template("line", text)
        .map_err(|error| Reason::new(format!("invalid line template: {error}"), text))
}

fn label_format(formats: &[LabelFormat]) -> Result<(), Reason> {
    for (i, LabelFormat { name, span, .. }) in formats.iter().enumerate() {
        let error = |message: String| Err(Reason { message, span: *span });
        if name == "__error__" {
            return error(format!("{name} cannot be formatted"));
        }
        if formats[..i].iter().any(|before| before.name == *name) {
            return error(format!(
                "multiple label name '{name}' not allowed in a single format operation"
            ));
        }
    }
    for LabelFormat { name, source, .. } in formats {
        if let LabelFormatSource::Template(text) = source {
            template("label", text).map_err(|error| {
                Reason::new(format!("invalid template for label '{name}': {error}"), text)
            })?;
        }
    }
    Ok(())
}

fn template(name: &str, text: &Text) -> Result<(), gotemplate::ParseError> {
    Template::parse_named(name, &text.value).map(drop)
}
