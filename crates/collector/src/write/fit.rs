//! What a Loki refuses for its size, made to fit the limits that a Loki has by default: nothing
//! that identifies a line is lost, and what is cut is told.
//!
//! It is done when a store has refused a push for such a reason, never before: limits may be
//! raised, and ours are others.

use airflow::column::LABELS;
use model::limits::{
    MAX_LABEL_NAME_LENGTH, MAX_LABEL_NAMES_PER_SERIES, MAX_LABEL_VALUE_LENGTH, MAX_LINE_SIZE,
    MAX_STRUCTURED_METADATA_ENTRIES_COUNT, MAX_STRUCTURED_METADATA_SIZE,
};
use model::{Entry, Labels, Stream};

use crate::stage::stray;

/// Labels that are kept before all others, as far as there are any: who looks for a line names
/// these. Those of Airflow come first, then these, then the others by their names.
const IMPORTANT: [&str; 7] =
    ["service_name", "cluster", "job", "instance", "pod", "stream", "detected_level"];
/// The metadata that tells how many pairs were left out of it.
const LEFT_OUT: &str = "barogram_left_out";
/// What Loki says when it refuses something for its size, in small letters.
const REASONS: [&str; 6] = [
    "label names; limit",
    "label name too long",
    "label value too long",
    "max entry size",
    "structured metadata too large",
    "structured metadata entries",
];

/// Whether a store refuses something for its size, to judge by its reason.
pub fn is_about_size(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    REASONS.iter().any(|words| reason.contains(words))
}

/// The same entries within Loki's limits. `None` when they are already.
pub fn fit(streams: &[Stream]) -> Option<Vec<Stream>> {
    let fitted: Vec<Stream> = streams.iter().map(fit_stream).collect();
    (fitted != streams).then_some(fitted)
}

fn fit_stream(stream: &Stream) -> Stream {
    let (labels, moved) = divide(&stream.labels);
    let entries = stream.entries.iter().map(|entry| Entry {
        timestamp: entry.timestamp,
        line: line(&entry.line),
        metadata: metadata(&moved, &entry.metadata),
    });
    Stream { entries: entries.collect(), labels }
}

/// The labels that stay, and those that become metadata, each in the order of importance.
fn divide(labels: &Labels) -> (Labels, Vec<(&str, &str)>) {
    let is_short = |(name, value): &(&str, &str)| {
        name.len() <= MAX_LABEL_NAME_LENGTH && value.len() <= MAX_LABEL_VALUE_LENGTH
    };
    let (mut stay, mut moved): (Vec<_>, Vec<_>) = labels.iter().partition(is_short);
    // Those of the same importance stay in the order of their names.
    stay.sort_by_key(|(name, _)| importance(name));
    moved.splice(0..0, stay.split_off(stay.len().min(MAX_LABEL_NAMES_PER_SERIES)));
    (if moved.is_empty() { labels.clone() } else { Labels::new(stay) }, moved)
}

fn importance(name: &str) -> usize {
    let mut known = LABELS.iter().chain(&IMPORTANT);
    known.position(|known| *known == name).unwrap_or(usize::MAX)
}

fn line(line: &str) -> String {
    let is_long = line.len() > MAX_LINE_SIZE;
    if is_long {
        stray(line.as_bytes(), 0, 0, model::Timestamp(0), MAX_LINE_SIZE).text
    } else {
        line.to_owned()
    }
}

