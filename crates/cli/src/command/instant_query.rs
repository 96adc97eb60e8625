//! `barogram instant-query`

use anyhow::Result;
use model::{Clock, SystemClock};

use super::query::print_warnings;
use crate::args::{ClientArgs, InstantQueryArgs};
use crate::client::Client;
use crate::show::numbers;

pub(super) async fn run(client: &ClientArgs, args: &InstantQueryArgs) -> Result<()> {
    let time = args.now.as_deref().map_or_else(|| Ok(SystemClock.now()), crate::time::parse)?;
    let response = Client::new(client)?.query(&args.query, time, args.limit).await?;
    print_warnings(&response.warnings, client.quiet);
    numbers::json(&mut std::io::stdout().lock(), &response.data.result)?;
    Ok(())
}
