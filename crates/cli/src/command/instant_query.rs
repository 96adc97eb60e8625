//! `barogram instant-query`

use anyhow::Result;
use loki::query::Direction;
use model::{Clock, SystemClock};

use super::query::{Answer, refuse_store, tell};
use crate::args::{ClientArgs, InstantQueryArgs, OutputArgs};
use crate::client::Client;
use crate::show::lines::Style;
use crate::{local, time};

pub(super) async fn run(
    client: &ClientArgs,
    output: &OutputArgs,
    args: &InstantQueryArgs,
) -> Result<()> {
    refuse_store(&args.store)?;
    let style = Style::new(output, &args.labels)?;
    let now = || Ok(SystemClock.now());
    let at = args.now.as_deref().map_or_else(now, |text| time::parse(text, &style.zone))?;
    let direction = if args.forward { Direction::Forward } else { Direction::Backward };
    let mut answer = Answer::new(style, direction);
    if client.stdin {
        return answer.print(&local::query(std::io::stdin().lock(), &args.query, at, 0)?);
    }
    let client = Client::new(client)?;
    let response = client.query_towards(&args.query, at, args.limit, direction).await?;
    tell(output, &response)?;
    answer.print(&response.data.result)
}
