//! A compiled `{…}`: which streams may match, and which rows do.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use logql::ast;
use logql::eval::{self, SelectorScope};
use logql::pipeline::StageError;
use model::Labels;
use store::StreamTest;

/// The matchers of a query. Unless the scope is the labels alone, a name that the stream does not
/// have is looked up in the entry's metadata: `{namespace="airflow", run_id="…"}` works although
/// `run_id` is no label.
#[derive(Clone)]
pub(crate) struct Selector(Arc<eval::Selector>);

impl Selector {
    pub(crate) fn new(selector: &ast::Selector, scope: SelectorScope) -> Result<Self, StageError> {
        Ok(Self(Arc::new(eval::Selector::new(selector, scope)?)))
    }

    /// Whether a row with these labels and this metadata is selected.
    pub(crate) fn matches(&self, stream: &Labels, metadata: &Labels) -> bool {
        self.0.matches(stream, metadata)
    }

    /// Whether any row of a stream may be selected: what the store prunes by.
    pub(crate) fn stream_test(&self) -> StreamTest {
        let selector = Arc::clone(&self.0);
        Arc::new(move |labels: &Labels| selector.may_match(labels))
    }

    /// The names of metadata that it may look at.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.0.metadata_names().collect()
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
        let selector = Selector::new(&parsed, SelectorScope::LabelsAndMetadata).unwrap();
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
        check(r#"{a="1", run_id!="r"}"#, r#"{a="1"}"#, r#"{run_id="r"}"#, true, true);
        check(r#"{a="1", b=~".+"}"#, r#"{a="1"}"#, "{}", true, false);
    }
}
