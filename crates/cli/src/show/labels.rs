//! Label sets: what all streams share, what is left, and how it is written.

use loki::response::{LabelMap, StreamValues};

use crate::args::LabelDisplayArgs;

/// `{a="b", c="d"}`
#[must_use]
pub fn text(labels: &LabelMap) -> String {
    model::Labels::keeping_empty(labels.iter().map(|(n, v)| (n.as_str(), v.as_str()))).to_string()
}

/// The labels that all streams have, with equal values.
#[must_use]
pub fn common(streams: &[StreamValues]) -> LabelMap {
    let mut common = streams.first().map(|stream| stream.stream.clone()).unwrap_or_default();
    for stream in streams {
        common.retain(|name, value| stream.stream.get(name) == Some(value));
    }
    common
}

/// What is printed of a stream's labels: not the hidden ones, and only those that are asked for.
#[must_use]
pub fn shown(labels: &LabelMap, hidden: &LabelMap, args: &LabelDisplayArgs) -> LabelMap {
    let wanted = |name: &String| {
        let included = args.include_label.is_empty() || args.include_label.contains(name);
        included && !args.exclude_label.contains(name) && !hidden.contains_key(name)
    };
    labels.iter().filter(|(n, _)| wanted(n)).map(|(n, v)| (n.clone(), v.clone())).collect()
}
