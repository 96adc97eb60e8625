//! `barogram serve`

use anyhow::Result;
use prometheus_client::registry::Registry;

use crate::args::ServeArgs;
use crate::assemble::Serving;

pub(super) async fn run(args: &ServeArgs) -> Result<()> {
    let mut running = Serving::open(args).await?.start(Registry::default())?;
    let ended = running.until_stopped().await;
    running.stop().await.and(ended)
}
