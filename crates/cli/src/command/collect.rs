//! `barogram collect`

use anyhow::Result;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::agent::{Agent, Push};
use crate::args::CollectArgs;
use crate::{assemble, configured};

pub(super) async fn run(args: &CollectArgs) -> Result<()> {
    if let Some(path) = &args.config {
        return configured::run(args, path).await;
    }
    let mut registry = Registry::default();
    let push = Push { url: &args.push, token_file: args.token_file.as_deref() };
    let agent = Agent::open(&args.pods, push, &args.state, &mut registry).await?;
    let cancel = CancellationToken::new();
    let mut running = std::pin::pin!(agent.run(cancel.clone()));
    tokio::select! {
        ended = &mut running => return Ok(ended?),
        signal = assemble::stopped() => signal?,
    }
    cancel.cancel();
    Ok(running.await?)
}
