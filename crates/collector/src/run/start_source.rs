//! Starting what finds targets and brings entries.

use std::sync::Arc;

use alloy::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::component::Settings;
use crate::component::loki_source_kubernetes::Settings as KubernetesSettings;
use crate::run::discovery_relabel::targets;
use crate::run::exports::Exports;
use crate::run::followed::Form;
use crate::run::node::Node;
use crate::run::running::Running;
use crate::run::start::{API_POSITIONS, DOCKER_POSITIONS, JOURNAL_POSITIONS, of};
use crate::run::{
    airflow_pod_ends, airflow_task_logs, discovery_docker, discovery_file, discovery_kubernetes,
    journal_files, local_file, local_file_match, loki_source_api, loki_source_docker,
    loki_source_file, loki_source_journal, loki_source_kubernetes, loki_source_kubernetes_events,
    loki_source_podlogs, loki_source_syslog, pod_logs, remote_http, remote_kubernetes,
};

impl Running {
    /// Starts what finds something: targets, or what others are told.
    pub(super) fn start_finder(&mut self, id: &str, node: &mut Node) {
        let (births, stats) = (Arc::clone(&self.births), Arc::clone(&node.stats));
        let (exports, cancel) = (Exports::new(id, self.news.clone()), node.cancel.clone());
        match node.settings.clone() {
            Settings::DiscoveryDocker(settings) => {
                node.exports = Value::object([("targets", Value::array(Vec::new()))]);
                let told = node.told(&settings, of!(DiscoveryDocker));
                let seed = self.parts.seed;
                self.tasks.spawn(discovery_docker::run(told, seed, (exports, stats, cancel)));
            }
            Settings::DiscoveryFile(settings) => {
                let mut files = discovery_file::Files::default();
                // What is wrong is told when they are read again.
                files.look(&settings);
                node.exports = files.exports();
                let told = node.told(&settings, of!(DiscoveryFile));
                self.tasks.spawn(discovery_file::run(files, told, exports, stats, cancel));
            }
            Settings::DiscoveryKubernetes(settings) => {
                node.exports = Value::object([("targets", Value::array(Vec::new()))]);
                let told = node.told(&settings, of!(DiscoveryKubernetes));
                let around = self.config.kubernetes.clone();
                let seed = self.parts.seed;
                let run = discovery_kubernetes::run(told, around, seed, (exports, stats, cancel));
                self.tasks.spawn(run);
            }
            Settings::LocalFile(settings) => {
                node.exports = local_file::exports(&settings).unwrap_or_else(|problem| {
                    node.stats.note(Some(problem));
                    Value::object([("content", Value::Unknown)])
                });
                let told = node.told(&settings, of!(LocalFile));
                self.tasks.spawn(local_file::run(told, exports, stats, cancel));
            }
            Settings::LocalFileMatch(settings) => {
                let (patterns, age) = (&settings.path_targets, settings.ignore_older_than);
                let found = local_file_match::matching(patterns, age, &births);
                node.exports = Value::object([("targets", targets(found))]);
                let told = node.told(&settings, of!(LocalFileMatch));
                self.tasks.spawn(local_file_match::run(told, births, exports, cancel));
            }
            Settings::RemoteHttp(settings) => {
                node.exports = Value::object([("content", Value::Unknown)]);
                let told = node.told(&settings, of!(RemoteHttp));
                let seed = self.parts.seed;
                self.tasks.spawn(remote_http::run(told, seed, (exports, stats, cancel)));
            }
            Settings::RemoteKubernetes(settings) => {
                node.exports = Value::object([("data", Value::Unknown)]);
                let told = node.told(&settings, of!(RemoteKubernetes));
                let (around, seed) = (self.config.kubernetes.clone(), self.parts.seed);
                let run = remote_kubernetes::run(told, around, seed, (exports, stats, cancel));
                self.tasks.spawn(run);
            }
            _ => self.start_source(id, node),
        }
    }

