//! Puts the machines together as the arguments say, and takes them apart in the right order.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use model::{Clock, SystemClock};
use prometheus_client::registry::Registry;
use query::Engine;
use server::{Server, Token};
use store::{FailPoints, Store};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::args::{Period, Rule, ServeArgs};
use crate::place;

/// A store and its server, about to serve.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    /// The store.
    pub store: Store,
    listener: TcpListener,
    config: server::Config,
}

/// What runs, and how it is told to end.
#[derive(Debug)]
pub struct Running {
    tasks: JoinSet<Result<()>>,
    cancel: CancellationToken,
    store: Store,
}

impl Serving {
    /// Takes the address and opens the data folder.
    ///
    /// # Errors
    /// When the address is taken, or the folder cannot be used.
    pub async fn open(args: &ServeArgs) -> Result<Self> {
        let config = server_config(args)?;
        let listener = Server::listen(config.listen).await?;
        let address = listener.local_addr()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let objects = place::objects(args, config.bucket.as_ref())?;
        let (settings, fail_points) = (store_config(args), fail_points()?);
        let store = Store::open_in(&args.data, objects, settings, clock, fail_points).await?;
        Ok(Self { address, store, listener, config })
    }

    /// Starts to serve. All metrics of the process are in `registry`.
    ///
    /// # Errors
    /// When the settings would let anybody in without having been told so.
    pub fn start(self, mut registry: Registry) -> Result<Running> {
        let Self { address, store, listener, config } = self;
        store.metrics().register(&mut registry);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let bounds = config.limits.query_config();
        let engine = Engine::new(store.clone(), Arc::clone(&clock), bounds);
        let parts = server::Parts { store: store.clone(), engine, clock, registry };
        let server = Server::build(config, parts)?;
        let cancel = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (stop, flush, background) = (cancel.clone(), cancel.clone(), store.clone());
        let (rules, upkeep, keeper) = (server.rules(), cancel.clone(), store.clone());
        tasks.spawn(async move { Ok(server.serve(listener, stop.cancelled_owned()).await?) });
        tasks.spawn(async move {
            background.run(flush).await;
            Ok(())
        });
        tasks.spawn(async move {
            keeper.run_upkeep(rules, upkeep).await;
            Ok(())
        });
        tracing::info!(%address, "serving");
        Ok(Running { tasks, cancel, store })
    }
}

impl Running {
    /// Waits for the person or the system to end the process, or for a machine to fail.
    ///
    /// # Errors
    /// With the failure.
    pub async fn until_stopped(&mut self) -> Result<()> {
        tokio::select! {
            signal = stopped() => signal,
            Some(ended) = self.tasks.join_next() => ended?,
        }
    }

    /// Lets requests end, then closes the store.
    ///
    /// # Errors
    /// With the first failure of a machine.
    pub async fn stop(mut self) -> Result<()> {
        self.cancel.cancel();
        let mut first = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            first = first.and(ended.map_err(Into::into).flatten());
        }
        self.store.shutdown().await?;
        first
    }
}

/// Waits for SIGINT or SIGTERM.
///
/// # Errors
/// When the process cannot listen to signals.
pub async fn stopped() -> Result<()> {
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = term.recv() => {}
    }
    tracing::info!("stopping");
    Ok(())
}

fn store_config(args: &ServeArgs) -> store::Config {
    let mut config = store::Config::default();
    args.tune.iter().for_each(|tuning| tuning.apply(&mut config));
    config
}

/// The environment variable with the hop at which a debug build aborts, e.g. `wal:written:3`.
pub const CRASH_VARIABLE: &str = "BAROGRAM_CRASH_AT";

/// Where a test wants the process to end; a release does not look.
fn fail_points() -> Result<FailPoints> {
    if !cfg!(debug_assertions) {
        return Ok(FailPoints::default());
    }
    let Ok(text) = std::env::var(CRASH_VARIABLE) else { return Ok(FailPoints::default()) };
    text.parse().map_err(|error: String| anyhow::anyhow!("{CRASH_VARIABLE}: {error}"))
}

fn server_config(args: &ServeArgs) -> Result<server::Config> {
    let mut config = server::Config { listen: args.listen, ..server::Config::default() };
    if let Some(path) = &args.config {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read --config {}", path.display()))?;
        let ignored = config
            .take_loki_yaml(&text)
            .with_context(|| format!("the configuration {} cannot be used", path.display()))?;
        if !ignored.is_empty() {
            tracing::warn!(settings = ignored.join(", "), "settings without a meaning here");
        }
    }
    args.retention.iter().for_each(|Period(period)| config.keep_for(*period));
    args.retention_rules.iter().for_each(|Rule(rule)| config.keep_streams(rule.clone()));
    config.multi_tenant |= args.multi_tenant;
    config.insecure_no_token = args.insecure_no_token;
    let token = crate::client::token(None, args.token_file.as_deref())?;
    config.token = token.as_deref().and_then(Token::new);
    Ok(config)
}
