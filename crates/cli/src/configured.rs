//! A collector that runs an Alloy configuration, with its own port.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use collector::component::{LogFormat, LogLevel, Logging};
use collector::configuration::{Configuration, load};
use collector::kubernetes::SERVICE_ACCOUNT_FOLDER;
use collector::run::{
    Control, Kubernetes, PagePart, Runner, RunnerConfig, RunnerParts, bind, serve,
};
use model::{Clock, SystemClock};
use prometheus_client::registry::Registry;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

use crate::agent::access;
use crate::args::CollectArgs;
use crate::assemble;
use crate::machine::machine;
use crate::trace::{self, LineFormat};

/// Runs the configuration at a path until it is told to end.
///
/// # Errors
/// When the configuration is wrong, the address is taken, or a component fails.
pub async fn run(args: &CollectArgs, path: &Path) -> Result<()> {
    let mut registry = Registry::default();
    let configuration = only(path)?;
    let seed = SystemClock.now().0.unsigned_abs() ^ u64::from(std::process::id());
    let parts = RunnerParts { clock: Arc::new(SystemClock), seed };
    let started = Runner::start(
        &configuration,
        machine(),
        config(args, &configuration),
        parts,
        &mut registry,
    );
    let runner =
        started.with_context(|| format!("the configuration {} is wrong", path.display()))?;
    let (control, cancel) = (runner.control(), CancellationToken::new());
    control.counts_in(registry);
    let mut logging = control.logging();
    log_as(*logging.borrow_and_update());
    let listen = configuration.listen.unwrap_or(args.listen);
    let listener = bind(listen).await;
    let listener = listener.with_context(|| format!("failed to listen at {listen}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving");
    let page = serve(listener, page(control.clone(), path.to_owned()), cancel.clone());
    let mut hangups = signal(SignalKind::hangup())?;
    let hear = async {
        while hangups.recv().await.is_some() {
            // It was told.
            let _ = reread(&control, path).await;
        }
    };
    let relog = async {
        while logging.changed().await.is_ok() {
            log_as(*logging.borrow_and_update());
        }
    };
    let mut running = std::pin::pin!(runner.run(cancel.clone()));
    tokio::select! {
        ended = &mut running => return Ok(ended?),
        signal = assemble::stopped() => signal?,
        () = page => {}
        () = hear => {}
        () = relog => {}
    }
    cancel.cancel();
    Ok(running.await?)
}

/// Logs as a configuration says.
fn log_as(logging: Option<Logging>) {
    let level = logging.map(|it| match it.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    });
    let format = logging.and_then(|it| it.format).map(|format| match format {
        LogFormat::Logfmt => LineFormat::Logfmt,
        LogFormat::Json => LineFormat::Json,
    });
    trace::configure(level, format);
}

fn config(args: &CollectArgs, configuration: &Configuration) -> RunnerConfig {
    let namespace = Path::new(SERVICE_ACCOUNT_FOLDER).join("namespace");
    let own_namespace = std::fs::read_to_string(namespace).ok();
    RunnerConfig {
        storage: configuration.state_dir.clone().unwrap_or_else(|| args.state.clone()),
        pods_folder: args.pods.pods_dir.clone(),
        kubelet_folder: args.pods.kubelet_dir.clone(),
        kubernetes: Kubernetes {
            access: access(&args.pods),
            own_namespace: own_namespace.map(|name| name.trim().to_owned()),
            node: args.pods.node.clone(),
        },
        ..RunnerConfig::default()
    }
}

fn page(control: Control, path: PathBuf) -> PagePart {
    let of = control.clone();
    let reread = move || -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send>> {
        let (control, path) = (of.clone(), path.clone());
        Box::pin(async move { reread(&control, &path).await })
    };
    PagePart { control, reread: Arc::new(reread) }
}

/// Reads the configuration again and gives it to the runner.
async fn reread(control: &Control, path: &Path) -> Result<(), String> {
    let reread = async {
        let configuration = only(path).map_err(|error| format!("{error:#}"))?;
        control.reload(configuration).await
    };
    reread.await.inspect_err(|why| {
        tracing::error!("the new configuration is refused, the old one runs on:\n{why}");
    })
}

/// The one configuration at a path.
fn only(path: &Path) -> Result<Configuration> {
    let mut all = load(path)?;
    match (all.pop(), all.len()) {
        (Some(one), 0) => Ok(one),
        (_, others) => {
            bail!("{} holds {} configurations, and one can run", path.display(), others + 1)
        }
    }
}
