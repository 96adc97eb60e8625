//! Which streams and entries a selector means.

use std::collections::BTreeMap;

use model::{Entry, Labels, Stream};

use crate::ast;
use crate::pipeline::StageError;
use crate::pipeline::matcher::LabelMatcher;

/// A selector, compiled.
///
/// A name is looked for among the stream's labels, and if the stream has no such label among the
/// entry's metadata. The second half is ours: in Loki a selector knows labels only, so
/// `{namespace="airflow", run_id="…"}` finds nothing where `run_id` is metadata.
#[derive(Debug, Clone)]
pub struct Selector {
    matchers: Vec<LabelMatcher>,
}

impl Selector {
    /// Compiles a selector.
    ///
    /// # Errors
    /// When a regular expression in it is none.
    pub fn new(selector: &ast::Selector) -> Result<Self, StageError> {
        let matchers = selector.matchers.iter().map(LabelMatcher::new);
        Ok(Self { matchers: matchers.collect::<Result<_, _>>()? })
    }

    /// Whether an entry of a stream is meant.
    #[must_use]
    pub fn matches(&self, stream: &Labels, metadata: &Labels) -> bool {
        let open = self.open(stream);
        open.is_some_and(|open| open.iter().all(|matcher| matches(matcher, metadata)))
    }

    /// The matchers that a stream's labels leave open, because it has no such label; nothing where
    /// they settle that none of its entries is meant.
    fn open(&self, stream: &Labels) -> Option<Vec<&LabelMatcher>> {
        let (settled, open): (Vec<_>, Vec<_>) =
            self.matchers.iter().partition(|matcher| stream.get(matcher.name()).is_some());
        settled.into_iter().all(|matcher| matches(matcher, stream)).then_some(open)
    }

    /// The entries that are meant, by stream, in the order of time; those of one time in the order
    /// in which they came. What came twice (the same time, line and metadata) is there once.
    pub(super) fn select<'a>(&self, streams: &'a [Stream]) -> BTreeMap<&'a Labels, Vec<&'a Entry>> {
        let mut selected: BTreeMap<&Labels, Vec<&Entry>> = BTreeMap::new();
        for stream in streams {
            let Some(open) = self.open(&stream.labels) else { continue };
            let meant = |entry: &&Entry| open.iter().all(|open| matches(open, &entry.metadata));
            let mut entries = stream.entries.iter().filter(meant).peekable();
            if entries.peek().is_some() {
                selected.entry(&stream.labels).or_default().extend(entries);
            }
        }
        for entries in selected.values_mut() {
            entries.sort_by_key(|entry| entry.timestamp);
            remove_repeated(entries);
        }
        selected
    }
}

fn matches(matcher: &LabelMatcher, labels: &Labels) -> bool {
    matcher.matches(labels.get(matcher.name()).unwrap_or_default())
}

/// Removes what came twice. Equal entries need not be neighbours: others of their time may be
/// between them.
fn remove_repeated(entries: &mut Vec<&Entry>) {
    let mut kept: Vec<&Entry> = Vec::with_capacity(entries.len());
    for entry in entries.drain(..) {
        let mut same_time =
            kept.iter().rev().take_while(|known| known.timestamp == entry.timestamp);
        if !same_time.any(|known| *known == entry) {
            kept.push(entry);
        }
    }
    *entries = kept;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{MatchOp, Matcher, Span};
    use model::Timestamp;

    fn selector(pairs: &[(&str, &str)]) -> Selector {
        let matcher = |(name, value): &(&str, &str)| Matcher {
            name: (*name).to_owned(),
            op: MatchOp::Eq,
            value: (*value).to_owned(),
            span: Span::default(),
        };
        let matchers = pairs.iter().map(matcher).collect();
        Selector::new(&ast::Selector { matchers, span: Span::default() }).unwrap()
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expect: bool) {
        let stream = Labels::new([("app", "web")]);
        let metadata = Labels::new([("run_id", "r1"), ("app", "hidden")]);
        assert_eq!(selector(pairs).matches(&stream, &metadata), expect, "for {pairs:?}");
    }

    #[test]
    fn looks_at_labels_first_then_at_metadata() {
        check(&[("app", "web")], true);
        check(&[("app", "hidden")], false);
        check(&[("app", "web"), ("run_id", "r1")], true);
        check(&[("run_id", "r2")], false);
        check(&[("run_id", "")], false);
        check(&[("missing", "")], true);
    }

    #[test]
    fn sorts_by_time_and_removes_what_came_twice() {
        let entry = |time, line| Entry::new(Timestamp(time), line);
        let entries = vec![entry(2, "b"), entry(1, "x"), entry(2, "a"), entry(2, "b")];
        let streams = [Stream { labels: Labels::new([("app", "web")]), entries }];
        let selected = selector(&[("app", "web")]).select(&streams);
        let lines: Vec<&str> =
            selected.values().flatten().map(|entry| entry.line.as_str()).collect();
        assert_eq!(lines, ["x", "b", "a"]);
    }
}
