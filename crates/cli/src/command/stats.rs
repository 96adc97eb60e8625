//! `barogram stats`

use anyhow::Result;
use model::SystemClock;

use crate::args::{ClientArgs, OutputArgs, StatsArgs};
use crate::client::Client;
use crate::show::{color, stats};
use crate::time;

pub(super) async fn run(client: &ClientArgs, output: &OutputArgs, args: &StatsArgs) -> Result<()> {
    let bounds = time::bounds(&args.range, &time::zone(&output.timezone)?, &SystemClock)?;
    let found = Client::new(client)?.stats(&args.query, &bounds).await?;
    stats::index(&mut std::io::stdout().lock(), &found, color::wanted())?;
    Ok(())
}
