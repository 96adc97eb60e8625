//! Starting components: which task does what a component's settings say.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::stage::StageConfig;
use alloy::Value;
use tokio::sync::mpsc;

use crate::collector::{save, save_regularly};
use crate::component::{Batch, Export, Kind, Settings, To};
use crate::configuration::Host;
use crate::custody::Custody;
use crate::error::Chain;
use crate::run::follow::{Files, Parts as FilesParts};
use crate::run::followed::Form;
use crate::run::kept::{Kept, Value as KeptValue};
use crate::run::node::Node;
use crate::run::running::Running;
use crate::run::{discovery_relabel, exposed, loki_echo, loki_process, loki_relabel, loki_write};
use crate::status::Progress;
use crate::tail::Positions;
use crate::volumes::Places;

/// The file in which a component keeps how far it has read from the Kubernetes API,
pub(super) const API_POSITIONS: &str = "api-positions.json";
/// from Docker's engine,
pub(super) const DOCKER_POSITIONS: &str = "docker-positions.json";
/// or the journal of systemd.
pub(super) const JOURNAL_POSITIONS: &str = "journal-positions.json";

/// The settings of one component among all: how a task is told those that are its own.
macro_rules! of {
    ($variant:ident) => {
        |settings| match settings {
            Settings::$variant(settings) => Some(settings),
            _ => None,
        }
    };
}
pub(super) use of;

impl Host for Running {
    fn apply(&mut self, id: &str, kind: &'static Kind, mut settings: Settings) -> Value {
        let generation = self.generation;
        match &mut settings {
            Settings::LokiSourceFile(it) => it.keeps_meta = self.leads_to_airflow(&it.forward_to),
            Settings::LokiSourceKubernetes(it) => {
                it.keeps_meta = self.leads_to_airflow(&it.forward_to);
            }
            Settings::LokiSourcePodlogs(it) => {
                it.keeps_meta |= self.leads_to_airflow(&it.forward_to);
            }
            _ => {}
        }
        if let Some(node) = self.nodes.get_mut(id) {
            node.generation = generation;
            if node.settings != settings {
                if let Settings::DiscoveryRelabel(settings) = &settings {
                    node.exports = discovery_relabel::exports(settings);
                }
                node.update(settings);
            }
            return node.exports.clone();
        }
        let mut node = self.start(id, kind, &settings);
        node.generation = generation;
        let exports = node.exports.clone();
        self.nodes.insert(id.to_owned(), node);
        exports
    }

    fn wrong(&mut self, id: &str, kind: &'static Kind) -> Value {
        if let Some(node) = self.nodes.get_mut(id) {
            node.stats.note(Some("what it is told is wrong, see the log".to_owned()));
        }
        self.wait(id, kind)
    }

    fn wait(&mut self, id: &str, kind: &'static Kind) -> Value {
        let generation = self.generation;
        if let Some(node) = self.nodes.get_mut(id) {
            node.generation = generation;
            return node.exports.clone();
        }
        tracing::debug!(component = id, "a component waits for what it needs");
        let exports = kind.exports.iter().map(|(name, sort)| {
            let value = match sort {
                Export::Receiver => self.ways.to(id).value(),
                Export::SampleReceiver => self.sample_ways.to(id).value(),
                Export::Known => Value::Unknown,
            };
            (*name, value)
        });
        Value::object(exports.collect::<Vec<_>>())
    }
}

impl Running {
    fn start(&mut self, id: &str, kind: &'static Kind, settings: &Settings) -> Node {
        let takes_entries = kind.exports.iter().any(|(_, sort)| *sort == Export::Receiver);
        let (receiver, inbox) = takes_entries.then(|| self.ways.take(id)).unzip();
        let exports = receiver.as_ref().map(|receiver| ("receiver", receiver.value()));
        let mut node = Node::new(settings.clone(), Value::object(exports));
        node.receiver = receiver;
        match (settings, inbox) {
            (Settings::DiscoveryRelabel(settings), _) => {
                node.exports = discovery_relabel::exports(settings);
            }
            (Settings::LokiEcho, Some(inbox)) => {
                let stats = Arc::clone(&node.stats);
                self.tasks.spawn(loki_echo::run(id.to_owned(), inbox, stats));
            }
            (Settings::LokiRelabel(settings), Some(inbox)) => {
                let rules = discovery_relabel::rules(&settings.rules);
                let receiver = node.receiver.iter().map(|receiver| ("receiver", receiver.value()));
                node.exports = Value::object(receiver.chain([("rules", rules)]));
                let told = node.told(settings, of!(LokiRelabel));
                self.tasks.spawn(loki_relabel::run(told, inbox, Arc::clone(&node.stats)));
            }
            (Settings::LokiProcess(settings), Some(inbox)) => {
                let exposed = Arc::<exposed::Exposed>::default();
                node.exposed = Some(Arc::clone(&exposed));
                let parts = loki_process::Parts {
                    settings: node.told(settings, of!(LokiProcess)),
                    inbox,
                    clock: Arc::clone(&self.parts.clock),
                    seed: self.parts.seed,
                    stats: Arc::clone(&node.stats),
                    exposed,
                };
                self.tasks.spawn(loki_process::run(parts));
            }
            (Settings::LokiWrite(_), Some(inbox)) => self.start_write(id, &mut node, inbox),
            _ => self.start_finder(id, &mut node),
        }
        node
    }

