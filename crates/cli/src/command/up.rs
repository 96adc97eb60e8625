//! `barogram up`

use anyhow::Result;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::agent::{Agent, Push};
use crate::args::UpArgs;
use crate::assemble::Serving;

pub(super) async fn run(args: &UpArgs) -> Result<()> {
    let serving = Serving::open(&args.serve).await?;
    let mut registry = Registry::default();
    let url = format!("http://{}", serving.address);
    let push = Push { url: &url, token_file: args.serve.token_file.as_deref() };
    let state = args.serve.data.join("collector");
    let agent = Agent::open(&args.pods, push, &state, &mut registry).await?;
    let mut running = serving.start(registry)?;

    let cancel = CancellationToken::new();
    let mut collecting = std::pin::pin!(agent.run(cancel.clone()));
    let ended = tokio::select! {
        ended = running.until_stopped() => ended,
        // A collector that ends by itself has failed; what was stored must still be served well.
        failed = &mut collecting => return running.stop().await.and(Ok(failed?)),
    };
    // The collector ends first, so that what it has read still finds a server.
    cancel.cancel();
    let collected = collecting.await;
    running.stop().await?;
    collected?;
    ended
}
