//! `barogram collect`

use anyhow::Result;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::args::CollectArgs;
use crate::assemble;

pub(super) async fn run(args: &CollectArgs) -> Result<()> {
    let mut registry = Registry::default();
    let collector = assemble::collector(&args.pods, &args.push, &args.state, &mut registry)?;
    let cancel = CancellationToken::new();
    let mut running = std::pin::pin!(collector.run(cancel.clone()));
    tokio::select! {
        ended = &mut running => return Ok(ended?),
        signal = assemble::stopped() => signal?,
    }
    cancel.cancel();
    Ok(running.await?)
}
