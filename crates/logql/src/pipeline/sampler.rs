//! A pipeline that ends in a number: what a range aggregation counts or sums of each line.

use model::{Labels, Timestamp};

use crate::ast::{Grouping, RangeAggregation, RangeOp, Stage};

use super::chain::Pipeline;
use super::error::StageError;
use super::reads;
use super::row::{RowLabels, is_error};
use super::unwrap::Unwrap;
use super::wanted::Wanted;

/// The stages of a range aggregation, compiled, and how a line that passes them becomes a number.
#[derive(Debug)]
pub struct Sampler {
    pipeline: Pipeline,
    number: Number,
    grouping: Option<Grouping>,
    /// The labels of a `by` that can be looked up one by one: those of errors cannot.
    by: Option<Vec<String>>,
}

#[derive(Debug)]
enum Number {
    /// Each line counts 1.
    One,
    /// The bytes of the line.
    Length,
    /// The value of a label.
    Label(Unwrap),
}

impl Sampler {
    /// Compiles a range aggregation.
    ///
    /// Its grouping decides which labels the parsers look for at all, so first let
    /// [`push_down`](crate::eval::push_down) move the grouping of a `sum` around it into it.
    ///
    /// # Errors
    /// When an expression, template or path in it cannot be read.
    pub fn new(agg: &RangeAggregation) -> Result<Self, StageError> {
        let number = match (&agg.unwrap, agg.op) {
            (Some(unwrap), _) => Number::Label(Unwrap::new(unwrap)?),
            (None, RangeOp::BytesOverTime | RangeOp::BytesRate) => Number::Length,
            (None, _) => Number::One,
        };
        let mut stages = agg.log.stages.clone();
        if !matches!(number, Number::Length) {
            reads::remove_idle_line_formats(&mut stages)?;
        }
        let grouping = match agg.op {
            // Whether there was a line is all that matters.
            RangeOp::AbsentOverTime => Some(Grouping { without: false, labels: Vec::new() }),
            _ => agg.grouping.clone(),
        };
        let wanted = wanted(&stages, agg, grouping.as_ref())?;
        let names_error = |by: &Grouping| by.labels.iter().any(|name| is_error(name));
        let by = grouping.as_ref().filter(|by| !by.without && !names_error(by));
        let by = by.map(|by| by.labels.clone());
        Ok(Self { pipeline: Pipeline::wanting(&stages, &wanted)?, number, grouping, by })
    }

    /// The same sampler, whose templates take this for the time that `now` gives.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { pipeline: self.pipeline.at(now), ..self }
    }

    /// Whether the line is looked at. If not, it need not be read and may be given as `""`.
    #[must_use]
    pub fn needs_line(&self) -> bool {
        matches!(self.number, Number::Length) || self.pipeline.needs_line()
    }

    /// Whether each line stands for 1, whatever is in it.
    #[must_use]
    pub fn counts_every_line(&self) -> bool {
        matches!(self.number, Number::One) && self.pipeline.is_empty()
    }

    /// The number that a line stands for, or `None` when a stage drops it.
    pub fn sample(&self, timestamp: Timestamp, line: &str, labels: &mut RowLabels) -> Option<f64> {
        let line = self.pipeline.process(timestamp, line, labels)?;
        match &self.number {
            Number::One => Some(1.0),
            Number::Length => Some(line.len() as f64),
            Number::Label(unwrap) => unwrap.process(labels),
        }
    }

    /// The series that the sample belongs to: all labels less the unwrapped one, or those of the
    /// grouping. An error keeps all labels, grouping or not, so that its reader can see whence it
    /// is.
    #[must_use]
    pub fn series(&self, labels: &RowLabels) -> Labels {
        Labels::keeping_empty(self.pairs(labels))
    }

    /// Writes what tells the series from others, for who wants to make its labels only once. Equal
    /// keys mean the same series; the same series may have several keys.
    pub fn series_key(&self, labels: &RowLabels, key: &mut Vec<u8>) {
        key.clear();
        let mut write = |name: &str, value: &str| {
            for text in [name, value] {
                key.extend_from_slice(text.as_bytes());
                // It cannot occur in UTF-8.
                key.push(0xFF);
            }
        };
        match self.by.as_ref().filter(|_| labels.error().is_empty()) {
            Some(names) => names
                .iter()
                .filter_map(|name| Some((name, labels.get(name)?)))
                .for_each(|(name, value)| write(name, value)),
            None => self.pairs(labels).for_each(|(name, value)| write(name, value)),
        }
    }

    fn pairs<'a>(&'a self, labels: &'a RowLabels) -> impl Iterator<Item = (&'a str, &'a str)> {
        let failed = !labels.error().is_empty();
        let preserved = labels.preserved().filter(|_| failed);
        labels.iter().filter(move |(name, _)| failed || self.keeps(name)).chain(preserved)
    }

    fn keeps(&self, name: &str) -> bool {
        let named = |labels: &[String]| labels.iter().any(|label| label == name);
        let unwrapped = match &self.number {
            Number::Label(unwrap) => unwrap.label() == name,
            Number::One | Number::Length => false,
        };
        match &self.grouping {
            Some(by) if !by.without => named(&by.labels),
            Some(without) => !unwrapped && !named(&without.labels),
            None => !unwrapped,
        }
    }
}

