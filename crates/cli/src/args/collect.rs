//! The arguments of `barogram collect`, and what a collector reads.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use collector::TaskLogsMode;

pub(super) const EXAMPLES: &str = "\
Examples:
  barogram collect --push http://logs:3100      this node's pods to a server
  barogram collect --config config.alloy        what an Alloy configuration says
  barogram collect --config helmrelease.yaml    the same, as Flux has it
A new configuration is taken on SIGHUP, or by a POST to /-/reload, without losing a line; one that
is wrong is refused, and the old one runs on.";

/// What the collector reads.
#[derive(Debug, Clone, Args)]
pub struct PodsArgs {
    /// The folder with the pods' logs
    #[arg(long, default_value = "/var/log/pods")]
    pub pods_dir: PathBuf,
    /// Which of Airflow's task log files are read from the volumes of this node's pods: auto for
    /// those whose lines no pod prints, on, or off
    #[arg(long, default_value = "auto", value_name = "auto|on|off")]
    pub task_logs: TaskLogsMode,
    /// The folder in which the kubelet keeps volumes
    #[arg(long, default_value = "/var/lib/kubelet/pods")]
    pub kubelet_dir: PathBuf,
    /// A folder besides that holds Airflow's logs, such as a hostPath of workers. May be repeated
    #[arg(long = "task-logs-dir", value_name = "DIR")]
    pub task_logs_dirs: Vec<PathBuf>,
    /// A PodList in JSON that describes the pods (as `kubectl get pods -o json` prints it)
    #[arg(long)]
    pub pods_file: Option<PathBuf>,
    /// The name of this node, whose pods Kubernetes is asked for
    #[arg(long, env = "NODE_NAME")]
    pub node: Option<String>,
    /// A kubeconfig file that says how Kubernetes is reached (default: inside a cluster, as the
    /// pod's service account)
    #[arg(long, conflicts_with = "pods_file")]
    pub kubeconfig: Option<PathBuf>,
    /// The address of Kubernetes' API, such as that of a `kubectl proxy`
    #[arg(long, value_name = "URL", conflicts_with_all = ["pods_file", "kubeconfig"])]
    pub kubernetes_url: Option<String>,
    /// Where a pod finds Kubernetes' API; Kubernetes sets it
    #[arg(long, hide = true, env = "KUBERNETES_SERVICE_HOST")]
    pub service_host: Option<String>,
    /// Its port there
    #[arg(long, hide = true, env = "KUBERNETES_SERVICE_PORT")]
    pub service_port: Option<u16>,
}

/// `barogram collect`
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// What to read.
    #[command(flatten)]
    pub pods: PodsArgs,
    /// Where to push to
    #[arg(long, default_value = "http://127.0.0.1:3100")]
    pub push: String,
    /// The folder that remembers how far each file was read
    #[arg(long, default_value = "barogram-collector")]
    pub state: PathBuf,
    /// A file with the token for the server
    #[arg(long)]
    pub token_file: Option<PathBuf>,
    /// A configuration to run instead: a short one in YAML, or Alloy's: a file, a folder of *.alloy
    /// files, or a ConfigMap or HelmRelease that holds one
    #[arg(long, value_name = "PATH", conflicts_with_all = ["push", "token_file", "pods_file"])]
    pub config: Option<PathBuf>,
    /// With --config: where metrics, health and the page of components are served
    #[arg(long, default_value = "127.0.0.1:12345", requires = "config")]
    pub listen: SocketAddr,
}