    /// Starts what brings entries.
    fn start_source(&mut self, id: &str, node: &mut Node) {
        let (stats, cancel) = (Arc::clone(&node.stats), node.cancel.clone());
        match node.settings.clone() {
            Settings::AirflowTaskLogs(settings) => {
                let Some(places) = self.places(id, node) else { return };
                let parts = airflow_task_logs::Parts {
                    settings: node.told(&settings, of!(AirflowTaskLogs)),
                    places,
                    pods_folder: self.config.pods_folder.clone(),
                    kubelet_folder: self.config.kubelet_folder.clone(),
                    look_interval: self.config.look_interval,
                    clock: Arc::clone(&self.parts.clock),
                    metrics: self.metrics.clone(),
                    stats,
                    cancel,
                };
                self.tasks.spawn(airflow_task_logs::run(parts));
            }
            Settings::LokiSourceDocker(settings) => {
                let Some(kept) = self.kept(id, node, DOCKER_POSITIONS) else { return };
                let parts = loki_source_docker::Parts {
                    settings: node.told(&settings, of!(LokiSourceDocker)),
                    kept,
                    seed: self.parts.seed,
                    metrics: self.metrics.docker.clone(),
                    stats,
                    cancel,
                };
                self.tasks.spawn(loki_source_docker::run(parts));
            }
            Settings::LokiSourceFile(settings) => {
                let births = Arc::clone(&self.births);
                let is_from_end = settings.tail_from_end;
                let told = node.told(&settings, of!(LokiSourceFile));
                let Some(files) = self.files(id, node, Form::Lines, is_from_end) else { return };
                self.tasks.spawn(loki_source_file::run(files, told, births, stats, cancel));
            }
            Settings::LokiSourceJournal(settings) => {
                let Some(kept) = self.kept(id, node, JOURNAL_POSITIONS) else { return };
                let parts = loki_source_journal::Parts {
                    id: id.to_owned(),
                    settings: node.told(&settings, of!(LokiSourceJournal)),
                    files: journal_files::Files::new(kept),
                    clock: Arc::clone(&self.parts.clock),
                    metrics: self.metrics.clone(),
                    stats,
                    cancel,
                };
                self.tasks.spawn(loki_source_journal::run(parts));
            }
            Settings::LokiSourceApi(settings) => {
                let told = node.told(&settings, of!(LokiSourceApi));
                let clock = Arc::clone(&self.parts.clock);
                self.tasks.spawn(loki_source_api::run(told, clock, stats, cancel));
            }
            Settings::LokiSourceSyslog(settings) => {
                let parts = loki_source_syslog::Parts {
                    settings: node.told(&settings, of!(LokiSourceSyslog)),
                    clock: Arc::clone(&self.parts.clock),
                    metrics: self.metrics.clone(),
                    stats,
                    cancel,
                    problems: loki_source_syslog::Problems::default(),
                };
                self.tasks.spawn(loki_source_syslog::run(parts));
            }
            _ => self.start_in_cluster(id, node),
        }
    }

    /// Starts what brings entries of the cluster.
    fn start_in_cluster(&mut self, id: &str, node: &mut Node) {
        let (stats, cancel) = (Arc::clone(&node.stats), node.cancel.clone());
        match node.settings.clone() {
            Settings::AirflowPodEnds(settings) => {
                let parts = airflow_pod_ends::Parts {
                    settings: node.told(&settings, of!(AirflowPodEnds)),
                    around: self.config.kubernetes.clone(),
                    seed: self.parts.seed,
                    stats,
                    cancel,
                };
                self.tasks.spawn(airflow_pod_ends::run(parts));
            }
            Settings::LokiSourceKubernetes(settings) => {
                let told = node.told(&settings, of!(LokiSourceKubernetes));
                self.start_kubernetes(id, node, told, cancel);
            }
            Settings::LokiSourceKubernetesEvents(settings) => {
                let told = node.told(&settings, of!(LokiSourceKubernetesEvents));
                let Some(kept) = self.kept(id, node, API_POSITIONS) else { return };
                let parts = loki_source_kubernetes_events::Parts {
                    id: id.to_owned(),
                    settings: told,
                    around: self.config.kubernetes.clone(),
                    kept,
                    seed: self.parts.seed,
                    stats,
                    cancel,
                };
                self.tasks.spawn(loki_source_kubernetes_events::run(parts));
            }
            Settings::LokiSourcePodlogs(settings) => {
                let (reading, read) = watch::channel(loki_source_podlogs::reading(&settings));
                let parts = loki_source_podlogs::Parts {
                    settings: node.told(&settings, of!(LokiSourcePodlogs)),
                    reading,
                    around: self.config.kubernetes.clone(),
                    seed: self.parts.seed,
                    stats,
                    cancel: cancel.clone(),
                };
                self.start_kubernetes(id, node, read, cancel);
                self.tasks.spawn(loki_source_podlogs::run(parts));
            }
            _ => self.start_metrics(id, node),
        }
    }

    fn start_kubernetes(
        &mut self,
        id: &str,
        node: &Node,
        settings: watch::Receiver<KubernetesSettings>,
        cancel: CancellationToken,
    ) {
        let Some(files) = self.files(id, node, Form::Contents, false) else { return };
        let Some(kept) = self.kept(id, node, API_POSITIONS) else { return };
        let (births, stats) = (Arc::clone(&self.births), Arc::clone(&node.stats));
        let logs = pod_logs::Parts {
            settings: settings.clone(),
            wanted: loki_source_kubernetes::by_api,
            births: Arc::clone(&births),
            around: self.config.kubernetes.clone(),
            kept,
            turns: self.turns.clone(),
            seed: self.parts.seed,
            metrics: self.metrics.clone(),
            stats: Arc::clone(&stats),
            cancel: cancel.clone(),
        };
        let run = loki_source_kubernetes::run(files, settings, births, (stats, cancel), logs);
        self.tasks.spawn(run);
    }
}
