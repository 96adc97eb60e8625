//! `barogram delete create`, `list` and `cancel`

use std::io::{self, Write};

use anyhow::{Result, bail};
use jiff::tz::TimeZone;
use loki::delete::DeleteRequest;
use loki::time::Bounds;
use model::{Clock, SystemClock, Timestamp};
use serde_json::Number;

use crate::args::{
    ClientArgs, DeleteArgs, DeleteCommand, DeleteCreateArgs, OutputArgs, OutputMode,
};
use crate::client::Client;
use crate::show::json;
use crate::time;

pub(super) async fn run(client: &ClientArgs, output: &OutputArgs, args: &DeleteArgs) -> Result<()> {
    let zone = time::zone(&output.timezone)?;
    let client = Client::new(client)?;
    let out = &mut io::stdout();
    match &args.command {
        DeleteCommand::Create(args) => {
            let bounds = bounds(args, &zone, &SystemClock)?;
            client.delete_create(&args.query, &bounds, args.max_interval.as_deref()).await?;
            if !output.quiet {
                writeln!(out, "Delete request created successfully")?;
            }
        }
        DeleteCommand::List => print(out, &client.delete_list().await?, output, &zone)?,
        DeleteCommand::Cancel(args) => {
            client.delete_cancel(&args.request_id, args.force).await?;
            if !output.quiet {
                writeln!(out, "Delete request {} cancelled successfully", args.request_id)?;
            }
        }
    }
    Ok(())
}

fn bounds(args: &DeleteCreateArgs, zone: &TimeZone, clock: &dyn Clock) -> Result<Bounds> {
    let start = time::parse(&args.from, zone)?;
    let end = args.to.as_deref().map_or_else(|| Ok(clock.now()), |to| time::parse(to, zone))?;
    if start >= end {
        bail!("the range is empty: --from must be before --to");
    }
    if let Some(interval) = &args.max_interval {
        time::duration(interval)?;
    }
    Ok(Bounds { start, end })
}

fn print(
    out: &mut impl Write,
    requests: &[DeleteRequest],
    output: &OutputArgs,
    zone: &TimeZone,
) -> io::Result<()> {
    match output.output {
        OutputMode::Jsonl => return requests.iter().try_for_each(|one| json::line(out, one)),
        OutputMode::Raw => return json::indented(out, &requests),
        OutputMode::Default | OutputMode::Chart => {}
    }
    if !output.quiet {
        writeln!(out, "Found {} delete requests:", requests.len())?;
    }
    let show = |seconds: &Number| {
        let millis = seconds.as_f64().unwrap_or_default() * 1000.0;
        time::show(Timestamp::from_millis(millis as i64), zone)
    };
    for request in requests {
        writeln!(out, "Query: {}", request.query)?;
        writeln!(out, "Start Time: {}", show(&request.start_time))?;
        writeln!(out, "End Time: {}", show(&request.end_time))?;
        writeln!(out, "Status: {}", request.status)?;
        // Not printed by logcli, though its own `cancel` asks for it.
        writeln!(out, "Request ID: {}", request.request_id)?;
        writeln!(out, "---")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::time::TimestampFormat;

    fn shown(mode: OutputMode) -> String {
        let output = OutputArgs {
            quiet: false,
            stats: false,
            output: mode,
            timezone: "UTC".into(),
            output_timestamp_format: TimestampFormat::default(),
            log_level: None,
            cpuprofile: None,
            memprofile: None,
        };
        let requests = r#"[{"request_id":"1f","start_time":1768456800,"end_time":1768456801.5,
            "query":"{a=\"b\"}","status":"received","created_at":1768456900}]"#;
        let requests: Vec<DeleteRequest> = serde_json::from_str(requests).unwrap();
        let mut out = Vec::new();
        print(&mut out, &requests, &output, &TimeZone::UTC).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn requests_are_listed() {
        assert_snapshot!(shown(OutputMode::Default), @r#"
        Found 1 delete requests:
        Query: {a="b"}
        Start Time: 2026-01-15T06:00:00Z
        End Time: 2026-01-15T06:00:01Z
        Status: received
        Request ID: 1f
        ---
        "#);
        let jsonl = r#"{"request_id":"1f","start_time":1768456800,"end_time":1768456801.5,"#;
        assert!(shown(OutputMode::Jsonl).starts_with(jsonl), "times are as the server wrote them");
    }
}
