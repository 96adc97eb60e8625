//! `barogram labels`

use std::io::Write;

use anyhow::Result;
use model::SystemClock;

use crate::args::{ClientArgs, LabelsArgs, OutputArgs};
use crate::client::Client;
use crate::time;

pub(super) async fn run(client: &ClientArgs, output: &OutputArgs, args: &LabelsArgs) -> Result<()> {
    let bounds = time::bounds(&args.range, &time::zone(&output.timezone)?, &SystemClock)?;
    let names = Client::new(client)?.labels(args.label.as_deref(), &bounds).await?;
    let mut out = std::io::stdout().lock();
    for name in names {
        writeln!(out, "{name}")?;
    }
    Ok(())
}
