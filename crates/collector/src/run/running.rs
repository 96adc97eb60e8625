//! The components that are at work, and what they share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::stage::Entry;
use alloy::Value;
use kube::Client;
use model::Clock;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::component::Batch;
use crate::config::TaskLogs;
use crate::custody::{Closing, Custody};
use crate::kubernetes::{Access, connect_patiently};
use crate::metrics::Metrics;
use crate::prometheus::Sample;
use crate::run::births::Births;
use crate::run::exposition::Exposition;
use crate::run::node::Node;
use crate::run::pod_logs::Turns;
use crate::run::ways::Ways;

/// What a runner is told beside its configuration.
#[derive(Debug, Clone)]
pub struct RunnerConfig {
    /// Where components keep their positions and what waits, each in a folder of its own.
    pub storage: PathBuf,
    /// Where the kubelet keeps pods' logs: what appears there is opened at once.
    pub pods_folder: PathBuf,
    /// Where the kubelet keeps what else belongs to pods.
    pub kubelet_folder: PathBuf,
    /// How often volumes are looked through for task logs, at most.
    pub look_interval: Duration,
    /// How often all folders are looked through, whatever changes are told.
    pub poll_interval: Duration,
    /// How often positions are written to disk.
    pub position_interval: Duration,
    /// How long what was read may be pushed when all is to end.
    pub drain_timeout: Duration,
    /// How Kubernetes is reached where a component does not say so.
    pub kubernetes: Kubernetes,
}

/// How Kubernetes is reached.
#[derive(Debug, Clone, Default)]
pub struct Kubernetes {
    /// The access, if there is any.
    pub access: Option<Access>,
    /// The namespace of our own pod.
    pub own_namespace: Option<String>,
    /// The name of our own node. Where it is not told, it is that of the pods whose folders are
    /// here.
    pub node: Option<String>,
}

impl Kubernetes {
    /// How a component reaches Kubernetes that says this about it.
    ///
    /// # Errors
    /// What to do where there is no Kubernetes, for people.
    pub fn reached(
        &self,
        kubeconfig: Option<&Path>,
        api_server: Option<&str>,
    ) -> Result<Access, String> {
        if let Some(path) = kubeconfig {
            return Ok(Access::KubeconfigFile(path.to_owned()));
        }
        if let Some(url) = api_server {
            let url = url.to_owned();
            return Ok(Access::Server { url, token_file: None, ca_file: None });
        }
        self.access.clone().ok_or_else(|| {
            "no Kubernetes is here to ask: give api_server or kubeconfig_file".to_owned()
        })
    }

    /// What reaches it, however long that takes; what is wrong is told meanwhile.
    pub async fn client(
        &self,
        kubeconfig: Option<&Path>,
        api_server: Option<&str>,
        problem: impl Fn(String),
    ) -> Client {
        match self.reached(kubeconfig, api_server) {
            Ok(access) => connect_patiently(&access, problem).await,
            Err(why) => {
                problem(why);
                std::future::pending().await
            }
        }
    }
}

impl Default for RunnerConfig {
    fn default() -> Self {
        Self {
            storage: PathBuf::from("barogram-collector"),
            pods_folder: PathBuf::from("/var/log/pods"),
            kubelet_folder: TaskLogs::default().kubelet_folder,
            look_interval: TaskLogs::default().look_interval,
            poll_interval: Duration::from_secs(1),
            position_interval: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(10),
            kubernetes: Kubernetes::default(),
        }
    }
}

/// What is given from outside.
#[derive(Debug, Clone)]
pub struct RunnerParts {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where jitter begins; another number on each node.
    pub seed: u64,
}

/// The components that are at work.
pub(super) struct Running {
    /// First, so that they are dropped first: what is torn down must not look as if it were dealt
    /// with.
    pub closings: Vec<Closing>,
    pub config: RunnerConfig,
    pub parts: RunnerParts,
    pub metrics: Metrics,
    pub nodes: BTreeMap<String, Node>,
    /// Ways into components that could not be started yet, for entries,
    pub ways: Ways<Entry>,
    /// and for samples.
    pub sample_ways: Ways<Sample>,
    /// The other ends of ways into components that cannot work.
    pub stuck: Vec<mpsc::Receiver<Batch>>,
    pub births: Arc<Births>,
    /// Turns at the Kubernetes API, of all components.
    pub turns: Turns,
    pub news: mpsc::Sender<(String, Value)>,
    /// What the agent counts.
    pub exposition: Exposition,
    /// Counts configurations.
    pub generation: u64,
    pub custodies: Vec<Custody>,
    pub saved_enough: CancellationToken,
    pub tasks: JoinSet<()>,
    pub saving: JoinSet<()>,
}

impl Running {
    pub fn new(
        config: RunnerConfig,
        parts: RunnerParts,
        metrics: Metrics,
        (news, exposition): (mpsc::Sender<(String, Value)>, Exposition),
    ) -> Self {
        let births = Births::new(config.pods_folder.clone());
        let turns = Turns::new(&metrics);
        Self {
            closings: Vec::new(),
            config,
            parts,
            metrics,
            nodes: BTreeMap::new(),
            ways: Ways::default(),
            sample_ways: Ways::default(),
            stuck: Vec::new(),
            births,
            turns,
            news,
            exposition,
            generation: 0,
            custodies: Vec::new(),
            saved_enough: CancellationToken::new(),
            tasks: JoinSet::new(),
            saving: JoinSet::new(),
        }
    }

    /// Lets go of components that the configuration has no more. Each ends when those are gone
    /// that send to it.
    pub fn sweep(&mut self) {
        let generation = self.generation;
        self.nodes.retain(|id, node| {
            let stays = node.generation == generation;
            if !stays {
                tracing::info!(component = id, "a component is ended");
                node.cancel.cancel();
            }
            stays
        });
    }
}
