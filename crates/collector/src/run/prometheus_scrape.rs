//! `prometheus.scrape` at work: a task for each target asks it, again and again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_64;

use crate::component::prometheus_scrape::Settings;
use crate::error::Chain;
use crate::prometheus::{
    Defaults, Exposed, Manner, Outcome, Place, Sample, ScrapeTarget, Series, parse,
};
use crate::run::details::Details;
use crate::run::exposition::Exposition;
use crate::run::flow;
use crate::run::stats::Stats;
use crate::write::{Client, Endpoint, Secret};

/// The format that is asked for. OpenMetrics is understood where it comes all the same.
const ACCEPT: &str = "text/plain;version=0.0.4;q=1,*/*;q=0.1";

/// What it works with.
pub struct Parts {
    /// The component.
    pub id: String,
    /// What it is told, and told anew.
    pub settings: watch::Receiver<Settings>,
    /// Our own metrics.
    pub exposition: Exposition,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// What holds for all targets now.
#[derive(Clone)]
struct Told {
    settings: Settings,
    endpoint: Endpoint,
    client: Result<Client, String>,
}

/// A target that is asked.
struct Asked {
    target: ScrapeTarget,
    told: watch::Receiver<Arc<Told>>,
    /// Says that it is a target no more.
    over: CancellationToken,
    exposition: Exposition,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
    details: Details,
}

/// Asks targets until it is told to end.
pub async fn run(mut parts: Parts) {
    let told = Arc::new(Told::new(parts.settings.borrow_and_update().clone(), None));
    let (teller, told) = watch::channel(told);
    let details = Details::default();
    let mut asked: BTreeMap<ScrapeTarget, CancellationToken> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    loop {
        let wanted = wanted(&told.borrow().settings, &parts);
        asked.retain(|target, over| {
            let stays = wanted.contains(target);
            if !stays {
                over.cancel();
            }
            stays
        });
        for target in wanted {
            asked.entry(target.clone()).or_insert_with(|| {
                let over = CancellationToken::new();
                let task = Asked {
                    target,
                    told: told.clone(),
                    over: over.clone(),
                    exposition: parts.exposition.clone(),
                    clock: Arc::clone(&parts.clock),
                    stats: Arc::clone(&parts.stats),
                    details: details.clone(),
                };
                tasks.spawn(task.run());
                over
            });
        }
        tokio::select! {
            () = parts.cancel.cancelled() => return,
            changed = parts.settings.changed() => {
                if changed.is_err() {
                    return;
                }
                let settings = parts.settings.borrow_and_update().clone();
                let next = Told::new(settings, Some(&told.borrow().clone()));
                teller.send_replace(Arc::new(next));
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// The targets, each once. What is wrong with some is told.
fn wanted(settings: &Settings, parts: &Parts) -> Vec<ScrapeTarget> {
    let defaults = Defaults {
        job: settings.job_name.as_deref().unwrap_or(&parts.id),
        scheme: &settings.scheme,
        path: &settings.metrics_path,
        params: &settings.params,
    };
    let mut problems = Vec::new();
    let mut targets: Vec<ScrapeTarget> = Vec::new();
    for target in &settings.targets {
        match ScrapeTarget::of(target, &defaults) {
            Ok(target) => targets.push(target),
            Err(problem) => problems.push(problem),
        }
    }
    targets.sort();
    targets.dedup();
    parts.stats.note_all(&problems);
    targets
}

impl Told {
    /// The way to targets is the one before, if it is reached as before.
    fn new(settings: Settings, before: Option<&Self>) -> Self {
        let header = |name: &str, value: String| (name.to_owned(), Secret(value));
        let seconds = settings.timeout.as_secs_f64().to_string();
        let endpoint = Endpoint {
            auth: settings.client.auth.clone(),
            tls: settings.client.tls.clone(),
            push_timeout: settings.timeout,
            headers: vec![
                header("Accept", ACCEPT.to_owned()),
                header("X-Prometheus-Scrape-Timeout-Seconds", seconds),
            ],
            ..Endpoint::default()
        };
        let before = before.filter(|before| before.endpoint == endpoint);
        let client = match before {
            Some(before) => before.client.clone(),
            None => Client::new(&endpoint).map_err(|error| Chain(&error).to_string()),
        };
        Self { settings, endpoint, client }
    }
}

impl Asked {
    /// Asks it until it is a target no more.
    async fn run(mut self) {
        let mut series = Series::default();
        let mut next = Instant::now() + self.offset(self.told.borrow().settings.interval);
        loop {
            tokio::select! {
                () = self.over.cancelled() => {
                    let settings = self.told.borrow().settings.clone();
                    self.details.set(&self.name(), None, &self.stats);
                    let end = series.end(&self.target.labels, self.now());
                    return self.send(&settings, end).await;
                }
                changed = self.told.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    next = next.min(Instant::now() + self.told.borrow().settings.interval);
                }
                () = sleep_until(next) => {
                    let told = Arc::clone(&self.told.borrow_and_update());
                    let samples = self.scrape(&told, &mut series).await;
                    self.send(&told.settings, samples).await;
                    // What was missed is not made up for.
                    let now = Instant::now();
                    next = (next + told.settings.interval).max(now);
                }
            }
        }
    }

    /// How long it waits at first: each target another time, so that they are not asked all at
    /// once, and the same one at each start.
    fn offset(&self, interval: Duration) -> Duration {
        let hash = xxh3_64(format!("{:?}", self.target).as_bytes());
        interval.mul_f64((hash % 1000) as f64 / 1000.0)
    }

    async fn scrape(&self, told: &Told, series: &mut Series) -> Vec<Sample> {
        let (at_ms, begun) = (self.now(), Instant::now());
        let asked = timeout(told.settings.timeout, self.ask(told)).await;
        let took = begun.elapsed();
        let exposed = asked.unwrap_or_else(|_| Err("it does not answer in time".to_owned()));
        let detail = match &exposed {
            Ok(exposed) => format!("up, {} samples in {took:?}", exposed.len()),
            Err(problem) => {
                tracing::debug!(target = self.name(), problem, "a target cannot be scraped");
                format!("down: {problem}")
            }
        };
        self.details.set(&self.name(), Some(detail), &self.stats);
        let settings = &told.settings;
        let manner = Manner {
            honors_labels: settings.honors_labels,
            honors_timestamps: settings.honors_timestamps,
        };
        let outcome = Outcome { told: exposed.as_deref().ok(), at_ms, took };
        series.samples(&self.target.labels, outcome, manner)
    }

    /// What it tells now.
    async fn ask(&self, told: &Told) -> Result<Vec<Exposed>, String> {
        let text = match &self.target.place {
            Place::Own => self.exposition.text()?,
            Place::Url(url) => {
                let client = told.client.as_ref().map_err(Clone::clone)?;
                let client = client.at(url).map_err(|error| Chain(&error).to_string())?;
                client.fetch("GET", "", told.settings.bytes_max).await?
            }
        };
        let exposed = parse(&text)?;
        let limit = told.settings.sample_limit;
        if limit > 0 && exposed.len() > limit {
            return Err(format!("it tells {} samples, more than {limit}", exposed.len()));
        }
        Ok(exposed)
    }

    async fn send(&self, settings: &Settings, samples: Vec<Sample>) {
        self.stats.send_count(samples.len());
        flow::send(&settings.forward_to, samples).await;
    }

    fn name(&self) -> String {
        match &self.target.place {
            Place::Own => "our own metrics".to_owned(),
            Place::Url(url) => url.clone(),
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().0 / 1_000_000
    }
}
