//! The stages of a query, chained: a line goes in, and comes out changed, unchanged or not at all.

use std::borrow::Cow;

use model::Timestamp;

use crate::ast;

use super::decolorize::Decolorize;
use super::drop::Drop;
use super::error::StageError;
use super::json::Json;
use super::keep::Keep;
use super::label_filter::LabelFilter;
use super::label_format::LabelFormat;
use super::line_filter::LineFilter;
use super::line_format::LineFormat;
use super::logfmt::Logfmt;
use super::pattern::Pattern;
use super::regexp::Regexp;
use super::row::{Refused, RowLabels};
use super::screen::Screen;
use super::template::Times;
use super::unpack::Unpack;
use super::wanted::Wanted;

/// The stages of a query, compiled. Made once, used for any number of rows, by any number of
/// threads.
#[derive(Debug)]
pub struct Pipeline {
    stages: Vec<Stage>,
    now: Timestamp,
}

/// One stage, compiled.
#[derive(Debug)]
enum Stage {
    LineFilter(LineFilter),
    Json(Json),
    Logfmt(Logfmt),
    Pattern(Pattern),
    Regexp(Regexp),
    Unpack(Unpack),
    LabelFilter(LabelFilter),
    LineFormat(LineFormat),
    LabelFormat(LabelFormat),
    Decolorize(Decolorize),
    Drop(Drop),
    Keep(Keep),
}

impl Pipeline {
    /// Compiles the stages.
    ///
    /// # Errors
    /// When an expression, template or path in them cannot be read.
    pub fn new(stages: &[ast::Stage]) -> Result<Self, StageError> {
        Self::wanting(stages, &Wanted::all(&[]).filtered_by(stages)?)
    }

    /// As [`Pipeline::new`], where only some labels are wanted of the parsers.
    pub(super) fn wanting(stages: &[ast::Stage], wanted: &Wanted) -> Result<Self, StageError> {
        let mut ordered: Vec<&ast::Stage> = stages.iter().collect();
        hoist_line_filters(&mut ordered);
        let stages = ordered.into_iter().map(|stage| Stage::new(stage, wanted));
        Ok(Self { stages: stages.collect::<Result<_, _>>()?, now: Timestamp::default() })
    }

    /// The same pipeline, whose templates take this for the time that `now` gives.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Whether there are no stages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Whether a stage can look at the line or change it. If not, whoever only wants to know which
    /// rows pass, and with what labels, need not read the lines.
    #[must_use]
    pub fn needs_line(&self) -> bool {
        self.stages.iter().any(Stage::needs_line)
    }

    /// What a line must contain to pass the line filters that stand first, if that is known.
    #[must_use]
    pub fn screen(&self) -> Option<Screen<'_>> {
        let filters = self.stages.iter().map_while(|stage| match stage {
            Stage::LineFilter(filter) => Some(filter),
            _ => None,
        });
        filters.filter_map(LineFilter::needle).next().map(Screen)
    }

    /// What a line must contain to pass the line filters that stand first: one text of each list.
    #[must_use]
    pub fn required_texts(&self) -> Vec<Vec<String>> {
        let filters = self.stages.iter().map_while(|stage| match stage {
            Stage::LineFilter(filter) => Some(filter),
            _ => None,
        });
        filters.filter_map(LineFilter::required_texts).collect()
    }

    /// Passes a row through the stages: the line that comes out (borrowed if nothing changed it),
    /// or `None` when a filter drops it. What goes wrong with a row stands in its labels.
    pub fn process<'a>(
        &self,
        timestamp: Timestamp,
        line: &'a str,
        labels: &mut RowLabels,
    ) -> Option<Cow<'a, str>> {
        let times = Times { row: timestamp, now: self.now };
        let mut line = Cow::Borrowed(line);
        for stage in &self.stages {
            let changed = match stage {
                Stage::LineFilter(filter) if filter.process(&line) => None,
                Stage::LabelFilter(filter) if filter.process(labels) => None,
                Stage::LineFilter(_) | Stage::LabelFilter(_) => return None,
                Stage::LineFormat(stage) => stage.process(times, &line, labels),
                Stage::Unpack(stage) => stage.process(&line, labels).ok()?,
                Stage::Decolorize(stage) => stage.process(&line),
                stage => {
                    stage.set_labels(times, &line, labels).ok()?;
                    None
                }
            };
            if let Some(changed) = changed {
                line = Cow::Owned(changed);
            }
        }
        Some(line)
    }
}

