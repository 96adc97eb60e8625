//! The command `barogram query`.

use std::io::stdin;

use anyhow::{Result, bail};
use jiff::tz::TimeZone;
use loki::query::{Direction, RangeQuery};
use model::{Clock, SystemClock};

use super::{Answer, narrowed, parts, tell};
use crate::args::{ClientArgs, OutputArgs, QueryArgs, StoreArgs, TailArgs};
use crate::client::Client;
use crate::command::tail;
use crate::show::lines::Style;
use crate::{local, time};

pub(in crate::command) async fn run(
    client: &ClientArgs,
    output: &OutputArgs,
    args: &QueryArgs,
) -> Result<()> {
    refuse_store(&args.store)?;
    let style = Style::new(output, &args.labels)?;
    if client.stdin {
        let query = args.query.as_deref().unwrap_or_default();
        let result = local::query(stdin().lock(), query, SystemClock.now(), 0)?;
        return Answer::new(style, Direction::Forward).print(&result);
    }
    if args.tail || args.follow {
        return tail::run(client, output, &as_tail(args)).await;
    }
    let request = request(args, &style.zone, &SystemClock)?;
    let client = Client::new(client)?;
    if args.parallel.parallel_max_workers > 1 || args.parallel.part_path_prefix.is_some() {
        return parts::run(&client, output, &args.parallel, &request, args.batch, &style).await;
    }
    let mut answer = Answer::new(style, request.direction);
    let print = |response: loki::response::QueryResponse| {
        tell(output, &response)?;
        answer.print(&response.data.result)
    };
    client.all_lines(&request, args.batch, print).await?;
    Ok(())
}

/// logcli can read a Loki's bucket with Loki's own code; we have other files at rest.
pub(in crate::command) fn refuse_store(args: &StoreArgs) -> Result<()> {
    if args.store_config.is_some() || args.remote_schema || args.schema_store.is_some() {
        bail!(
            "--store-config, --remote-schema and --schema-store read the bucket of a Loki, which \
             barogram cannot: ask a running server with --addr"
        );
    }
    Ok(())
}

fn as_tail(args: &QueryArgs) -> TailArgs {
    TailArgs {
        query: args.query.clone(),
        since: args.range.since.clone(),
        from: args.range.from.clone(),
        limit: args.limit,
        delay_for: args.delay_for,
        airflow: args.airflow.clone(),
        labels: args.labels.clone(),
    }
}

fn request(args: &QueryArgs, zone: &TimeZone, clock: &dyn Clock) -> Result<RangeQuery> {
    let bounds = time::bounds(&args.range, zone, clock)?;
    let step = args.step.as_deref().map_or_else(|| Ok(bounds.default_step()), time::duration)?;
    let interval =
        args.interval.as_deref().map_or_else(|| Ok(Default::default()), time::duration)?;
    Ok(RangeQuery {
        query: narrowed(args.query.as_deref(), &args.airflow)?,
        bounds,
        step,
        interval,
        limit: args.limit,
        direction: if args.forward { Direction::Forward } else { Direction::Backward },
    })
}
