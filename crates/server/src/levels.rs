//! The level of each entry, found once and kept in its metadata.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loki::detect_level::{DETECTED_LEVEL, LevelDetector};
use model::{Labels, Stream};

/// Texts of metadata that are remembered, in bytes; beyond, all are forgotten.
const TEXT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Detects levels. A stream that is pushed to again and again mostly shares its metadata with the
/// pushes before; then it shares it with the level, too.
#[derive(Debug)]
pub(crate) struct Levels {
    pub(crate) detector: LevelDetector,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By where the labels and the metadata are, which stay there while they are remembered.
    told: HashMap<(usize, usize), Arc<Told>>,
    text_bytes: usize,
}

/// What the labels and the metadata of entries tell.
#[derive(Debug)]
struct Told {
    labels: Labels,
    without: Labels,
    /// The level, if it is told beside the line.
    level: Option<&'static str>,
    /// The metadata with each level that its lines had so far: a handful.
    with: Mutex<Vec<(&'static str, Labels)>>,
}

impl Levels {
    pub(crate) fn new(detector: LevelDetector) -> Self {
        Self { detector, known: Mutex::default() }
    }

    /// Adds its level to the metadata of each entry.
    pub(crate) fn add(&self, stream: &mut Stream) {
        let mut last: Option<Arc<Told>> = None;
        for entry in &mut stream.entries {
            let without = std::mem::take(&mut entry.metadata);
            let told = match last.take() {
                Some(last) if last.without.is_shared_with(&without) => last,
                // Only the first of a stream is looked for: where each has metadata of its own,
                // nothing would be found.
                Some(_) => Arc::new(Told::new(&self.detector, &stream.labels, without)),
                None => self.find(&stream.labels, without),
            };
            let level = told.level.unwrap_or_else(|| self.detector.of_line(&entry.line));
            entry.metadata = told.with(level);
            last = Some(told);
        }
    }

    fn find(&self, labels: &Labels, without: Labels) -> Arc<Told> {
        let key = (labels.address(), without.address());
        if let Some(told) = self.lock().told.get(&key)
            && told.labels.is_shared_with(labels)
            && told.without.is_shared_with(&without)
        {
            return Arc::clone(told);
        }
        let told = Arc::new(Told::new(&self.detector, labels, without));
        self.lock().insert(key, Arc::clone(&told));
        told
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn insert(&mut self, key: (usize, usize), told: Arc<Told>) {
        let text_bytes = told.text_bytes();
        if self.text_bytes + text_bytes > TEXT_BYTES_MAX {
            *self = Self::default();
        }
        if text_bytes <= TEXT_BYTES_MAX && self.told.insert(key, told).is_none() {
            self.text_bytes += text_bytes;
        }
    }
}

impl Told {
    fn new(detector: &LevelDetector, labels: &Labels, without: Labels) -> Self {
        let level = detector.told(labels, &without);
        Self { labels: labels.clone(), without, level, with: Mutex::default() }
    }

    /// The metadata with a level.
    fn with(&self, level: &'static str) -> Labels {
        let mut with = self.with.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = with.iter().find(|(of, _)| *of == level) {
            return known.clone();
        }
        let labels = self.without.with(DETECTED_LEVEL, level);
        with.push((level, labels.clone()));
        labels
    }

    /// Never nothing, so that nothing is remembered for ever.
    fn text_bytes(&self) -> usize {
        DETECTED_LEVEL.len() + self.labels.text_bytes() + self.without.text_bytes()
    }
}

#[cfg(test)]
mod tests {
    use model::{Entry, Timestamp};

    use super::*;

    /// Adds the levels to entries of a stream with this metadata; returns what they have then.
    fn leveled(levels: &Levels, of: &Labels, entries: &[(&str, &Labels)]) -> Vec<Labels> {
        let entry = |(line, metadata): &(&str, &Labels)| {
            let metadata = Labels::clone(metadata);
            Entry { metadata, ..Entry::new(Timestamp(1), *line) }
        };
        let entries = entries.iter().map(entry).collect();
        let mut stream = Stream { labels: of.clone(), entries };
        levels.add(&mut stream);
        stream.entries.into_iter().map(|entry| entry.metadata).collect()
    }

    fn app() -> Labels {
        Labels::new([("app", "a")])
    }

    #[track_caller]
    fn check(entries: &[(&str, &Labels)], expect: &[&str]) {
        let (levels, of) = (Levels::new(LevelDetector::default()), app());
        for _ in 0..2 {
            let shown: Vec<_> =
                leveled(&levels, &of, entries).iter().map(Labels::to_string).collect();
            assert_eq!(shown, expect);
        }
    }

    #[test]
    fn each_entry_has_its_own_level() {
        let (a, b) = (Labels::new([("k", "a")]), Labels::new([("k", "b")]));
        let (error_a, info_a) =
            (r#"{detected_level="error", k="a"}"#, r#"{detected_level="info", k="a"}"#);
        check(&[("ERROR x", &a), ("INFO x", &a), ("ERROR y", &a)], &[error_a, info_a, error_a]);
        let info_b = r#"{detected_level="info", k="b"}"#;
        check(&[("INFO x", &a), ("INFO x", &b), ("INFO x", &a)], &[info_a, info_b, info_a]);
        check(&[("INFO x", &Labels::default())], &[r#"{detected_level="info"}"#]);
    }

    #[test]
    fn metadata_that_comes_again_is_shared_with_its_level() {
        let (levels, of) = (Levels::new(LevelDetector::default()), app());
        let a = Labels::new([("k", "a")]);
        let first = leveled(&levels, &of, &[("INFO x", &a)]);
        assert!(first[0].is_shared_with(&leveled(&levels, &of, &[("INFO y", &a)])[0]));
        // Equal metadata elsewhere is none that came before.
        let elsewhere = Labels::new([("k", "a")]);
        let other = leveled(&levels, &of, &[("INFO y", &elsewhere)]);
        assert!(first == other && !first[0].is_shared_with(&other[0]));
    }

    #[test]
    fn streams_with_equal_metadata_have_levels_of_their_own() {
        let (levels, a) = (Levels::new(LevelDetector::default()), Labels::new([("k", "a")]));
        for level in ["error", "info", "error"] {
            let of = Labels::new([("level", level)]);
            let found = leveled(&levels, &of, &[("x", &a)]);
            assert_eq!(found[0].get(DETECTED_LEVEL), Some(level));
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let levels = Levels::new(LevelDetector::default());
        for n in 0..12 {
            let metadata = Labels::new([(format!("k{n}"), "x".repeat(1024 * 1024))]);
            leveled(&levels, &app(), &[("INFO x", &metadata)]);
        }
        let known = levels.lock();
        assert!(known.text_bytes <= TEXT_BYTES_MAX && (1..8).contains(&known.told.len()));
    }
}
