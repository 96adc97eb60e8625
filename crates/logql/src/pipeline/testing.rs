//! Runs stages as they are written in a query, for the tests of each stage.

use model::{Labels, Timestamp};

use crate::ast::Expr;

use super::chain::Pipeline;
use super::row::RowLabels;

/// What becomes of a line of the stream `{app="web"}` with the metadata `{trace="t1"}`: the line,
/// then the labels after it that are parsed; those of stream and metadata only where they changed.
#[track_caller]
pub(super) fn run(stages: &str, line: &str) -> String {
    let query = format!("{{app=\"web\"}} {stages}");
    let Expr::Log(log) = crate::parse(&query).unwrap() else { panic!("{query} is no log query") };
    let pipeline = Pipeline::new(&log.stages).unwrap();
    let (stream, metadata) = (Labels::new([("app", "web")]), Labels::new([("trace", "t1")]));
    let mut labels = RowLabels::new(&stream, &metadata);
    let Some(line) = pipeline.process(Timestamp::from_secs(1), line, &mut labels) else {
        return "dropped".to_owned();
    };
    let result = labels.result();
    let mut shown = vec![line.into_owned()];
    if result.stream != stream {
        shown.push(format!("stream {}", result.stream));
    }
    if result.metadata != metadata {
        shown.push(format!("metadata {}", result.metadata));
    }
    if !result.parsed.is_empty() {
        shown.push(result.parsed.to_string());
    }
    shown.join(" ")
}

/// As [`run`], the answer compared.
#[track_caller]
pub(super) fn check(stages: &str, line: &str, expect: &str) {
    assert_eq!(run(stages, line), expect, "for {stages} and {line:?}");
}
