//! The level of each entry, found once and kept in its metadata.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    leveled: HashMap<(usize, &'static str), Leveled>,
    text_bytes: usize,
}

/// Metadata without and with a level.
#[derive(Debug, Clone)]
struct Leveled {
    level: &'static str,
    without: Labels,
    with: Labels,
}

impl Levels {
    pub(crate) fn new(detector: LevelDetector) -> Self {
        Self { detector, known: Mutex::default() }
    }

    /// Adds its level to the metadata of each entry.
    pub(crate) fn add(&self, stream: &mut Stream) {
        let mut last: Option<Leveled> = None;
        let mut told: Option<(Labels, Option<&'static str>)> = None;
        for entry in &mut stream.entries {
            // What is told beside the line is the same for neighbours that share their metadata.
            let known = told.take().filter(|(of, _)| of.is_shared_with(&entry.metadata));
            let (_, level) = told.insert(known.unwrap_or_else(|| {
                (entry.metadata.clone(), self.detector.told(&stream.labels, &entry.metadata))
            }));
            let level = level.unwrap_or_else(|| self.detector.of_line(&entry.line));
            let without = std::mem::take(&mut entry.metadata);
            let leveled = match last.take() {
                Some(last) if last.is_of(level, &without) => last,
                Some(_) => Leveled::new(level, without),
                None => self.find(level, without),
            };
            entry.metadata = last.insert(leveled).with.clone();
        }
    }

    /// Only the first entry of a stream is looked for: where each has metadata of its own, nothing
    /// would be found.
    fn find(&self, level: &'static str, without: Labels) -> Leveled {
        let key = (without.as_slice().as_ptr().addr(), level);
        if let Some(found) = self.lock().leveled.get(&key)
            && found.is_of(level, &without)
        {
            return found.clone();
        }
        let leveled = Leveled::new(level, without);
        self.lock().insert(key, leveled.clone());
        leveled
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn insert(&mut self, key: (usize, &'static str), leveled: Leveled) {
        let text_bytes = leveled.text_bytes();
        if self.text_bytes + text_bytes > TEXT_BYTES_MAX {
            *self = Self::default();
        }
        if text_bytes <= TEXT_BYTES_MAX && self.leveled.insert(key, leveled).is_none() {
            self.text_bytes += text_bytes;
        }
    }
}

impl Leveled {
    fn new(level: &'static str, without: Labels) -> Self {
        let with = without.with(DETECTED_LEVEL, level);
        Self { level, without, with }
    }

    fn is_of(&self, level: &str, without: &Labels) -> bool {
        self.level == level && self.without.is_shared_with(without)
    }

    /// Never nothing, so that nothing is remembered for ever.
    fn text_bytes(&self) -> usize {
        self.with.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use model::{Entry, Timestamp};

    use super::*;

    /// Adds the levels to entries with this metadata; returns what they have then.
    fn leveled(levels: &Levels, entries: &[(&str, &Labels)]) -> Vec<Labels> {
        let entry = |(line, metadata): &(&str, &Labels)| {
            let metadata = Labels::clone(metadata);
            Entry { metadata, ..Entry::new(Timestamp(1), *line) }
        };
        let entries = entries.iter().map(entry).collect();
        let mut stream = Stream { labels: Labels::new([("app", "a")]), entries };
        levels.add(&mut stream);
        stream.entries.into_iter().map(|entry| entry.metadata).collect()
    }

    #[track_caller]
    fn check(entries: &[(&str, &Labels)], expect: &[&str]) {
        let levels = Levels::new(LevelDetector::default());
        for _ in 0..2 {
            let shown: Vec<_> = leveled(&levels, entries).iter().map(Labels::to_string).collect();
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
        let (levels, a) = (Levels::new(LevelDetector::default()), Labels::new([("k", "a")]));
        let first = leveled(&levels, &[("INFO x", &a)]);
        assert!(first[0].is_shared_with(&leveled(&levels, &[("INFO y", &a)])[0]));
        // Equal metadata elsewhere is none that came before.
        let elsewhere = Labels::new([("k", "a")]);
        let other = leveled(&levels, &[("INFO y", &elsewhere)]);
        assert!(first == other && !first[0].is_shared_with(&other[0]));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let levels = Levels::new(LevelDetector::default());
        for n in 0..12 {
            let metadata = Labels::new([(format!("k{n}"), "x".repeat(1024 * 1024))]);
            leveled(&levels, &[("INFO x", &metadata)]);
        }
        let known = levels.lock();
        assert!(known.text_bytes <= TEXT_BYTES_MAX && (1..8).contains(&known.leveled.len()));
    }
}
