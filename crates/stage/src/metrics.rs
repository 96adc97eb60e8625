//! `stage.metrics`: counters, gauges and histograms of extracted values, with the labels of the
//! entries. They are kept here as plain data for whoever exposes them.

use std::collections::HashMap;
use std::time::Duration;

use alloy::Diagnostic;
use alloy::decode::Arguments;
use model::{Labels, Timestamp};

use crate::decode::required_choice;
use crate::entry::Entry;
use crate::error::Error;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// What the names of metrics begin with, if nothing else is said.
pub const DEFAULT_PREFIX: &str = "loki_process_custom_";

/// The most label sets that one metric tells apart; entries with others are not counted. Alloy has
/// no bound, and warns of it in its manual.
const SERIES_MAX: usize = 100_000;

/// The settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The metrics.
    pub metrics: Vec<Metric>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its sort, and what belongs to that.
    pub kind: Kind,
    /// The name behind the prefix.
    pub name: String,
    /// What it is, for readers.
    pub description: String,
    /// The extracted value that it is about; empty: the one of its name.
    pub source: String,
    /// What the name begins with; empty: [`DEFAULT_PREFIX`].
    pub prefix: String,
    /// Only entries whose value is this count; empty: all that have the value.
    pub value: String,
    /// A label set that no entry had for so long is forgotten.
    pub max_idle_duration: Duration,
}

/// The sorts of metrics.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Goes up.
    Counter {
        /// What an entry does.
        action: CounterAction,
        /// Whether entries without the value count, too.
        match_all: bool,
        /// Whether the bytes of lines are counted.
        count_entry_bytes: bool,
    },
    /// Goes up and down.
    Gauge {
        /// What an entry does.
        action: GaugeAction,
    },
    /// Counts values by their size.
    Histogram {
        /// The upper bounds of the buckets.
        buckets: Vec<f64>,
    },
}

/// What an entry does to a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterAction {
    /// Adds 1.
    Inc,
    /// Adds the value.
    Add,
}

/// What an entry does to a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaugeAction {
    /// Adds 1.
    Inc,
    /// Takes 1 away.
    Dec,
    /// Sets it to the value.
    Set,
    /// Adds the value.
    Add,
    /// Takes the value away.
    Sub,
}

/// A metric as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The whole name.
    pub name: String,
    /// What it is.
    pub help: String,
    /// Label sets, sorted, and what was measured.
    pub series: Vec<(Labels, Measure)>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// A counter.
    Counter(f64),
    /// A gauge.
    Gauge(f64),
    /// A histogram.
    Histogram {
        /// Upper bounds and how many values were at most that.
        buckets: Vec<(f64, u64)>,
        /// The sum of all values.
        sum: f64,
        /// How many values there were.
        count: u64,
    },
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let metrics = args.blocks(&["metric.*"]).into_iter().filter_map(|block| {
            let mut args = args.nested(block);
            let kind = Kind::decode(&block.name.text, &mut args)?;
            let metric = Metric::decode(kind, &mut args);
            let _ = args.finish();
            Some(metric)
        });
        Self { metrics: metrics.collect() }
    }
}

impl Kind {
    fn decode(name: &str, args: &mut Arguments<'_, '_>) -> Option<Self> {
        let counter = [("inc", CounterAction::Inc), ("add", CounterAction::Add)];
        let gauge = [
            ("inc", GaugeAction::Inc),
            ("dec", GaugeAction::Dec),
            ("set", GaugeAction::Set),
            ("add", GaugeAction::Add),
            ("sub", GaugeAction::Sub),
        ];
        Some(match name {
            "metric.counter" => Self::Counter {
                action: required_choice(args, "action", &counter, CounterAction::Inc),
                match_all: args.optional("match_all", false),
                count_entry_bytes: args.optional("count_entry_bytes", false),
            },
            "metric.gauge" => {
                Self::Gauge { action: required_choice(args, "action", &gauge, GaugeAction::Set) }
            }
            "metric.histogram" => Self::Histogram { buckets: args.required("buckets") },
            _ => {
                let hint = "there are metric.counter, metric.gauge and metric.histogram";
                let problem = Diagnostic::error(args.head(), format!("there is no {name}"));
                args.push(problem.hint(hint));
                return None;
            }
        })
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Metrics(Vec<Kept>);

#[derive(Debug)]
struct Kept {
    metric: Metric,
    series: HashMap<Labels, (Measure, Timestamp)>,
    /// Labels without those that begin with `__`, which no metric may have.
    memo: Memo,
}

impl Metric {
    /// A metric with nothing but a name.
    #[must_use]
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            description: String::new(),
            source: String::new(),
            prefix: DEFAULT_PREFIX.to_owned(),
            value: String::new(),
            max_idle_duration: Duration::from_secs(5 * 60),
        }
    }

    /// The extracted value that it is about.
    #[must_use]
    pub fn read_from(&self) -> &str {
        if self.source.is_empty() { &self.name } else { &self.source }
    }

