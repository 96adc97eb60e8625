//! `stage.limit`: at most so many entries a second, with a bucket of tokens.
//!
//! Entries beyond are dropped, or whoever feeds the pipeline is told to wait.

use std::collections::HashMap;
use std::time::Duration;

use alloy::decode::Arguments;
use model::{Labels, Timestamp};

use crate::counts::{DROPPED_LINES, DROPPED_LINES_BY_LABEL, reason};
use crate::entry::Entry;
use crate::error::Error;
use crate::process::{Context, Flow, Process};

/// Alloy keeps at least so many buckets, whatever is asked for.
const DISTINCT_LABELS_MIN: usize = 10_000;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Entries a second.
    pub rate: f64,
    /// How many may come at once.
    pub burst: u64,
    /// The label whose values have a bucket each; empty: one bucket for all.
    pub by_label_name: String,
    /// Whether to drop what is too much, instead of making it wait.
    pub drop: bool,
    /// How many values of the label are told apart.
    pub max_distinct_labels: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rate: 0.0,
            burst: 0,
            by_label_name: String::new(),
            drop: false,
            max_distinct_labels: DISTINCT_LABELS_MIN,
        }
    }
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let default = Self::default();
        Self {
            rate: args.required("rate"),
            burst: args.required("burst"),
            by_label_name: args.optional("by_label_name", String::new()),
            drop: args.optional("drop", false),
            max_distinct_labels: args.optional("max_distinct_labels", default.max_distinct_labels),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Limit {
    rate: f64,
    burst: f64,
    by_label: Option<String>,
    drops: bool,
    all: Bucket,
    /// Buckets by value, those that were used lately and those of before.
    young: HashMap<String, Bucket>,
    old: HashMap<String, Bucket>,
    buckets_max: usize,
    reason: Labels,
}

/// Tokens; fewer than none are a debt that the caller waits for.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Limit {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.rate.is_nan() || config.rate <= 0.0 {
            return Err(Error::new("rate", "must be greater than 0"));
        }
        if config.burst == 0 {
            return Err(Error::new("burst", "must be greater than 0"));
        }
        if !config.by_label_name.is_empty() && !config.drop {
            return Err(Error::new("drop", "must be true together with by_label_name"));
        }
        let by_label = Some(&config.by_label_name).filter(|name| !name.is_empty()).cloned();
        let burst = config.burst as f64;
        Ok(Self {
            rate: config.rate,
            burst,
            by_label,
            drops: config.drop,
            all: Bucket { tokens: burst, at: Timestamp::MIN },
            young: HashMap::new(),
            old: HashMap::new(),
            buckets_max: config.max_distinct_labels.max(DISTINCT_LABELS_MIN),
            reason: reason("ratelimit_drop_stage"),
        })
    }
}

impl Process for Limit {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        if let Some(name) = self.by_label.clone() {
            return self.by_label(&name, entry, context);
        }
        self.all.refill(context.now, self.rate, self.burst);
        if !self.drops {
            self.all.tokens -= 1.0;
            let wait = (-self.all.tokens / self.rate).max(0.0);
            let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX);
            *context.pause = wait.max(*context.pause);
            return Flow::Next;
        }
        if self.all.take() {
            return Flow::Next;
        }
        context.counts.add(DROPPED_LINES, &self.reason, 1);
        Flow::Drop
    }
}

impl Limit {
    /// Entries without the label pass.
    fn by_label(&mut self, name: &str, entry: &Entry, context: &mut Context<'_>) -> Flow {
        let Some(value) = entry.labels.get(name) else { return Flow::Next };
        let (rate, burst) = (self.rate, self.burst);
        let bucket = self.bucket(value, context.now);
        bucket.refill(context.now, rate, burst);
        if bucket.take() {
            return Flow::Next;
        }
        context.counts.add(DROPPED_LINES, &self.reason, 1);
        let labels = Labels::new([("label_name", name), ("label_value", value)]);
        context.counts.add(DROPPED_LINES_BY_LABEL, &labels, 1);
        Flow::Drop
    }

    /// The bucket of a value. When there are too many, those that were not used since the last time
    /// are forgotten.
    fn bucket(&mut self, value: &str, now: Timestamp) -> &mut Bucket {
        if !self.young.contains_key(value) {
            if self.young.len() >= self.buckets_max {
                self.old = std::mem::take(&mut self.young);
            }
            let fresh = Bucket { tokens: self.burst, at: now };
            let bucket = self.old.remove(value).unwrap_or(fresh);
            self.young.insert(value.to_owned(), bucket);
        }
        self.young.get_mut(value).expect("there is one, because it was put in above if not before")
    }
}

impl Bucket {
    fn refill(&mut self, now: Timestamp, rate: f64, burst: f64) {
        let seconds = now.since(self.at).as_secs_f64();
        self.tokens = (self.tokens + seconds * rate).min(burst);
        self.at = self.at.max(now);
    }

    fn take(&mut self) -> bool {
        let is_there = self.tokens >= 1.0;
        if is_there {
            self.tokens -= 1.0;
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::pipeline::Pipeline;
    use crate::testing::check_error;

    fn config(drop: bool, by_label_name: &str) -> Config {
        let by_label_name = by_label_name.to_owned();
        Config { rate: 10.0, burst: 2, drop, by_label_name, ..Config::default() }
    }

    /// Entries at these milliseconds: which pass, and how long to wait after each.
    #[track_caller]
    fn check(config: Config, entries: &[(i64, &str)], expect: &[(bool, u64)]) {
        let mut pipeline = Pipeline::new(&[StageConfig::Limit(config)], 0).unwrap();
        let results = entries.iter().map(|(millis, label)| {
            let mut out = Vec::new();
            let labels = Labels::new([("namespace", *label)]);
            let now = Timestamp::from_millis(*millis);
            pipeline.process(Entry::new(labels, now, "x"), now, &mut out);
            let pause = pipeline.take_pause().unwrap_or_default();
            (!out.is_empty(), u64::try_from(pause.as_millis()).unwrap())
        });
        assert_eq!(results.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn too_much_is_dropped() {
        let entries = [(0, ""), (0, ""), (0, ""), (50, ""), (100, ""), (100, "")];
        let passes = [true, true, false, false, true, false].map(|passes| (passes, 0));
        check(config(true, ""), &entries, &passes);
    }

    #[test]
    fn too_much_has_to_wait() {
        let entries = [(0, ""), (0, ""), (0, ""), (0, ""), (300, "")];
        let waits = [0, 0, 100, 200, 0].map(|wait| (true, wait));
        check(config(false, ""), &entries, &waits);
    }

    #[test]
    fn each_value_has_a_bucket() {
        let entries = [(0, "a"), (0, "a"), (0, "a"), (0, "b"), (0, ""), (0, ""), (0, "")];
        let passes = [true, true, false, true, true, true, true].map(|passes| (passes, 0));
        check(config(true, "namespace"), &entries, &passes);
    }

    #[test]
    fn settings_that_make_no_sense() {
        let check = |config, expect| check_error(StageConfig::Limit(config), expect);
        check(Config::default(), "stage.limit: rate: must be greater than 0");
        check(
            Config { burst: 0, ..config(true, "") },
            "stage.limit: burst: must be greater than 0",
        );
        check(
            config(false, "namespace"),
            "stage.limit: drop: must be true together with by_label_name",
        );
    }
}
