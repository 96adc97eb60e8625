//! From what a target told to samples, as Prometheus makes them: with the target's labels, with
//! the ends of series that it tells no more, and with what there is to tell of the scrape itself.

use std::collections::BTreeSet;
use std::time::Duration;

use model::Labels;

use crate::prometheus::sample::{Exposed, NAME, Sample};

/// How a target's own word is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Whether its labels win over those of discovery.
    pub honors_labels: bool,
    /// Whether its times count.
    pub honors_timestamps: bool,
}

/// How a scrape went.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// What the target told; nothing if it could not be had or read.
    pub told: Option<&'a [Exposed]>,
    /// When it was asked, in milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took.
    pub took: Duration,
}

/// The series that a target told when it was asked last.
#[derive(Debug, Clone, Default)]
pub struct Series {
    told: BTreeSet<Labels>,
}

impl Series {
    /// The samples of a scrape.
    pub fn samples(&mut self, of: &Labels, outcome: Outcome<'_>, manner: Manner) -> Vec<Sample> {
        let Outcome { told, at_ms, took } = outcome;
        let mut samples = Vec::with_capacity(told.map_or(0, <[_]>::len) + 5);
        let mut now = BTreeSet::new();
        for it in told.into_iter().flatten() {
            let labels = labelled(&it.labels, of, manner.honors_labels);
            let own = it.time_ms.filter(|_| manner.honors_timestamps);
            if own.is_none() {
                // Whoever tells times of its own knows when a series has ended.
                now.insert(labels.clone());
            }
            samples.push(Sample { labels, value: it.value, time_ms: own.unwrap_or(at_ms) });
        }
        let added = now.difference(&self.told).count();
        let ended = self.told.difference(&now).cloned();
        samples.extend(ended.map(|labels| Sample::stale(labels, at_ms)));
        self.told = now;
        let count = told.map_or(0, <[_]>::len) as f64;
        let about = [
            ("up", f64::from(u8::from(told.is_some()))),
            ("scrape_duration_seconds", took.as_secs_f64()),
            ("scrape_samples_scraped", count),
            ("scrape_samples_post_metric_relabeling", count),
            ("scrape_series_added", added as f64),
        ];
        samples.extend(about.map(|(name, value)| about_scrape(name, of, value, at_ms)));
        samples
    }

    /// The ends of all series, when the target is asked no more.
    pub fn end(&mut self, of: &Labels, at_ms: i64) -> Vec<Sample> {
        let told = std::mem::take(&mut self.told).into_iter();
        let mut samples: Vec<_> = told.map(|labels| Sample::stale(labels, at_ms)).collect();
        let names = [
            "up",
            "scrape_duration_seconds",
            "scrape_samples_scraped",
            "scrape_samples_post_metric_relabeling",
            "scrape_series_added",
        ];
        let stale = |name| Sample::stale(of.with(NAME, name), at_ms);
        samples.extend(names.map(stale));
        samples
    }
}

fn about_scrape(name: &str, of: &Labels, value: f64, time_ms: i64) -> Sample {
    Sample { labels: of.with(NAME, name), value, time_ms }
}

