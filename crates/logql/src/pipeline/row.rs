//! The labels of one row while it passes the stages.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use model::Labels;

use super::wanted::Wanted;

/// The label that says what went wrong with a line.
pub(crate) const ERROR: &str = "__error__";
/// The label that says it in more words.
pub(crate) const ERROR_DETAILS: &str = "__error_details__";
/// The label that lets a series with an error pass, because the query asked for errors.
pub(crate) const PRESERVE_ERROR: &str = "__preserve_error__";
/// What is put behind the name of a parsed label that the stream or the metadata has already.
pub(super) const EXTRACTED: &str = "_extracted";

/// Whether a name is one of those by which errors are asked for.
pub(super) fn is_error(name: &str) -> bool {
    matches!(name, ERROR | ERROR_DETAILS)
}

/// The labels of one row: those of its stream and its metadata below, what the stages set on top,
/// what went wrong aside.
///
/// Made once and [`reset`](Self::reset) for each row, it allocates nothing per row: names and
/// values that stages set are written into one buffer.
#[derive(Debug, Clone, Default)]
pub struct RowLabels {
    stream: Labels,
    metadata: Labels,
    /// Whether the metadata has been copied into `layer`. It is not until something changes: most
    /// queries only read.
    unfolded: bool,
    /// How much of `layer` and `text` the metadata takes, as long as no stage has changed that: the
    /// next row of the same stream and metadata begins there.
    base: Option<Base>,
    /// What lies over the stream's labels; names are unique.
    layer: Vec<Set>,
    /// Where the names of `layer` are, once they are many.
    index: Option<NameIndex>,
    /// Names of the stream's labels that were removed.
    removed: Vec<Range<usize>>,
    /// The text of `layer` and `removed`.
    text: String,
    error: Cow<'static, str>,
    error_details: String,
    preserve_error: bool,
}

/// More names than this are not compared one by one: a line of 256 KiB can hold 20,000, and each
/// would be compared with all before it.
const LINEAR_NAMES_MAX: usize = 64;

/// The place of each name, by its hash. Of names with equal hashes only the last is there.
#[derive(Debug, Clone, Default)]
struct NameIndex(HashMap<u64, usize>);

impl NameIndex {
    fn insert(&mut self, name: &str, at: usize) {
        self.0.insert(hash(name), at);
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.0.get(&hash(name)).copied()
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// See [`RowLabels`].
#[derive(Debug, Clone, Copy)]
struct Base {
    layer: usize,
    text: usize,
}

/// A parser found what a label filter of the query refuses: the line is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

/// A label that was set, by its ranges in the text.
#[derive(Debug, Clone)]
struct Set {
    category: Category,
    name: Range<usize>,
    value: Range<usize>,
    /// Whether a parser found it in this line: then the first one counts.
    extracted: bool,
}

/// Where a label comes from. The later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Category {
    Stream,
    Metadata,
    Parsed,
}

/// The labels of a row after the pipeline, by where they come from. No name is in two of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ResultLabels {
    /// Of the stream.
    pub stream: Labels,
    /// Of the entry.
    pub metadata: Labels,
    /// Set by a stage, and what went wrong.
    pub parsed: Labels,
}

impl ResultLabels {
    /// All of them in one set: what an answer shows that does not tell them apart.
    #[must_use]
    pub fn merged(&self) -> Labels {
        if self.metadata.is_empty() && self.parsed.is_empty() {
            return self.stream.clone();
        }
        let all = [&self.stream, &self.metadata, &self.parsed];
        Labels::keeping_empty(all.into_iter().flat_map(Labels::iter))
    }
}

impl RowLabels {
    /// The labels of a row as it comes from the store.
    #[must_use]
    pub fn new(stream: &Labels, metadata: &Labels) -> Self {
        let mut labels = Self::default();
        labels.reset(stream, metadata);
        labels
    }