/// What was a label comes first; of the rest, in the order of names, what has room.
fn metadata(moved: &[(&str, &str)], own: &Labels) -> Labels {
    let is_own = |(name, _): &(&str, &str)| own.get(name).is_none();
    let all = || moved.iter().copied().filter(is_own).chain(own.iter());
    let size = |(name, value): (&str, &str)| name.len() + value.len();
    let has_room = |pairs: usize, bytes: usize| {
        pairs <= MAX_STRUCTURED_METADATA_ENTRIES_COUNT && bytes <= MAX_STRUCTURED_METADATA_SIZE
    };
    if has_room(all().count(), all().map(size).sum()) {
        return if moved.is_empty() { own.clone() } else { Labels::new(all()) };
    }
    let mut left_out = 0_usize;
    // The longest number of pairs that may be left out.
    let (mut pairs, mut bytes) = (1, LEFT_OUT.len() + usize::MAX.to_string().len());
    let kept = all().filter(|pair| {
        let is_kept = has_room(pairs + 1, bytes + size(*pair));
        if is_kept {
            (pairs, bytes) = (pairs + 1, bytes + size(*pair));
        } else {
            left_out += 1;
        }
        is_kept
    });
    let kept: Vec<(&str, &str)> = kept.collect();
    Labels::new(kept).with(LEFT_OUT, &left_out.to_string())
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    /// How many labels, pairs of metadata and bytes of the line there are before and after.
    #[track_caller]
    fn check(labels: usize, metadata: (usize, usize), line: usize, expect: (usize, usize, usize)) {
        let mut entry = Entry::new(Timestamp(0), "x".repeat(line));
        let value = "v".repeat(metadata.1);
        let pairs = (0..metadata.0).map(|no| (format!("m{no:03}"), value.as_str()));
        entry.metadata = Labels::new(pairs);
        let labels = Labels::new((0..labels).map(|no| (format!("l{no:02}"), "v")));
        let stream = Stream { labels, entries: vec![entry] };
        let fitted = fit(std::slice::from_ref(&stream));
        let is_changed = fitted.is_some();
        let fitted = fitted.map_or(stream.clone(), |mut fitted| fitted.remove(0));
        let entry = &fitted.entries[0];
        let found = (fitted.labels.len(), entry.metadata.len(), entry.line.len());
        assert_eq!(found, expect);
        assert_eq!(is_changed, fitted != stream);
        let bytes: usize = entry.metadata.iter().map(|(n, v)| n.len() + v.len()).sum();
        assert!(bytes <= MAX_STRUCTURED_METADATA_SIZE, "{bytes}");
        assert!(fit(std::slice::from_ref(&fitted)).is_none(), "it fits, so that it stays as it is");
    }

    #[test]
    fn what_is_beyond_a_limit_is_moved_cut_or_left_out() {
        check(15, (128, 10), MAX_LINE_SIZE, (15, 128, MAX_LINE_SIZE));
        check(17, (1, 1), 1, (15, 3, 1));
        check(16, (128, 1), 1, (15, 128, 1));
        check(1, (129, 1), 1, (1, 128, 1));
        check(1, (20, 4096), 1, (1, 16, 1));
        check(1, (0, 0), MAX_LINE_SIZE + 1, (1, 0, MAX_LINE_SIZE));
    }

    #[test]
    fn what_matters_stays_a_label() {
        let mut pairs: Vec<(String, String)> =
            (0..15).map(|no| (format!("a{no:02}"), "v".to_owned())).collect();
        for name in ["task_id", "pod", "zone"] {
            pairs.push((name.to_owned(), "v".to_owned()));
        }
        pairs.push(("long".to_owned(), "v".repeat(MAX_LABEL_VALUE_LENGTH + 1)));
        let entries = vec![Entry::new(Timestamp(0), "x")];
        let fitted = fit(&[Stream { labels: Labels::new(pairs), entries }]).unwrap().remove(0);
        let names = |labels: &Labels| -> Vec<String> {
            labels.iter().map(|(name, _)| name.to_owned()).collect()
        };
        let labels = names(&fitted.labels);
        assert!(labels.contains(&"task_id".to_owned()) && labels.contains(&"pod".to_owned()));
        assert_eq!(names(&fitted.entries[0].metadata), ["a13", "a14", "long", "zone"]);
    }

    #[test]
    fn reasons() {
        for reason in [
            "entry for stream '{a=\"b\"}' has 16 label names; limit 15",
            "Max entry size '262144' bytes exceeded for stream '{}' while adding an entry",
            "stream '{}' has structured metadata too large: '70000' bytes, limit: '65536' bytes",
            "stream '{}' has label value too long: 'v'",
        ] {
            assert!(is_about_size(reason), "{reason}");
        }
        assert!(!is_about_size("entry too far behind"));
    }
}