    fn decode(kind: Kind, args: &mut Arguments<'_, '_>) -> Self {
        let default = Self::new(kind, args.required::<String>("name"));
        Self {
            description: args.optional("description", String::new()),
            source: args.optional("source", String::new()),
            prefix: args.optional("prefix", DEFAULT_PREFIX.to_owned()),
            value: args.optional("value", String::new()),
            max_idle_duration: args
                .given::<Duration>("max_idle_duration")
                .unwrap_or(default.max_idle_duration),
            ..default
        }
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |argument, message: &str| Err(Error::new(argument, message));
        if self.name.is_empty() {
            return wrong("name", "a metric needs a name");
        }
        if self.max_idle_duration < Duration::from_secs(1) {
            return wrong("max_idle_duration", "must be at least 1s");
        }
        match &self.kind {
            Kind::Counter { match_all: true, .. } if !self.value.is_empty() => {
                wrong("match_all", "cannot be true together with value")
            }
            Kind::Counter { count_entry_bytes: true, match_all, action }
                if !match_all || *action != CounterAction::Add =>
            {
                wrong("count_entry_bytes", "needs match_all = true and action = \"add\"")
            }
            Kind::Histogram { buckets } if buckets.is_empty() => {
                wrong("buckets", "at least one is needed")
            }
            Kind::Histogram { buckets } if !buckets.is_sorted_by(|a, b| a < b) => {
                wrong("buckets", "must grow from one to the next")
            }
            _ => Ok(()),
        }
    }

    fn zero(&self) -> Measure {
        match &self.kind {
            Kind::Counter { .. } => Measure::Counter(0.0),
            Kind::Gauge { .. } => Measure::Gauge(0.0),
            Kind::Histogram { buckets } => {
                let buckets = buckets.iter().map(|bound| (*bound, 0)).collect();
                Measure::Histogram { buckets, sum: 0.0, count: 0 }
            }
        }
    }
}

impl Metrics {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        config.metrics.iter().try_for_each(Metric::check)?;
        let keep = |metric: &Metric| Kept {
            metric: metric.clone(),
            series: HashMap::new(),
            memo: Memo::default(),
        };
        Ok(Self(config.metrics.iter().map(keep).collect()))
    }
}

impl Process for Metrics {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        self.0.iter_mut().for_each(|kept| kept.take(entry, context.now));
        Flow::Next
    }

    fn families(&mut self, now: Timestamp, out: &mut Vec<Family>) {
        out.extend(self.0.iter_mut().map(|kept| kept.family(now)));
    }
}

impl Kept {
    fn take(&mut self, entry: &Entry, now: Timestamp) {
        let Some(value) = self.metric.value_of(entry) else { return };
        let labels = self.memo.map(&entry.labels, |labels| labels.filter(|n| !n.starts_with("__")));
        if !self.series.contains_key(&labels) {
            if self.series.len() >= SERIES_MAX {
                return;
            }
            self.series.insert(labels.clone(), (self.metric.zero(), now));
        }
        if let Some((measure, at)) = self.series.get_mut(&labels) {
            measure.take(&self.metric.kind, value);
            *at = now;
        }
    }

    fn family(&mut self, now: Timestamp) -> Family {
        let idle = self.metric.max_idle_duration;
        self.series.retain(|_, (_, at)| now.since(*at) < idle);
        let series = self.series.iter().map(|(labels, (measure, _))| (labels, measure));
        let mut series: Vec<_> = series.map(|(a, b)| (a.clone(), b.clone())).collect();
        series.sort_by(|(a, _), (b, _)| a.cmp(b));
        let prefix = match self.metric.prefix.as_str() {
            "" => DEFAULT_PREFIX,
            prefix => prefix,
        };
        let name = format!("{prefix}{}", self.metric.name);
        Family { name, help: self.metric.description.clone(), series }
    }
}

impl Metric {
    /// What an entry counts for; `None` when it does not count.
    fn value_of(&self, entry: &Entry) -> Option<f64> {
        let (uses_value, is_counter) = match &self.kind {
            Kind::Counter { match_all: true, count_entry_bytes: true, .. } => {
                return Some(entry.line.len() as f64);
            }
            Kind::Counter { match_all: true, action, .. } => {
                return (*action == CounterAction::Inc).then_some(1.0);
            }
            Kind::Counter { action, .. } => (*action == CounterAction::Add, true),
            Kind::Gauge { action } => {
                (!matches!(action, GaugeAction::Inc | GaugeAction::Dec), false)
            }
            Kind::Histogram { .. } => (true, false),
        };
        let source = self.read_from();
        if !entry.extracted.contains(source) {
            return None;
        }
        if !self.value.is_empty() && entry.extracted.text(source)? != self.value {
            return None;
        }
        if !uses_value {
            return Some(1.0);
        }
        // A counter does not go down.
        entry.extracted.number(source).filter(|value| !is_counter || *value >= 0.0)
    }
}

impl Measure {
    fn take(&mut self, kind: &Kind, value: f64) {
        match (self, kind) {
            (Self::Counter(total), _) => *total += value,
            (Self::Gauge(level), Kind::Gauge { action }) => match action {
                GaugeAction::Inc | GaugeAction::Add => *level += value,
                GaugeAction::Dec | GaugeAction::Sub => *level -= value,
                GaugeAction::Set => *level = value,
            },
            (Self::Histogram { buckets, sum, count }, _) => {
                let fitting = buckets.iter_mut().filter(|(bound, _)| value <= *bound);
                fitting.for_each(|(_, count)| *count += 1);
                *sum += value;
                *count += 1;
            }
            (Self::Gauge(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests;
