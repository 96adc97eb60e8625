//! `loki.source.docker` at work: a task for each container reads its log.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use ::stage::relabel::Rules;
use alloy::Target;
use model::Labels;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::component::loki_source_docker::Settings;
use crate::limits::{API_PAUSE_MAX, API_PAUSE_MIN, DOCKER_LOGS_MAX, PLACES_KEPT};
use crate::metrics::DockerMetrics;
use crate::run::docker_log::{DockerLog, Told};
use crate::run::kept::Kept;
use crate::run::ledger::Ledger;
use crate::run::prometheus_relabel::built;
use crate::run::seen::Seen;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// The label by which a target tells which container it is.
const CONTAINER: &str = "__meta_docker_container_id";
/// The label that rules find the stream of a line in.
const STREAM: &str = "__meta_docker_container_log_stream";

/// What it works with.
pub struct Parts {
    /// What it is told, and told anew.
    pub settings: watch::Receiver<Settings>,
    /// Keeps how far logs are dealt with.
    pub kept: Arc<Kept<Seen>>,
    /// Where the jitter of pauses begins.
    pub seed: u64,
    /// What is counted.
    pub metrics: DockerMetrics,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// The tasks of one component.
struct Tasks {
    parts: Parts,
    logs: BTreeMap<String, watch::Sender<Told>>,
    running: JoinSet<String>,
}

/// Reads logs until it is told to end.
pub async fn run(parts: Parts) {
    let (cancel, mut settings) = (parts.cancel.clone(), parts.settings.clone());
    let sweep_at = Instant::now() + PLACES_KEPT;
    let mut is_swept = false;
    let mut tasks = Tasks { parts, logs: BTreeMap::new(), running: JoinSet::new() };
    loop {
        let current = settings.borrow_and_update().clone();
        tasks.look(&current);
        tokio::select! {
            () = cancel.cancelled() => break,
            changed = settings.changed() => if changed.is_err() { break },
            Some(ended) = tasks.running.join_next() => if let Ok(id) = ended {
                tasks.logs.remove(&id);
            },
            () = sleep_until(sweep_at), if !is_swept => {
                is_swept = true;
                let known: HashSet<&String> = tasks.logs.keys().collect();
                tasks.parts.kept.retain(|id| known.contains(&id.to_owned()));
            }
        }
    }
    cancel.cancel();
    // Each hands on what it has read.
    while tasks.running.join_next().await.is_some() {}
}

impl Tasks {
    /// Begins logs that are new, and tells the others what is new.
    fn look(&mut self, settings: &Settings) {
        let wanted = wanted(settings);
        let detail = ("logs of containers".to_owned(), wanted.len().to_string());
        self.parts.stats.tell(vec![detail]);
        for (id, log) in &self.logs {
            if !wanted.contains_key(id) {
                log.send_if_modified(|told| {
                    let is_new = told.over_since.is_none();
                    told.over_since.get_or_insert_with(Instant::now);
                    is_new
                });
            }
        }
        for (id, told) in wanted {
            match self.logs.get(&id) {
                Some(log) => {
                    log.send_if_modified(|before| {
                        let is_changed = *before != told;
                        *before = told;
                        is_changed
                    });
                }
                None if self.logs.len() < DOCKER_LOGS_MAX => self.begin(id, told),
                None => tracing::warn!(id, "too many logs are read, this one waits"),
            }
        }
    }

    fn begin(&mut self, id: String, told: Told) {
        let (sender, told) = watch::channel(told);
        let Parts { kept, seed, metrics, stats, cancel, .. } = &self.parts;
        let seed = seed.wrapping_add(xxhash_rust::xxh3::xxh3_64(id.as_bytes()));
        let log = DockerLog {
            id: id.clone(),
            told,
            ledger: Ledger::new(kept.place(&id)),
            seen: kept.get(&id).unwrap_or_default(),
            backoff: Backoff::new(API_PAUSE_MIN, API_PAUSE_MAX, seed),
            metrics: metrics.clone(),
            stats: Arc::clone(stats),
            cancel: cancel.clone(),
            is_failing: false,
        };
        let whose = id.clone();
        self.running.spawn(async move {
            log.run().await;
            whose
        });
        self.logs.insert(id, sender);
    }
}

/// What is told of each container. One of several ports or networks is several targets, and its log
/// is read once, with the labels of the first.
fn wanted(settings: &Settings) -> BTreeMap<String, Told> {
    let Some(engine) = &settings.engine else { return BTreeMap::new() };
    let rules = built(&settings.rules.0);
    let mut wanted = BTreeMap::new();
    for target in &settings.targets {
        let Some(id) = target.get(CONTAINER).filter(|id| is_identity(id)) else { continue };
        let labels = |stream| labels(target, &settings.labels, stream, &rules);
        wanted.entry(id.clone()).or_insert_with(|| Told {
            engine: engine.clone(),
            stdout: labels("stdout"),
            stderr: labels("stderr"),
            forward_to: settings.forward_to.clone(),
            over_since: None,
        });
    }
    wanted
}

/// What stands in a path must be no path.
fn is_identity(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The labels of a stream's lines; `None` when rules drop them.
fn labels(target: &Target, common: &Labels, stream: &str, rules: &Rules) -> Option<Labels> {
    let own = target.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all = Labels::new(own.chain(common.iter()).chain([(STREAM, stream)]));
    Some(rules.apply(&all)?.filter(|name| !name.starts_with("__")))
}

#[cfg(test)]
mod tests {
    use ::stage::relabel::{Action, Config};

    use super::*;

    #[test]
    fn labels_of_a_stream() {
        let target = [(CONTAINER, "c1"), ("__meta_docker_container_name", "/web"), ("app", "x")];
        let target = target.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let check = |rules: &[Config], stream: &str, expect: Option<&str>| {
            let common = Labels::new([("by", "docker")]);
            let found = labels(&target, &common, stream, &Rules::build(rules).unwrap());
            assert_eq!(found.map(|it| it.to_string()).as_deref(), expect);
        };
        check(&[], "stdout", Some(r#"{app="x", by="docker"}"#));
        let name = Config {
            source_labels: vec!["__meta_docker_container_name".to_owned()],
            regex: "/(.*)".to_owned(),
            target_label: "container".to_owned(),
            ..Config::default()
        };
        let drop = Config {
            action: Action::Drop,
            source_labels: vec![STREAM.to_owned()],
            regex: "stderr".to_owned(),
            ..Config::default()
        };
        let rules = [name, drop];
        check(&rules, "stdout", Some(r#"{app="x", by="docker", container="web"}"#));
        check(&rules, "stderr", None);
    }
}
