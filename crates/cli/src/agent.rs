//! A collector put together as the arguments say, with whoever knows the pods of its node.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Result;
use collector::discover::PodsFile;
use collector::kubernetes::{Access, Pods, PodsParts, PodsSettings, SERVICE_ACCOUNT_FOLDER};
use collector::{Auth, Collector, Credential, Endpoint, Handle, NoPods, PodSource, TaskLogs};
use model::{Clock, Entry, Labels, SystemClock};
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::args::PodsArgs;

/// A collector, about to run.
pub struct Agent {
    collector: Collector,
    /// What keeps the pods true as long as it is polled.
    follow: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Where an agent pushes to.
#[derive(Debug, Clone, Copy)]
pub struct Push<'a> {
    /// The server, without the path of its push API.
    pub url: &'a str,
    /// A file with the token that it asks for.
    pub token_file: Option<&'a Path>,
}

impl Agent {
    /// An agent for the pods of this node, which keeps its state in a folder.
    ///
    /// # Errors
    /// When the state folder, the pods file, the server's address or the access to Kubernetes
    /// cannot be used.
    pub async fn open(
        pods: &PodsArgs,
        push: Push<'_>,
        state: &Path,
        registry: &mut Registry,
    ) -> Result<Self> {
        let bearer = |path: &Path| Auth::bearer(Credential::File(path.to_owned()));
        let auth = push.token_file.map_or(Auth::None, bearer);
        let config = collector::Config {
            pods_folder: pods.pods_dir.clone(),
            state_folder: state.to_owned(),
            task_logs: TaskLogs {
                mode: pods.task_logs,
                kubelet_folder: pods.kubelet_dir.clone(),
                folders: pods.task_logs_dirs.clone(),
                ..TaskLogs::default()
            },
            endpoints: vec![Endpoint { auth, ..Endpoint::of_store(push.url) }],
            ..collector::Config::default()
        };
        // Only the jitter of pauses depends on the seed: nodes must not all come back at once.
        let seed = SystemClock.now().0.unsigned_abs() ^ u64::from(std::process::id());
        let Source { pods, pod_ends, follow } = source(pods, seed, registry).await?;
        let clock = Arc::new(SystemClock);
        let parts = collector::Parts { pods, pod_ends, clock, seed, registry };
        Ok(Self { collector: Collector::build(config, parts)?, follow })
    }

    /// Sees how far the collector has come.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.collector.handle()
    }

    /// Collects until it is told to end.
    ///
    /// # Errors
    /// As [`Collector::run`].
    pub async fn run(self, cancel: CancellationToken) -> Result<(), collector::Error> {
        let Self { collector, follow } = self;
        let mut collecting = std::pin::pin!(collector.run(cancel));
        tokio::select! {
            ended = &mut collecting => ended,
            // Where nobody is followed, that ends at once.
            () = follow => collecting.await,
        }
    }
}

/// Who knows the pods, and what keeps that true.
struct Source {
    pods: Arc<dyn PodSource>,
    /// How pods of tasks ended, where somebody tells.
    pod_ends: Option<mpsc::Receiver<(Labels, Entry)>>,
    follow: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Source {
    /// One that nothing has to keep true.
    fn of(pods: Arc<dyn PodSource>) -> Self {
        Self { pods, pod_ends: None, follow: Box::pin(std::future::ready(())) }
    }
}

/// Who knows the pods: a file that is given, Kubernetes where it can be asked, or nobody.
async fn source(pods: &PodsArgs, seed: u64, registry: &mut Registry) -> Result<Source> {
    if let Some(path) = &pods.pods_file {
        return Ok(Source::of(Arc::new(PodsFile::open(path)?)));
    }
    let Some(access) = access(pods) else {
        tracing::info!("no Kubernetes is here to ask: lines get the labels that their paths tell");
        return Ok(Source::of(Arc::new(NoPods)));
    };
    if pods.node.is_none() {
        tracing::warn!(
            "the name of this node is not known, so all pods of the cluster are followed; give it \
             with --node or NODE_NAME",
        );
    }
    let settings = PodsSettings::new(access, pods.node.clone());
    let (pods, ends, follow) = Pods::watch(settings, PodsParts { seed, registry }).await?;
    Ok(Source { pods, pod_ends: Some(ends), follow: Box::pin(follow) })
}

/// How the API server is reached: as the arguments say, or as the pod's service account.
pub fn access(pods: &PodsArgs) -> Option<Access> {
    if let Some(path) = &pods.kubeconfig {
        return Some(Access::KubeconfigFile(path.clone()));
    }
    if let Some(url) = &pods.kubernetes_url {
        return Some(Access::Server { url: url.clone(), token_file: None, ca_file: None });
    }
    let host = pods.service_host.as_deref()?;
    let port = pods.service_port.unwrap_or(443);
    // An address of IPv6 stands in brackets.
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let folder = PathBuf::from(SERVICE_ACCOUNT_FOLDER);
    Some(Access::InCluster { url: format!("https://{host}:{port}"), folder })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        pods: PodsArgs,
    }

    #[track_caller]
    fn check(line: &[&str], host: Option<&str>, port: Option<u16>, expect: Option<&Access>) {
        let mut pods = Line::parse_from([&["x"], line].concat()).pods;
        (pods.service_host, pods.service_port) = (host.map(ToOwned::to_owned), port);
        assert_eq!(access(&pods).as_ref(), expect);
    }

    #[test]
    fn kubernetes_is_asked_where_it_is() {
        let inside = |url: &str| {
            let folder = PathBuf::from(SERVICE_ACCOUNT_FOLDER);
            Some(Access::InCluster { url: url.to_owned(), folder })
        };
        check(&[], None, None, None);
        check(&[], Some("10.0.0.1"), Some(6443), inside("https://10.0.0.1:6443").as_ref());
        check(&[], Some("fd00::1"), None, inside("https://[fd00::1]:443").as_ref());
        let file = Some(Access::KubeconfigFile("k".into()));
        check(&["--kubeconfig", "k"], Some("10.0.0.1"), None, file.as_ref());
        let url = "http://localhost:8001".to_owned();
        let server = Access::Server { url, token_file: None, ca_file: None };
        check(&["--kubernetes-url", "http://localhost:8001"], None, None, Some(&server));
    }
}
