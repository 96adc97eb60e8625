//! `barogram labels`

use std::io::Write;

use anyhow::Result;
use model::SystemClock;

use crate::args::{ClientArgs, LabelsArgs};
use crate::client::Client;

pub(super) async fn run(client: &ClientArgs, args: &LabelsArgs) -> Result<()> {
    let bounds = crate::time::bounds(&args.range, &SystemClock)?;
    let names = Client::new(client)?.labels(args.label.as_deref(), &bounds).await?;
    let mut out = std::io::stdout().lock();
    for name in names {
        writeln!(out, "{name}")?;
    }
    Ok(())
}
