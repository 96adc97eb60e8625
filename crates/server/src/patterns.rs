//! The patterns of lines and how many lines each had over time: templates are mined while the lines
//! pass by, so that nothing has to be prepared when lines come in.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use drain::{Config, Miner, TemplateId};
use loki::patterns::{PatternSeries, PatternsQuery};
use model::Timestamp;

/// Patterns of an answer, the most frequent ones: a person looks at a few dozen.
const PATTERNS_MAX: usize = 300;
/// A pattern that says nothing.
const ANYTHING: &str = "<_>";

/// Mines and counts.
#[derive(Debug)]
pub(crate) struct Patterns {
    start: i64,
    step: i64,
    /// Lines of different levels are not alike, whatever they say.
    levels: BTreeMap<&'static str, Level>,
}

#[derive(Debug)]
struct Level {
    miner: Miner,
    counts: HashMap<TemplateId, BTreeMap<i64, u64>>,
}

impl Patterns {
    pub(crate) fn new(query: &PatternsQuery) -> Self {
        let step = i64::try_from(query.step.as_nanos()).unwrap_or(i64::MAX);
        Self { start: query.bounds.start.as_nanos(), step, levels: BTreeMap::new() }
    }

    /// Takes in a line.
    pub(crate) fn add(&mut self, level: &'static str, time: Timestamp, line: &str) {
        let level = self.levels.entry(level).or_insert_with(|| Level {
            miner: Miner::new(Config::default()),
            counts: HashMap::new(),
        });
        let Some(template) = level.miner.learn(line) else { return };
        let number = (time.as_nanos() - self.start) / self.step;
        *level.counts.entry(template).or_default().entry(number).or_default() += 1;
    }

    /// The patterns, the most frequent first.
    pub(crate) fn finish(self) -> Vec<PatternSeries> {
        let Self { start, step, levels } = self;
        let time = |number: i64| (start + number * step).div_euclid(1_000_000_000);
        let mut series: Vec<(u64, PatternSeries)> = Vec::new();
        for (name, level) in levels {
            for (pattern, counts) in level.by_pattern() {
                let samples = counts.iter().map(|(number, count)| (time(*number), *count));
                let level = name.to_owned();
                let pattern = PatternSeries { pattern, level, samples: samples.collect() };
                series.push((counts.values().sum(), pattern));
            }
        }
        series.sort_by_key(|(count, series)| (Reverse(*count), series.pattern.clone()));
        series.into_iter().take(PATTERNS_MAX).map(|(_, series)| series).collect()
    }
}

impl Level {
    /// The counts by what the templates print. Two may print the same; one that had to make room
    /// for others has no text any more, and was rare.
    fn by_pattern(self) -> BTreeMap<String, BTreeMap<i64, u64>> {
        let mut by_pattern: BTreeMap<String, BTreeMap<i64, u64>> = BTreeMap::new();
        for (template, counts) in self.counts {
            let pattern = self.miner.template(template).map(ToString::to_string);
            let Some(pattern) = pattern.filter(|pattern| pattern != ANYTHING) else { continue };
            let sums = by_pattern.entry(pattern).or_default();
            for (number, count) in counts {
                *sums.entry(number).or_default() += count;
            }
        }
        by_pattern
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use loki::time::Bounds;

    use super::*;

    /// Lines with their level and second; patterns as `level pattern second:count …`.
    #[track_caller]
    fn check(lines: &[(&'static str, i64, &str)], expect: &[&str]) {
        let bounds = Bounds { start: Timestamp::from_secs(100), end: Timestamp::from_secs(200) };
        let query = PatternsQuery { query: String::new(), bounds, step: Duration::from_secs(10) };
        let mut patterns = Patterns::new(&query);
        for (level, second, line) in lines {
            patterns.add(level, Timestamp::from_secs(*second), line);
        }
        let shown = patterns.finish().into_iter().map(|series| {
            let samples = series.samples.iter().map(|(time, count)| format!(" {time}:{count}"));
            format!("{} {}{}", series.level, series.pattern, samples.collect::<String>())
        });
        assert_eq!(shown.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn lines_are_counted_by_pattern_level_and_time() {
        check(&[], &[]);
        check(
            &[
                ("info", 100, "loaded 7 rows"),
                ("info", 109, "loaded 9 rows"),
                ("error", 110, "loaded 9 rows"),
                ("info", 120, "loaded 12 rows"),
            ],
            &["info loaded <_> rows 100:2 120:1", "error loaded <_> rows 110:1"],
        );
        check(&[("info", 100, "17"), ("info", 100, "")], &[]);
    }
}
