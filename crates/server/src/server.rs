//! [`Server`]: built from settings and parts, served on a listener until it is told to stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use model::Clock;
use prometheus_client::registry::Registry;
use query::Engine;
use store::{Rules, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use crate::retention::Retention;
use crate::{auth, lifecycle, router};

/// How long requests may go on once the server is told to stop: a little more than a query may take
/// is pointless, since an orchestrator kills after 30 s.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);

/// What a server works with.
#[derive(Debug)]
pub struct Parts {
    /// Where pushes go, and what is known about streams.
    pub store: Store,
    /// Who answers queries.
    pub engine: Engine,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// All metrics of the process: ours are added, and `/metrics` shows them.
    pub registry: Registry,
}

/// A server that is ready to serve.
#[derive(Debug)]
pub struct Server {
    router: Router,
    rules: Arc<dyn Rules>,
    app: Arc<App>,
}

impl Server {
    /// A server with these settings.
    ///
    /// # Errors
    /// When it would let anybody in without having been told so.
    pub fn build(config: Config, parts: Parts) -> Result<Self, Error> {
        auth::check_exposure(&config)?;
        let rules = Arc::new(Retention::new(&config)?);
        let app = Arc::new(App::new(config, parts)?);
        Ok(Self { router: router::router(Arc::clone(&app)), app, rules })
    }

    /// What the store's upkeep must know: how long lines are kept, and what deletions mean.
    #[must_use]
    pub fn rules(&self) -> Arc<dyn Rules> {
        Arc::clone(&self.rules)
    }

    /// Takes the address that the settings name.
    ///
    /// # Errors
    /// When somebody else has it, or it is not ours to take.
    pub async fn listen(addr: SocketAddr) -> Result<TcpListener, Error> {
        TcpListener::bind(addr).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => Error::PortInUse(addr),
            _ => Error::Listen { addr, source },
        })
    }

    /// Serves until `shutdown` completes; then lets the requests that have begun come to their end,
    /// and ends live tails, which have none.
    ///
    /// # Errors
    /// When the listener breaks down.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), Error> {
        let listener = listener.tap_io(|connection| {
            // Answers are written at once; waiting for more to send only delays them.
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
        });
        let (stop, lifecycles) = (CancellationToken::new(), self.keep_lifecycles());
        let serving = axum::serve(listener, self.router)
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::select! {
            served = async {
                serving.await?;
                self.app.tails.ended().await;
                Ok(())
            } => served.map_err(Error::Serve),
            () = lifecycles => Ok(()),
            () = async {
                shutdown.await;
                stop.cancel();
                self.app.tails.stop();
                tokio::time::sleep(SHUTDOWN_GRACE).await;
                tracing::warn!("some requests did not end in time and are cut off");
            } => Ok(()),
        }
    }

    /// Keeps what the lines tell of tries and runs, without end: a part of serving.
    pub fn keep_lifecycles(&self) -> impl Future<Output = ()> + Send + use<> {
        lifecycle::run(Arc::clone(&self.app))
    }

    /// The routes, for tests that need no socket.
    pub fn into_router(self) -> Router {
        self.router
    }
}