/// Which labels the parsers have to set so that the series and all filters come out the same.
fn wanted(
    stages: &[Stage],
    agg: &RangeAggregation,
    grouping: Option<&Grouping>,
) -> Result<Wanted, StageError> {
    let by = grouping.filter(|grouping| !grouping.without);
    let wanted = match (reads::labels(stages, agg.unwrap.as_ref())?, by) {
        (Some(read), Some(by)) => Wanted::only([read, by.labels.clone()].concat()),
        (read, _) => Wanted::all(&read.unwrap_or_default()),
    };
    match by {
        // As in Loki, where parsers are told either the grouping or the filters.
        Some(by) if !by.labels.is_empty() => Ok(wanted),
        _ => wanted.filtered_by(stages),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{Expr, MetricExpr};
    use crate::eval::push_down;

    fn sampler(query: &str) -> Sampler {
        let Ok(Expr::Metric(metric)) = crate::parse(query) else { panic!("{query}") };
        let mut expr = push_down(&metric);
        while let MetricExpr::Aggregate(aggregation) = expr {
            expr = *aggregation.inner;
        }
        let MetricExpr::Range(range) = expr else { panic!("{query}") };
        Sampler::new(&range).unwrap()
    }

    /// The sample of a line and the series that it belongs to.
    #[track_caller]
    fn check(query: &str, line: &str, expect: &str) {
        let sampler = sampler(query);
        let mut labels =
            RowLabels::new(&Labels::new([("app", "web")]), &Labels::new([("trace", "t1")]));
        let shown = match sampler.sample(Timestamp(0), line, &mut labels) {
            Some(value) => format!("{value} {}", sampler.series(&labels)),
            None => "dropped".to_owned(),
        };
        assert_eq!(shown, expect, "for {query} and {line:?}");
    }

    #[test]
    fn counts_and_measures() {
        check(r#"count_over_time({app="web"}[5m])"#, "x", r#"1 {app="web", trace="t1"}"#);
        check(r#"bytes_rate({app="web"}[5m])"#, "żx", r#"3 {app="web", trace="t1"}"#);
        check(r#"absent_over_time({app="web"}[5m])"#, "x", "1 {}");
        check(r#"rate({app="web"} |= "y" [5m])"#, "x", "dropped");
    }

    #[test]
    fn unwraps_and_takes_the_label_away() {
        let series = r#"2 {app="web", b="x", trace="t1"}"#;
        check(r#"sum_over_time({app="web"} | logfmt | unwrap a [5m])"#, "a=2 b=x", series);
        check(
            r#"max_over_time({app="web"} | logfmt | unwrap a [5m]) by (a)"#,
            "a=2",
            r#"2 {a="2"}"#,
        );
        check(r#"sum_over_time({app="web"} | logfmt | unwrap c [5m])"#, "a=2", "dropped");
    }

    #[test]
    fn a_grouping_decides_what_is_parsed() {
        check(r#"sum(count_over_time({app="web"} | json [5m]))"#, "no json", "1 {}");
        check(r#"sum by (a) (rate({app="web"} | json [5m]))"#, r#"{"a":1,"b"#, r#"1 {a="1"}"#);
        let error = r#"__error__="JSONParserErr", __error_details__="Malformed JSON error""#;
        let series = format!(r#"1 {{{error}, app="web", trace="t1"}}"#);
        check(r#"sum by (c) (rate({app="web"} | json [5m]))"#, r#"{"a":1,"b"#, &series);
        check(r#"sum(rate({app="web"} | json | a > 0 [5m]))"#, r#"{"a":1,"b"#, "1 {}");
    }

    #[test]
    fn keys_tell_series_apart() {
        let sampler = sampler(r#"sum by (a, b) (rate({app="web"} | logfmt [5m]))"#);
        let key_of = |line: &str| {
            let mut labels = RowLabels::default();
            sampler.sample(Timestamp(0), line, &mut labels);
            let mut key = vec![1];
            sampler.series_key(&labels, &mut key);
            key
        };
        assert_eq!(key_of("a=1 c=2"), key_of("c=3 a=1"));
        assert_ne!(key_of("a=1"), key_of("b=1"));
        assert_ne!(key_of("a=1"), key_of("a=1 b=1"));
        assert!(key_of("c=1").is_empty());
    }

    #[test]
    fn an_error_that_is_asked_for_is_preserved() {
        let query = r#"count_over_time({app="web"} | json | __error__ != ""
            | drop __error_details__ [5m])"#;
        let series =
            r#"1 {__error__="JSONParserErr", __preserve_error__="true", app="web", trace="t1"}"#;
        check(query, "no json", series);
    }

    #[test]
    fn a_line_format_without_a_reader_is_left_out() {
        let idle = r#"count_over_time({app="web"} | line_format "{{ duration .app }}" [5m])"#;
        check(idle, "x", r#"1 {app="web", trace="t1"}"#);
        assert!(!sampler(idle).needs_line());
        let read = r#"count_over_time({app="web"} | line_format "y" |= "y" [5m])"#;
        check(read, "x", r#"1 {app="web", trace="t1"}"#);
    }
}
