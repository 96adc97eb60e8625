//! A compiled `{…}`: which streams may match, and which rows do.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use logql::ast;
use logql::eval;
use logql::pipeline::StageError;
use logql::pipeline::matcher::LabelMatcher;
use model::Labels;
use store::StreamTest;

/// The matchers of a query. A name that the stream does not have is looked up in the entry's
/// metadata: `{namespace="airflow", run_id="…"}` works although `run_id` is no label.
#[derive(Clone)]
pub(crate) struct Selector {
    rows: eval::Selector,
    matchers: Arc<[LabelMatcher]>,
}

impl Selector {
    pub(crate) fn new(selector: &ast::Selector) -> Result<Self, StageError> {
        let matchers = selector.matchers.iter().map(LabelMatcher::new);
        let matchers = matchers.collect::<Result<_, StageError>>()?;
        Ok(Self { rows: eval::Selector::new(selector)?, matchers })
    }

    /// Whether a row with these labels and this metadata is selected.
    pub(crate) fn matches(&self, stream: &Labels, metadata: &Labels) -> bool {
        self.rows.matches(stream, metadata)
    }

    /// Whether any row of a stream may be selected: what the store prunes by. Only labels that the
    /// stream has can rule it out; of the others its rows decide.
    pub(crate) fn stream_test(&self) -> StreamTest {
        let matchers = Arc::clone(&self.matchers);
        Arc::new(move |labels: &Labels| {
            let rules_out = |matcher: &LabelMatcher| {
                labels.get(matcher.name()).is_some_and(|value| !matcher.matches(value))
            };
            !matchers.iter().any(rules_out)
        })
    }

    /// The names that are looked at.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.matchers.iter().map(LabelMatcher::name).collect()
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(selector: &str, stream: &str, metadata: &str, may: bool, does: bool) {
        let parsed = logql::parse_selector(selector).unwrap();
        let selector = Selector::new(&parsed).unwrap();
        let (stream, metadata) = (Labels::parse(stream).unwrap(), Labels::parse(metadata).unwrap());
        let seen = (selector.stream_test()(&stream), selector.matches(&stream, &metadata));
        assert_eq!(seen, (may, does));
    }

    #[test]
    fn labels_rule_streams_out_and_metadata_rules_rows_out() {
        check(r#"{a="1"}"#, r#"{a="1"}"#, "{}", true, true);
        check(r#"{a="1"}"#, r#"{a="2"}"#, r#"{a="1"}"#, false, false);
        check(r#"{a="1", run_id="r"}"#, r#"{a="1"}"#, r#"{run_id="r"}"#, true, true);
        check(r#"{a="1", run_id="r"}"#, r#"{a="1"}"#, r#"{run_id="s"}"#, true, false);
        check(r#"{a="1", run_id!="r"}"#, r#"{a="1"}"#, "{}", true, true);
        check(r#"{a="1", b=~".+"}"#, r#"{a="1"}"#, "{}", true, false);
    }
}
