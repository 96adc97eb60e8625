//! `barogram tail`, and `barogram query --tail`

use std::future::Future;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::Result;
use loki::tail::{DroppedEntry, TailQuery};
use model::{Clock, SystemClock};
use tokio::signal::unix::{SignalKind, signal};

use super::query::narrowed;
use crate::args::{ClientArgs, OutputArgs, TailArgs};
use crate::client::Client;
use crate::client::tail::{Event, RECONNECT_BACKOFF, Tail};
use crate::show::labels;
use crate::show::lines::{Lines, Style};
use crate::time;

pub(super) async fn run(client: &ClientArgs, output: &OutputArgs, args: &TailArgs) -> Result<()> {
    let style = Style::new(output, &args.labels)?;
    let start = match &args.from {
        Some(from) => time::parse(from, &style.zone)?,
        None => SystemClock.now() - time::duration(&args.since)?,
    };
    let query = TailQuery {
        query: narrowed(args.query.as_deref(), &args.airflow)?,
        start,
        limit: args.limit,
        delay_for: Duration::from_secs(args.delay_for),
    };
    let stopped = stopped()?;
    let tail = Tail::open(&Client::new(client)?, query, RECONNECT_BACKOFF).await?;
    follow(tail, style, stopped).await
}

/// Prints until the server ends the tail, or somebody stops us, which is no error.
async fn follow(mut tail: Tail, style: Style, stopped: impl Future<Output = ()>) -> Result<()> {
    let quiet = style.quiet;
    let lines = Lines::new(style);
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let event = tokio::select! {
            event = tail.next() => event?,
            () = &mut stopped => None,
        };
        match event {
            None => break,
            Some(Event::Lines { streams, dropped }) => {
                let mut out = io::BufWriter::new(io::stdout().lock());
                lines.print_live(&mut out, &streams)?;
                out.flush()?;
                tell_dropped(&mut io::stderr().lock(), &dropped)?;
            }
            Some(Event::Lost { cause }) if !quiet => {
                writeln!(io::stderr(), "the connection was lost ({cause}); connecting again")?;
            }
            Some(Event::Lost { .. }) => {}
        }
    }
    tail.close().await;
    Ok(())
}

/// Says which lines are missing. That is no hint but a gap, so `--quiet` does not hide it.
fn tell_dropped(beside: &mut impl Write, dropped: &[DroppedEntry]) -> io::Result<()> {
    if dropped.is_empty() {
        return Ok(());
    }
    writeln!(beside, "the server dropped {} entries because we were too slow:", dropped.len())?;
    for entry in dropped {
        writeln!(beside, "{} {}", entry.timestamp, labels::text(&entry.labels))?;
    }
    Ok(())
}

/// Ends when somebody presses Ctrl-C, or the system asks us to go.
fn stopped() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_entries_are_told() {
        let entry = r#"{"labels":{"dag_id":"etl"},"timestamp":"1768456800000000000"}"#;
        let mut beside = Vec::new();
        tell_dropped(&mut beside, &[serde_json::from_str(entry).unwrap()]).unwrap();
        insta::assert_snapshot!(String::from_utf8(beside).unwrap(), @r#"
        the server dropped 1 entries because we were too slow:
        1768456800000000000 {dag_id="etl"}
        "#);
    }
}
