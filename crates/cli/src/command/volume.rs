//! `barogram volume` and `barogram volume_range`

use anyhow::Result;
use loki::response::QueryResponse;
use loki::volume::{AggregateBy, VolumeQuery};
use model::SystemClock;

use super::query::tell;
use crate::args::{ClientArgs, OutputArgs, VolumeArgs, VolumeRangeArgs};
use crate::client::Client;
use crate::show::numbers;
use crate::time;

pub(super) async fn run(client: &ClientArgs, output: &OutputArgs, args: &VolumeArgs) -> Result<()> {
    let query = query(output, args)?;
    print(output, &Client::new(client)?.volume(&query).await?)
}

pub(super) async fn run_range(
    client: &ClientArgs,
    output: &OutputArgs,
    args: &VolumeRangeArgs,
) -> Result<()> {
    let mut query = query(output, &args.volume)?;
    query.step = time::duration(&args.step)?;
    print(output, &Client::new(client)?.volume_range(&query).await?)
}

fn query(output: &OutputArgs, args: &VolumeArgs) -> Result<VolumeQuery> {
    let bounds = time::bounds(&args.range, &time::zone(&output.timezone)?, &SystemClock)?;
    let by = if args.aggregate_by_labels { AggregateBy::Labels } else { AggregateBy::Series };
    Ok(VolumeQuery {
        query: args.query.clone(),
        bounds,
        step: bounds.default_step(),
        limit: args.limit,
        target_labels: args.target_labels.clone(),
        aggregate_by: by,
    })
}

fn print(output: &OutputArgs, response: &QueryResponse) -> Result<()> {
    tell(output, response)?;
    let zone = time::zone(&output.timezone)?;
    let out = &mut std::io::stdout().lock();
    numbers::print(out, &response.data.result, output.output, &zone)?;
    Ok(())
}
