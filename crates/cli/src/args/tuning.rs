//! Settings of the store for tests and measurements: thresholds so small that a flush comes after a
//! few lines, or so large that none comes.

use std::str::FromStr;
use std::time::Duration;

use store::Config;

/// A number of the store's configuration: `--tune flush_rows=100`.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    set: Set,
    value: u64,
}

type Set = fn(&mut Config, u64);

/// What can be set, by the names of [`Config`]; times are in milliseconds.
const NAMES: &[(&str, Set)] = &[
    ("compact_bytes_max", |config, value| config.compact_bytes_max = value),
    ("compact_inputs_min", |config, value| {
        config.compact_inputs_min = usize::try_from(value).unwrap_or(usize::MAX);
    }),
    ("complete_age_milliseconds", |config, value| {
        config.complete_age = Duration::from_millis(value);
    }),
    ("flush_age_milliseconds", |config, value| config.flush_age = Duration::from_millis(value)),
    ("flush_bytes", |config, value| config.flush_bytes = value),
    ("flush_check_milliseconds", |config, value| config.flush_check = Duration::from_millis(value)),
    ("flush_rows", |config, value| config.flush_rows = value),
    ("head_bytes_max", |config, value| config.head_bytes_max = value),
    ("maintain_age_milliseconds", |config, value| {
        config.maintain_age = Duration::from_millis(value);
    }),
    ("refresh_age_milliseconds", |config, value| config.refresh_age = Duration::from_millis(value)),
    ("removed_age_milliseconds", |config, value| config.removed_age = Duration::from_millis(value)),
    ("wal_bytes_max", |config, value| config.wal_bytes_max = value),
    ("wal_segment_bytes", |config, value| config.wal_segment_bytes = value),
];

impl Tuning {
    /// Sets the number.
    pub fn apply(self, config: &mut Config) {
        (self.set)(config, self.value);
    }
}

impl FromStr for Tuning {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("this is not <name>=<number>")?;
        let found = NAMES.iter().find(|(known, _)| *known == name);
        let known = || NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let (_, set) = found.ok_or_else(|| format!("it is none of {}", known()))?;
        let value = value.parse().map_err(|_| format!("{value:?} is no whole number"))?;
        Ok(Self { set: *set, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], expect: &Config) {
        let mut config = Config::default();
        texts.iter().for_each(|text| text.parse::<Tuning>().unwrap().apply(&mut config));
        assert_eq!(config, *expect);
    }

    #[track_caller]
    fn check_refused(text: &str, expect: &str) {
        let error = text.parse::<Tuning>().unwrap_err();
        assert!(error.starts_with(expect), "{error}");
    }

    #[test]
    fn the_numbers_that_are_named_are_set() {
        let flush_age = Duration::from_millis(250);
        let config = Config { flush_rows: 9, flush_age, wal_bytes_max: 8, ..Config::default() };
        check(&["flush_rows=9", "flush_age_milliseconds=250", "wal_bytes_max=8"], &config);
        check_refused("flush_rows", "this is not <name>=<number>");
        check_refused("flush_rows=many", "\"many\" is no whole number");
        check_refused("rows=1", "it is none of compact_bytes_max, compact_inputs_min, ");
    }

    #[test]
    fn each_name_sets_a_number_of_its_own() {
        let mut config = Config::default();
        for (value, (_, set)) in (1..).zip(NAMES) {
            set(&mut config, value);
        }
        let times = [
            config.complete_age,
            config.flush_age,
            config.flush_check,
            config.maintain_age,
            config.refresh_age,
            config.removed_age,
        ];
        let numbers = [
            config.compact_bytes_max,
            config.compact_inputs_min as u64,
            config.flush_bytes,
            config.flush_rows,
            config.head_bytes_max,
            config.wal_bytes_max,
            config.wal_segment_bytes,
        ];
        assert_eq!(times.map(|time| time.as_millis()), [3, 4, 6, 9, 10, 11]);
        assert_eq!(numbers, [1, 2, 5, 7, 8, 12, 13]);
    }
}