    /// Whether entries that are sent to these come to a `stage.airflow`. What is sent to was
    /// evaluated before, so that no way leads back.
    fn leads_to_airflow(&self, to: &[To]) -> bool {
        to.iter().filter_map(|to| self.nodes.get(to.0.id())).any(|node| match &node.settings {
            Settings::LokiProcess(it) => {
                has_airflow(&it.stages) || self.leads_to_airflow(&it.forward_to)
            }
            Settings::LokiRelabel(it) => self.leads_to_airflow(&it.forward_to),
            _ => false,
        })
    }

    fn start_write(&mut self, id: &str, node: &mut Node, inbox: mpsc::Receiver<Batch>) {
        let Settings::LokiWrite(settings) = node.settings.clone() else { return };
        let folder = self.folder(id);
        let progress = Progress::new();
        let Some(custody) = self.custody(&folder, &progress, node) else {
            // What is sent to it waits: nothing may be taken that cannot be kept.
            self.stuck.push(inbox);
            return;
        };
        let parts = loki_write::Parts {
            settings: node.told(&settings, of!(LokiWrite)),
            inbox,
            folder,
            custody,
            progress,
            clock: Arc::clone(&self.parts.clock),
            seed: self.parts.seed,
            metrics: self.metrics.write.clone(),
            stats: Arc::clone(&node.stats),
            // Everything is torn down before that; only one that was taken out of the
            // configuration needs it.
            drain_timeout: self.config.drain_timeout * 2,
        };
        self.tasks.spawn(loki_write::run(parts));
    }

    /// What a component keeps of what it reads elsewhere than from files of lines, under this name.
    pub(super) fn kept<V: KeptValue>(
        &mut self,
        id: &str,
        node: &Node,
        name: &str,
    ) -> Option<Arc<Kept<V>>> {
        let folder = self.folder(id);
        let custody = self.custody(&folder, &Progress::new(), node)?;
        let kept = usable(Kept::open(&folder, name, custody), node)?;
        let (every, end) = (self.config.position_interval, self.saved_enough.clone());
        self.saving.spawn(Arc::clone(&kept).save_regularly(every, end));
        Some(kept)
    }

    /// How far a component has dealt with task log files.
    pub(super) fn places(&mut self, id: &str, node: &Node) -> Option<Arc<Places>> {
        let folder = self.folder(id);
        let custody = self.custody(&folder, &Progress::new(), node)?;
        let places = usable(Places::open(&folder, custody), node)?;
        let (every, end) = (self.config.position_interval, self.saved_enough.clone());
        self.saving.spawn(Arc::clone(&places).save_regularly(every, end));
        Some(places)
    }

    pub(super) fn files(
        &mut self,
        id: &str,
        node: &Node,
        form: Form,
        is_from_end: bool,
    ) -> Option<Files> {
        let folder = self.folder(id);
        let custody = self.custody(&folder, &Progress::new(), node)?;
        let (every, end) = (self.config.position_interval, self.saved_enough.clone());
        self.saving.spawn(save_regularly(custody.clone(), every, end));
        self.custodies.push(custody.clone());
        let (births, clock) = (Arc::clone(&self.births), Arc::clone(&self.parts.clock));
        let metrics = self.metrics.clone();
        Some(Files::new(FilesParts { custody, births, clock, metrics, form }, is_from_end))
    }

    /// Who answers for what a component has taken and not delivered.
    fn custody(&mut self, folder: &Path, progress: &Progress, node: &Node) -> Option<Custody> {
        let custody = Custody::new(usable(Positions::open(folder), node)?, progress.clone());
        self.closings.push(custody.closing());
        Some(custody)
    }

    /// Where a component keeps its state.
    fn folder(&self, id: &str) -> PathBuf {
        self.config.storage.join(id.replace('/', "."))
    }

    /// Ends what keeps positions, and writes them for the last time.
    pub(super) async fn save_at_last(&mut self) -> Result<(), crate::Error> {
        self.saved_enough.cancel();
        while self.saving.join_next().await.is_some() {}
        let mut result = Ok(());
        for custody in &self.custodies {
            result = result.and(save(custody).await);
        }
        result
    }
}

/// What a component keeps in its folder, if that can be used.
fn usable<T>(opened: Result<T, crate::Error>, node: &Node) -> Option<T> {
    let told = |error: &crate::Error| {
        let problem = Chain(error).to_string();
        tracing::error!(error = problem, "a component cannot work without its folder");
        node.stats.note(Some(problem));
    };
    opened.inspect_err(told).ok()
}

fn has_airflow(stages: &[StageConfig]) -> bool {
    stages.iter().any(|stage| match stage {
        StageConfig::Airflow => true,
        StageConfig::Match(config) => has_airflow(&config.stages),
        _ => false,
    })
}
