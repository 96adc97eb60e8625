//! `barogram detected-fields`

use std::io;

use anyhow::Result;
use loki::detected::FieldsQuery;
use model::SystemClock;

use crate::args::{ClientArgs, DetectedFieldsArgs, OutputArgs};
use crate::client::Client;
use crate::show::{color, fields};
use crate::time;

pub(super) async fn run(
    client: &ClientArgs,
    output: &OutputArgs,
    args: &DetectedFieldsArgs,
) -> Result<()> {
    let query = FieldsQuery {
        query: args.query.clone(),
        bounds: time::bounds(&args.range, &time::zone(&output.timezone)?, &SystemClock)?,
        limit: args.limit,
        line_limit: args.line_limit,
    };
    let step = args.step.as_deref().map(time::duration).transpose()?;
    let client = Client::new(client)?;
    let (mode, colored) = (output.output, color::wanted());
    if let Some(field) = &args.field {
        let found = client.detected_values(field, &query, step).await?;
        fields::print_values(&mut io::stdout().lock(), &found, mode, colored)?;
    } else {
        let found = client.detected_fields(&query, step).await?;
        fields::print(&mut io::stdout().lock(), &found, mode, colored)?;
    }
    Ok(())
}
