//! `| keep a, b="x"`: removes all labels but these.

use crate::ast::DropKeep;

use super::drop::Target;
use super::error::StageError;
use super::row::{ERROR, ERROR_DETAILS, PRESERVE_ERROR, RowLabels};

/// What stays.
#[derive(Debug)]
pub(super) struct Keep {
    targets: Vec<Target>,
}

impl Keep {
    pub(super) fn new(targets: &[DropKeep]) -> Result<Self, StageError> {
        Ok(Self { targets: targets.iter().map(Target::new).collect::<Result<_, _>>()? })
    }

    /// Removes what is not to stay. Errors always stay.
    pub(super) fn process(&self, labels: &mut RowLabels) {
        let goes: Vec<String> = labels
            .iter()
            .filter(|(name, value)| !self.keeps(name, value))
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in goes {
            labels.delete(&name);
        }
    }

    fn keeps(&self, name: &str, value: &str) -> bool {
        matches!(name, ERROR | ERROR_DETAILS | PRESERVE_ERROR)
            || self.targets.iter().any(|target| target.name() == name && target.matches(value))
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::testing::check;

    #[test]
    fn keeps_only_what_is_named() {
        check("| logfmt | keep a, app", "a=1 b=2", r#"a=1 b=2 metadata {} {a="1"}"#);
        check("| logfmt | keep b=`1`, trace", "a=1 b=2", "a=1 b=2 stream {}");
    }

    #[test]
    fn keeps_errors() {
        let stages = "| json | drop __error_details__ | keep app, trace";
        check(stages, "x", r#"x {__error__="JSONParserErr"}"#);
    }
}