impl Stage {
    fn new(stage: &ast::Stage, wanted: &Wanted) -> Result<Self, StageError> {
        Ok(match stage {
            ast::Stage::LineFilter(filter) => Self::LineFilter(LineFilter::new(filter)?),
            ast::Stage::Json(extractions) => Self::Json(Json::new(extractions, wanted)?),
            ast::Stage::Logfmt(logfmt) => Self::Logfmt(Logfmt::new(logfmt, wanted)?),
            ast::Stage::Pattern(text) => Self::Pattern(Pattern::new(text, wanted)?),
            ast::Stage::Regexp(text) => Self::Regexp(Regexp::new(text, wanted)?),
            ast::Stage::Unpack => Self::Unpack(Unpack::new(wanted)),
            ast::Stage::LabelFilter(filter) => Self::LabelFilter(LabelFilter::new(filter)?),
            ast::Stage::LineFormat(text) => Self::LineFormat(LineFormat::new(text)?),
            ast::Stage::LabelFormat(formats) => Self::LabelFormat(LabelFormat::new(formats)?),
            ast::Stage::Decolorize => Self::Decolorize(Decolorize),
            ast::Stage::Drop(targets) => Self::Drop(Drop::new(targets)?),
            ast::Stage::Keep(targets) => Self::Keep(Keep::new(targets)?),
        })
    }

    /// Runs a stage that changes labels alone.
    fn set_labels(&self, times: Times, line: &str, labels: &mut RowLabels) -> Result<(), Refused> {
        match self {
            Self::Json(stage) => stage.process(line, labels)?,
            Self::Logfmt(stage) => stage.process(line, labels)?,
            Self::Pattern(stage) => stage.process(line, labels)?,
            Self::Regexp(stage) => stage.process(line, labels)?,
            Self::LabelFormat(stage) => stage.process(times, line, labels),
            Self::Drop(stage) => stage.process(labels),
            Self::Keep(stage) => stage.process(labels),
            Self::LineFilter(_)
            | Self::LabelFilter(_)
            | Self::LineFormat(_)
            | Self::Unpack(_)
            | Self::Decolorize(_) => {}
        }
        Ok(())
    }

    fn needs_line(&self) -> bool {
        match self {
            Self::LabelFilter(_) | Self::Drop(_) | Self::Keep(_) => false,
            Self::LabelFormat(stage) => stage.reads_line(),
            _ => true,
        }
    }
}

/// Moves line filters in front of the parsers that stand before them: a line that is dropped need
/// not be parsed. They never move across a `line_format` or `unpack`, which change the line, nor
/// across a label filter, which is cheaper. They do move across `decolorize`, as in Loki, and so
/// look at the line with its colours.
fn hoist_line_filters(stages: &mut [&ast::Stage]) {
    let is_barrier = |stage: &&ast::Stage| {
        use ast::Stage as S;
        matches!(stage, S::LineFormat(_) | S::Unpack | S::LabelFilter(_))
    };
    for section in stages.split_mut(is_barrier) {
        section.sort_by_key(|stage| !matches!(stage, ast::Stage::LineFilter(_)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Expr;
    use crate::pipeline::testing::check;

    fn pipeline(stages: &str) -> Pipeline {
        let Ok(Expr::Log(log)) = crate::parse(&format!("{{a=\"b\"}} {stages}")) else {
            panic!("{stages} are no stages");
        };
        Pipeline::new(&log.stages).unwrap()
    }

    #[test]
    fn stages_follow_one_another() {
        check(
            "|= `GET` | pattern `<verb> <_>` | line_format `{{.verb}}` |= `G`",
            "GET /",
            r#"GET {verb="GET"}"#,
        );
        check("| line_format `x` |= `GET`", "GET /", "dropped");
        check("| decolorize |= `re`", "\x1b[31mre\x1b[0md", "red");
    }

    #[test]
    fn says_whether_the_line_matters() {
        assert!(pipeline("").is_empty() && !pipeline("").needs_line());
        assert!(!pipeline("| x = `1` | drop y | keep z | label_format a=`{{.b}}`").needs_line());
        assert!(pipeline("| label_format a=`{{__line__}}`").needs_line());
        assert!(pipeline("|= `x`").needs_line());
    }

    #[test]
    fn line_filters_move_in_front_of_parsers_alone() {
        let pipeline = pipeline("| decolorize |= `a` | x = `1` | logfmt != `b` | unpack |= `c`");
        let filters: Vec<bool> =
            pipeline.stages.iter().map(|stage| matches!(stage, Stage::LineFilter(_))).collect();
        assert_eq!(filters, [true, false, false, true, false, false, true]);
    }

    #[test]
    fn an_unchanged_line_is_not_copied() {
        let mut labels = RowLabels::default();
        let line = pipeline("| logfmt | a = `1`").process(Timestamp(0), "a=1", &mut labels);
        assert!(matches!(line, Some(Cow::Borrowed("a=1"))));
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_too_odd_for_a_parser(line in ".{0,80}|[{}\\[\\]\":,=\\\\ a1]{0,80}") {
            for stages in [
                "| json",
                "| json a=`a[0].a`",
                "| logfmt",
                "| logfmt --strict --keep-empty a",
                "| unpack",
                "| decolorize",
                "| pattern `<a> <_>=<b>`",
                "|> `<_>a<_>`",
            ] {
                let mut labels = RowLabels::default();
                pipeline(stages).process(Timestamp(0), &line, &mut labels);
                for (name, _) in labels.result().parsed.iter() {
                    proptest::prop_assert!(model::labels::is_label_name(name), "{name:?}");
                }
            }
        }
    }
}
