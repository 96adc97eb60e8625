//! Which streams and entries a selector means.

use std::collections::BTreeMap;

use model::{Entry, Labels, Stream};

use crate::ast;
use crate::pipeline::StageError;
use crate::pipeline::matcher::LabelMatcher;

/// What a selector looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelectorScope {
    /// The labels of streams, and where a stream has no label of a name the metadata of its
    /// entries: `{namespace="airflow", run_id="…"}` finds the lines of a run.
    #[default]
    LabelsAndMetadata,
    /// The labels of streams, as in Loki, where that selector finds nothing.
    Labels,
}

/// A selector, compiled.
///
/// A name is looked for among the stream's labels. Where the stream has no such label, its value is
/// empty; only a matcher that refuses the empty value goes on, if the scope lets it, to look among
/// the entry's metadata. So `{dag_id=""}` means the streams without that label in either scope.
#[derive(Debug, Clone)]
pub struct Selector {
    matchers: Vec<LabelMatcher>,
    scope: SelectorScope,
}

impl Selector {
    /// Compiles a selector.
    ///
    /// # Errors
    /// When a regular expression in it is none.
    pub fn new(selector: &ast::Selector, scope: SelectorScope) -> Result<Self, StageError> {
        let matchers = selector.matchers.iter().map(LabelMatcher::new);
        Ok(Self { matchers: matchers.collect::<Result<_, _>>()?, scope })
    }

    /// Whether an entry of a stream is meant.
    #[must_use]
    pub fn matches(&self, stream: &Labels, metadata: &Labels) -> bool {
        let open = self.open(stream);
        open.is_some_and(|open| open.iter().all(|matcher| matches(matcher, metadata)))
    }

    /// Whether any entry of a stream may be meant.
    #[must_use]
    pub fn may_match(&self, stream: &Labels) -> bool {
        self.open(stream).is_some()
    }

    /// The names whose metadata can matter.
    pub fn metadata_names(&self) -> impl Iterator<Item = &str> {
        let looks = |matcher: &&LabelMatcher| {
            self.scope == SelectorScope::LabelsAndMetadata && !matcher.matches("")
        };
        self.matchers.iter().filter(looks).map(LabelMatcher::name)
    }

    /// The matchers that a stream's labels leave open; nothing where they settle that none of its
    /// entries is meant.
    fn open(&self, stream: &Labels) -> Option<Vec<&LabelMatcher>> {
        let mut open = Vec::new();
        for matcher in &self.matchers {
            let value = stream.get(matcher.name());
            if matcher.matches(value.unwrap_or_default()) {
                continue;
            }
            if value.is_some() || self.scope == SelectorScope::Labels {
                return None;
            }
            open.push(matcher);
        }
        Some(open)
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

    fn selector(pairs: &[(&str, &str)], scope: SelectorScope) -> Selector {
        let matcher = |(name, value): &(&str, &str)| Matcher {
            name: (*name).to_owned(),
            op: MatchOp::Eq,
            value: (*value).to_owned(),
            span: Span::default(),
        };
        let matchers = pairs.iter().map(matcher).collect();
        Selector::new(&ast::Selector { matchers, span: Span::default() }, scope).unwrap()
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expect: bool, by_labels: bool) {
        let stream = Labels::new([("app", "web")]);
        let metadata = Labels::new([("run_id", "r1"), ("app", "hidden")]);
        let matches = |scope| selector(pairs, scope).matches(&stream, &metadata);
        assert_eq!(matches(SelectorScope::LabelsAndMetadata), expect, "for {pairs:?}");
        assert_eq!(matches(SelectorScope::Labels), by_labels, "for {pairs:?}");
    }

    #[test]
    fn looks_at_labels_first_then_at_metadata() {
        check(&[("app", "web")], true, true);
        check(&[("app", "hidden")], false, false);
        check(&[("app", "web"), ("run_id", "r1")], true, false);
        check(&[("run_id", "r2")], false, false);
        check(&[("missing", "")], true, true);
    }

    #[test]
    fn what_the_empty_value_satisfies_is_about_labels_alone() {
        check(&[("run_id", "")], true, true);
        check(&[("run_id", ""), ("app", "")], false, false);
    }

    #[test]
    fn sorts_by_time_and_removes_what_came_twice() {
        let entry = |time, line| Entry::new(Timestamp(time), line);
        let entries = vec![entry(2, "b"), entry(1, "x"), entry(2, "a"), entry(2, "b")];
        let streams = [Stream { labels: Labels::new([("app", "web")]), entries }];
        let selected = selector(&[("app", "web")], SelectorScope::Labels).select(&streams);
        let lines: Vec<&str> =
            selected.values().flatten().map(|entry| entry.line.as_str()).collect();
        assert_eq!(lines, ["x", "b", "a"]);
    }
}