/// The labels of a series with those of its target. Where both have a name, the series' own is kept
/// under another, or wins.
fn labelled(own: &Labels, target: &Labels, honors_labels: bool) -> Labels {
    if honors_labels {
        return Labels::new(target.iter().chain(own.iter()));
    }
    let renamed = own.iter().map(|(before, value)| {
        let mut name = before.to_owned();
        let is_taken =
            |name: &str| target.get(name).is_some() || name != before && own.get(name).is_some();
        while is_taken(&name) {
            name.insert_str(0, "exported_");
        }
        (name, value)
    });
    let target = target.iter().map(|(name, value)| (name.to_owned(), value));
    Labels::new(renamed.chain(target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prometheus::text::parse;

    const HONORS_TIMES: Manner = Manner { honors_labels: false, honors_timestamps: true };

    /// Scrapes that follow one another a second apart, and what is sent of the last.
    #[track_caller]
    fn check(texts: &[Option<&str>], manner: Manner, expect: &[&str]) {
        let of = Labels::new([("job", "j"), ("instance", "i")]);
        let (mut series, mut last) = (Series::default(), Vec::new());
        for (at, text) in texts.iter().enumerate() {
            let told = text.map(|text| parse(text).unwrap());
            let at_ms = (at as i64 + 1) * 1000;
            let took = Duration::from_millis(250);
            let outcome = Outcome { told: told.as_deref(), at_ms, took };
            last = series.samples(&of, outcome, manner);
        }
        assert_eq!(shown(&last), expect, "for {texts:?}");
    }

    fn shown(samples: &[Sample]) -> Vec<String> {
        let one = |it: &Sample| {
            let labels = it.labels.to_string().replace(r#"instance="i", job="j""#, "…");
            let value = if it.is_stale() { "stale".to_owned() } else { it.value.to_string() };
            format!("{labels} {value} @{}", it.time_ms)
        };
        samples.iter().map(one).collect()
    }

    #[test]
    fn a_scrape_tells_of_itself() {
        check(
            &[Some("a 1\nb{x=\"y\"} 2 77\n")],
            HONORS_TIMES,
            &[
                r#"{__name__="a", …} 1 @1000"#,
                r#"{__name__="b", …, x="y"} 2 @77"#,
                r#"{__name__="up", …} 1 @1000"#,
                r#"{__name__="scrape_duration_seconds", …} 0.25 @1000"#,
                r#"{__name__="scrape_samples_scraped", …} 2 @1000"#,
                r#"{__name__="scrape_samples_post_metric_relabeling", …} 2 @1000"#,
                r#"{__name__="scrape_series_added", …} 1 @1000"#,
            ],
        );
    }

    #[test]
    fn series_that_are_told_no_more_end() {
        let expect = [
            r#"{__name__="a", …} stale @3000"#,
            r#"{__name__="b", …} stale @3000"#,
            r#"{__name__="up", …} 0 @3000"#,
            r#"{__name__="scrape_duration_seconds", …} 0.25 @3000"#,
            r#"{__name__="scrape_samples_scraped", …} 0 @3000"#,
            r#"{__name__="scrape_samples_post_metric_relabeling", …} 0 @3000"#,
            r#"{__name__="scrape_series_added", …} 0 @3000"#,
        ];
        check(&[Some("a 1\nc 1\n"), Some("a 1\nb 2\n"), None], HONORS_TIMES, &expect);
        // What was never up has nothing that could end.
        check(
            &[None],
            HONORS_TIMES,
            &expect[2..]
                .iter()
                .map(|it| it.replace("@3", "@1"))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        );
    }

    #[test]
    fn labels_of_both() {
        let first = |manner, expect: &str| {
            let of = Labels::new([("job", "j"), ("instance", "i")]);
            let told = parse("a{job=\"own\",exported_job=\"x\",instance=\"\"} 1 5").unwrap();
            let outcome = Outcome { told: Some(&told), at_ms: 9, took: Duration::ZERO };
            let samples = Series::default().samples(&of, outcome, manner);
            assert_eq!(format!("{} @{}", samples[0].labels, samples[0].time_ms), expect);
        };
        first(
            HONORS_TIMES,
            r#"{__name__="a", exported_exported_job="own", exported_job="x", instance="i", job="j"} @5"#,
        );
        let own = Manner { honors_labels: true, honors_timestamps: false };
        first(own, r#"{__name__="a", exported_job="x", instance="i", job="own"} @9"#);
    }

    #[test]
    fn a_target_that_is_gone_ends() {
        let of = Labels::new([("job", "j"), ("instance", "i")]);
        let mut series = Series::default();
        let told = parse("a 1").unwrap();
        let outcome = Outcome { told: Some(&told), at_ms: 9, took: Duration::ZERO };
        series.samples(&of, outcome, HONORS_TIMES);
        let end = shown(&series.end(&of, 10));
        assert_eq!(end[..2], [r#"{__name__="a", …} stale @10"#, r#"{__name__="up", …} stale @10"#]);
        assert_eq!(end.len(), 6);
    }
}