    /// Makes these the labels of another row.
    pub fn reset(&mut self, stream: &Labels, metadata: &Labels) {
        self.removed.clear();
        self.error = Cow::Borrowed("");
        self.error_details.clear();
        self.preserve_error = false;
        self.index = None;
        if let Some(base) = self.base.filter(|_| self.is_of(stream, metadata)) {
            self.layer.truncate(base.layer);
            self.text.truncate(base.text);
            return;
        }
        self.stream.clone_from(stream);
        self.metadata.clone_from(metadata);
        self.unfolded = metadata.is_empty();
        self.base = None;
        self.layer.clear();
        self.text.clear();
        if metadata.iter().any(|(name, _)| stream.get(name).is_some() || is_error(name)) {
            self.unfold();
        }
    }

    /// Whether the row before was of this very stream and metadata.
    fn is_of(&self, stream: &Labels, metadata: &Labels) -> bool {
        self.stream.is_shared_with(stream) && self.metadata.is_shared_with(metadata)
    }

    /// The value of a label, whoever set it. Errors are not found here: see [`error`](Self::error).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        if let Some(set) = self.find(name) {
            return Some(&self.text[set.value.clone()]);
        }
        if self.is_removed(name) {
            return None;
        }
        let metadata = || if self.unfolded { None } else { self.metadata.get(name) };
        self.stream.get(name).or_else(metadata)
    }

    /// All labels, the errors included, in no particular order. Where the line itself has a label
    /// `__error__`, it comes after the real one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.errors().chain(self.visible().map(|(_, name, value)| (name, value)))
    }

    /// What went wrong with this row; empty when nothing did.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// More words about what went wrong.
    #[must_use]
    pub fn error_details(&self) -> &str {
        &self.error_details
    }

    /// Records what went wrong.
    pub fn set_error(&mut self, error: &'static str, details: &str) {
        self.error = Cow::Borrowed(error);
        if !details.is_empty() {
            details.clone_into(&mut self.error_details);
        }
    }

    /// Forgets what went wrong, but for the details.
    pub fn clear_error(&mut self) {
        self.error = Cow::Borrowed("");
    }

    /// Forgets the details.
    pub fn clear_error_details(&mut self) {
        self.error_details.clear();
    }

    /// Sets a label as `label_format` does: whatever had that name before is gone.
    pub fn set_parsed(&mut self, name: &str, value: &str) {
        let name = self.write(name);
        self.assign(Category::Parsed, name, value, false);
    }

    /// Gives the value of one label to another and removes the first. It stays what it was: of the
    /// stream, metadata or parsed. Nothing happens when there is no such label.
    pub fn rename(&mut self, from: &str, to: &str) {
        self.unfold();
        let (category, value) = match self.find(from) {
            Some(set) => (set.category, self.text[set.value.clone()].to_owned()),
            None => match self.get(from) {
                Some(value) => (Category::Stream, value.to_owned()),
                None => return,
            },
        };
        let to = self.write(to);
        self.assign(category, to, &value, false);
        self.delete(from);
    }

    /// Removes a label, whoever set it.
    pub fn delete(&mut self, name: &str) {
        self.unfold();
        if let Some(at) = self.position(name) {
            self.change(at);
            self.layer.swap_remove(at);
            // The name that is gone stays in the index, and leads to a place with another.
            if let (Some(index), Some(moved)) = (&mut self.index, self.layer.get(at)) {
                index.insert(&self.text[moved.name.clone()], at);
            }
        }
        if self.stream.get(name).is_some() && !self.is_removed(name) {
            let name = self.write(name);
            self.removed.push(name);
        }
    }

    /// The labels after the pipeline, by where they come from.
    #[must_use]
    pub fn result(&self) -> ResultLabels {
        let untouched = self.layer.is_empty() && self.removed.is_empty();
        if untouched && self.error.is_empty() && self.error_details.is_empty() {
            let metadata = if self.unfolded { Labels::default() } else { self.metadata.clone() };
            return ResultLabels {
                stream: self.stream.clone(),
                metadata,
                parsed: Labels::default(),
            };
        }
        let of = |category| self.visible().filter(move |(of, ..)| *of == category);
        let parsed = of(Category::Parsed).map(|(_, name, value)| (name, value));
        ResultLabels {
            stream: Labels::new(of(Category::Stream).map(|(_, name, value)| (name, value))),
            metadata: Labels::new(of(Category::Metadata).map(|(_, name, value)| (name, value))),
            parsed: Labels::keeping_empty(self.errors().chain(parsed)),
        }
    }

    /// Sets a label that a parser found. A name that the stream or the metadata has gets
    /// `_extracted` behind it. Of a name that comes twice in a line the first counts.
    ///
    /// `write_name` appends the name to the text it is given; nothing is set if it appends nothing.
    ///
    /// # Errors
    /// [`Refused`] when a label filter of the query will not have this value.
    pub(super) fn extract(
        &mut self,
        wanted: &Wanted,
        write_name: impl FnOnce(&mut String),
        value: &str,
    ) -> Result<(), Refused> {
        let start = self.text.len();
        write_name(&mut self.text);
        if self.text.len() == start {
            return Ok(());
        }
        if self.is_base(&self.text[start..]) {
            self.text.push_str(EXTRACTED);
        }
        let name = start..self.text.len();
        let known = || self.was_extracted(&self.text[name.clone()]);
        if !wanted.includes(&self.text[name.clone()]) || known() {
            self.text.truncate(start);
            return Ok(());
        }
        let filter = wanted.filter_of(&self.text[name.clone()]);
        self.assign(Category::Parsed, name, value, true);
        match filter {
            Some(filter) if !filter.process(self) => Err(Refused),
            _ => Ok(()),
        }
    }

    /// As [`extract`](Self::extract) for a name that the query gave: the last value counts, and the
    /// name is set even if nobody wants it.
    pub(super) fn extract_named(&mut self, name: &str, value: &str) {
        let base = self.is_base(name);
        let name = self.write(name);
        let name = if base { name.start..self.write(EXTRACTED).end } else { name };
        self.assign(Category::Parsed, name, value, true);
    }

    /// Whether a parser has set this label in this line.
    pub(super) fn was_extracted(&self, name: &str) -> bool {
        self.find(name).is_some_and(|set| set.extracted)
    }

    /// Whether the stream or the metadata has this name, so that a parser must not set it. A label
    /// of the stream keeps its name taken even when it was dropped.
    pub(super) fn is_base(&self, name: &str) -> bool {
        let metadata = || match self.unfolded {
            true => self.find(name).is_some_and(|set| set.category == Category::Metadata),
            false => self.metadata.get(name).is_some(),
        };
        self.stream.get(name).is_some() || metadata()
    }

    /// Lets the error of this row pass into the answer.
    pub(super) fn preserve_error(&mut self) {
        self.preserve_error = true;
    }

    /// The pair that tells the evaluator to let the error pass, if it is to.
    pub(super) fn preserved(&self) -> Option<(&'static str, &'static str)> {
        self.preserve_error.then_some((PRESERVE_ERROR, "true"))
    }

    /// Copies the metadata into the layer of labels that can be changed.
    fn unfold(&mut self) {
        if self.unfolded {
            return;
        }
        self.unfolded = true;
        let metadata = self.metadata.clone();
        for (name, value) in metadata.iter() {
            match name {
                ERROR => self.error = Cow::Owned(value.to_owned()),
                ERROR_DETAILS => value.clone_into(&mut self.error_details),
                _ => {
                    let taken = self.stream.get(name).is_some();
                    let name = self.write(name);
                    let name = if taken { name.start..self.write(EXTRACTED).end } else { name };
                    self.assign(Category::Metadata, name, value, false);
                }
            }
        }
        if !metadata.iter().any(|(name, _)| is_error(name)) {
            self.base = Some(Base { layer: self.layer.len(), text: self.text.len() });
        }
    }

    /// A label of this place in the layer is about to be another.
    fn change(&mut self, at: usize) {
        self.base = self.base.filter(|base| at >= base.layer);
    }

    /// Sets the label whose name stands in the text, unless one that wins over it is there.
    fn assign(&mut self, category: Category, name: Range<usize>, value: &str, extracted: bool) {
        self.unfold();
        let value = self.write(value);
        match self.position(&self.text[name.clone()]) {
            Some(at) if self.layer[at].category > category => {}
            Some(at) => {
                self.change(at);
                self.layer[at] = Set { category, name, value, extracted };
            }
            None => {
                self.layer.push(Set { category, name, value, extracted });
                self.extend_index();
            }
        }
    }

    /// Notes the name that was just added, or all of them when there is no index yet.
    fn extend_index(&mut self) {
        let count = self.layer.len();
        if count <= LINEAR_NAMES_MAX {
            return;
        }
        let first = if self.index.is_some() { count - 1 } else { 0 };
        let Self { index, layer, text, .. } = self;
        let index = index.get_or_insert_default();
        for (at, set) in layer.iter().enumerate().skip(first) {
            index.insert(&text[set.name.clone()], at);
        }
    }

    fn write(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn position(&self, name: &str) -> Option<usize> {
        let is_at =
            |at: usize| self.layer.get(at).is_some_and(|set| &self.text[set.name.clone()] == name);
        match self.index.as_ref().map(|index| index.find(name)) {
            Some(None) => None,
            Some(Some(at)) if is_at(at) => Some(at),
            // There is no index, or the name was removed, or another has the same hash.
            _ => (0..self.layer.len()).find(|at| is_at(*at)),
        }
    }

    fn find(&self, name: &str) -> Option<&Set> {
        self.position(name).map(|at| &self.layer[at])
    }

    fn is_removed(&self, name: &str) -> bool {
        self.removed.iter().any(|removed| &self.text[removed.clone()] == name)
    }

    fn errors(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = [(ERROR, self.error.as_ref()), (ERROR_DETAILS, self.error_details.as_str())];
        pairs.into_iter().filter(|(_, value)| !value.is_empty())
    }

    fn visible(&self) -> impl Iterator<Item = (Category, &str, &str)> {
        let stream = self.stream.iter().filter(|(name, _)| {
            let plain = self.layer.is_empty() && self.removed.is_empty();
            plain || (self.find(name).is_none() && !self.is_removed(name))
        });
        let folded = (!self.unfolded).then(|| self.metadata.iter()).into_iter().flatten();
        let layer = self
            .layer
            .iter()
            .map(|set| (set.category, &self.text[set.name.clone()], &self.text[set.value.clone()]));
        stream
            .map(|(name, value)| (Category::Stream, name, value))
            .chain(folded.map(|(name, value)| (Category::Metadata, name, value)))
            .chain(layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(metadata: &[(&str, &str)]) -> RowLabels {
        let stream = Labels::new([("app", "web"), ("pod", "p0")]);
        RowLabels::new(&stream, &Labels::new(metadata.iter().copied()))
    }

    #[track_caller]
    fn check(labels: &RowLabels, stream: &str, metadata: &str, parsed: &str) {
        let result = labels.result();
        assert_eq!(result.stream.to_string(), stream);
        assert_eq!(result.metadata.to_string(), metadata);
        assert_eq!(result.parsed.to_string(), parsed);
        // Whatever a row shows, it can be asked for.
        for (name, value) in result.stream.iter().chain(result.metadata.iter()) {
            assert_eq!(labels.get(name), Some(value), "for {name}");
        }
    }

    #[test]
    fn what_nothing_changes_stays() {
        check(&row(&[("id", "1")]), r#"{app="web", pod="p0"}"#, r#"{id="1"}"#, "{}");
        assert_eq!(row(&[("id", "1")]).get("id"), Some("1"));
    }

    #[test]
    fn metadata_gives_way_to_labels() {
        let metadata = r#"{app_extracted="x", id="1"}"#;
        check(&row(&[("app", "x"), ("id", "1")]), r#"{app="web", pod="p0"}"#, metadata, "{}");
    }

    #[test]
    fn metadata_can_hold_an_error() {
        let labels = row(&[("__error__", "E"), ("__error_details__", "why")]);
        let parsed = r#"{__error__="E", __error_details__="why"}"#;
        check(&labels, r#"{app="web", pod="p0"}"#, "{}", parsed);
    }

    #[test]
    fn what_is_set_takes_the_place_of_what_was_there() {
        let mut labels = row(&[("id", "1")]);
        labels.set_parsed("app", "new");
        labels.set_parsed("id", "2");
        check(&labels, r#"{pod="p0"}"#, "{}", r#"{app="new", id="2"}"#);
        labels.delete("app");
        check(&labels, r#"{pod="p0"}"#, "{}", r#"{id="2"}"#);
        assert_eq!(labels.get("app"), None);
    }

    #[test]
    fn a_renamed_label_stays_what_it_was() {
        let mut labels = row(&[("id", "1")]);
        labels.rename("app", "service");
        labels.rename("id", "run");
        labels.rename("missing", "x");
        check(&labels, r#"{pod="p0", service="web"}"#, r#"{run="1"}"#, "{}");
    }

    #[test]
    fn a_dropped_label_of_the_stream_keeps_its_name_taken() {
        let mut labels = row(&[("id", "1")]);
        labels.delete("app");
        labels.delete("id");
        assert!(labels.is_base("app") && !labels.is_base("id"));
    }

    #[test]
    fn a_row_can_be_used_again() {
        let mut labels = row(&[]);
        labels.set_parsed("a", "1");
        labels.delete("app");
        labels.set_error("E", "why");
        labels.reset(&Labels::new([("app", "db")]), &Labels::default());
        check(&labels, r#"{app="db"}"#, "{}", "{}");
        assert_eq!((labels.error(), labels.error_details()), ("", ""));
    }

    #[test]
    fn rows_of_one_base_do_not_see_each_other() {
        let (stream, metadata) =
            (Labels::new([("app", "web")]), Labels::new([("id", "1"), ("run", "r")]));
        let mut labels = RowLabels::default();
        let stages: [fn(&mut RowLabels); 6] = [
            |labels| labels.set_parsed("a", "1"),
            |labels| labels.set_parsed("id", "2"),
            |labels| labels.delete("id"),
            |labels| labels.delete("app"),
            |labels| labels.rename("run", "id"),
            |labels| labels.set_error("E", "why"),
        ];
        for pair in stages.iter().flat_map(|first| stages.map(|second| (*first, second))) {
            labels.reset(&stream, &metadata);
            pair.0(&mut labels);
            labels.reset(&stream, &metadata);
            pair.1(&mut labels);
            let mut fresh = RowLabels::new(&stream, &metadata);
            pair.1(&mut fresh);
            assert_eq!(labels.result(), fresh.result());
        }
    }

    #[test]
    fn many_labels_are_found_as_few_are() {
        let mut labels = row(&[("id", "1")]);
        let name = |n: usize| format!("name_{n}");
        for n in 0..3 * LINEAR_NAMES_MAX {
            labels.set_parsed(&name(n), &n.to_string());
            labels.set_parsed(&name(n / 2), "again");
        }
        assert!(labels.index.is_some());
        let last = 3 * LINEAR_NAMES_MAX - 1;
        labels.delete(&name(5));
        labels.delete(&name(last - 1));
        labels.set_parsed(&name(7), "last");
        labels.set_parsed("one_more", "x");
        let expect = [(5, None), (7, Some("last")), (40, Some("again")), (last - 1, None)];
        for (n, expect) in expect {
            assert_eq!(labels.get(&name(n)), expect, "for {n}");
        }
        assert_eq!(labels.get(&name(last)), Some(last.to_string().as_str()));
        assert_eq!(labels.get("one_more"), Some("x"));
        labels.reset(&Labels::default(), &Labels::default());
        assert_eq!(labels.get("one_more"), None);
    }

    #[test]
    fn an_error_label_in_the_line_hides_the_real_one() {
        let mut labels = row(&[]);
        labels.set_error("E", "why");
        labels.extract(&Wanted::all(&[]), |name| name.push_str(ERROR), "mine").unwrap();
        let parsed = r#"{__error__="mine", __error_details__="why"}"#;
        check(&labels, r#"{app="web", pod="p0"}"#, "{}", parsed);
        assert_eq!(labels.error(), "E");
    }
}
