//! A long range, cut into parts that several workers fetch at a time.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{Stream, StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use loki::query::{Direction, RangeQuery};
use loki::response::QueryResponse;
use loki::time::Bounds;

use super::part_file::PartFile;
use super::{Answer, tell};
use crate::args::{OutputArgs, ParallelArgs};
use crate::client::Client;
use crate::show::lines::Style;
use crate::time;

/// The shortest part: their files' names tell times to the second.
const PART_MIN: Duration = Duration::from_secs(1);
/// The most parts: beyond, somebody has mixed up units.
const PARTS_MAX: usize = 100_000;

/// What each worker needs.
#[derive(Clone)]
struct Worker {
    client: Client,
    output: OutputArgs,
    style: Style,
    batch: usize,
    overwrite: bool,
    progress: ProgressBar,
}

/// A part that is fetched.
struct Part {
    request: RangeQuery,
    file: Option<PartFile>,
}

pub(super) async fn run(
    client: &Client,
    output: &OutputArgs,
    args: &ParallelArgs,
    request: &RangeQuery,
    batch: usize,
    style: &Style,
) -> Result<()> {
    let parts = parts(request, args)?;
    let worker = Worker {
        client: client.clone(),
        output: output.clone(),
        style: style.clone(),
        batch,
        overwrite: args.overwrite_completed_parts,
        progress: progress(parts.len(), output.quiet),
    };
    let progress = worker.progress.clone();
    let fetched = stream::iter(parts).map(|part| fetch(worker.clone(), part));
    let workers = args.parallel_max_workers.max(1);
    let result = if args.merge_parts {
        // In order: a part is printed when those before it were.
        merge(fetched.buffered(workers), &progress, args.keep_parts).await
    } else {
        drain(fetched.buffer_unordered(workers), &progress).await
    };
    progress.finish_and_clear();
    result
}

async fn merge(
    parts: impl Stream<Item = Result<Part>>,
    progress: &ProgressBar,
    keep: bool,
) -> Result<()> {
    let mut parts = std::pin::pin!(parts);
    while let Some(part) = parts.next().await {
        let file = part?.file.context("a part that is merged has a file")?;
        progress.suspend(|| file.copy_to(&mut io::stdout().lock()))?;
        if !keep {
            file.remove()?;
        }
        progress.inc(1);
    }
    Ok(())
}

async fn drain(parts: impl Stream<Item = Result<Part>>, progress: &ProgressBar) -> Result<()> {
    let mut parts = std::pin::pin!(parts);
    while let Some(part) = parts.next().await {
        part?;
        progress.inc(1);
    }
    Ok(())
}

/// Fetches a part in a task of its own, so that several are decoded at a time.
async fn fetch(worker: Worker, part: Part) -> Result<Part> {
    let task = tokio::spawn(async move { worker.fetch(&part).await.map(|()| part) });
    task.await.context("a worker has failed")?
}

impl Worker {
    async fn fetch(&self, part: &Part) -> Result<()> {
        let mut answer = Answer::new(self.style.clone(), part.request.direction);
        let Some(file) = &part.file else {
            let print = |response: QueryResponse| {
                self.progress.suspend(|| {
                    tell(&self.output, &response)?;
                    answer.print(&response.data.result)
                })
            };
            return self.client.all_lines(&part.request, self.batch, print).await.map(drop);
        };
        if file.is_complete() && !self.overwrite {
            return Ok(());
        }
        let mut writing = file.create()?;
        let write = |response: QueryResponse| {
            let mut beside = Vec::new();
            answer.write(&mut writing.out, &mut beside, &response.data.result)?;
            self.progress.suspend(|| {
                tell(&self.output, &response)?;
                io::stderr().write_all(&beside)?;
                Ok(())
            })
        };
        self.client.all_lines(&part.request, self.batch, write).await?;
        writing.complete()
    }
}

/// A bar on a terminal, nothing elsewhere.
fn progress(parts: usize, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(parts as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} parts, {eta} to go");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The parts in the order in which they are fetched and printed.
fn parts(request: &RangeQuery, args: &ParallelArgs) -> Result<Vec<Part>> {
    let length = time::duration(&args.parallel_duration)?;
    if length < PART_MIN {
        bail!("--parallel-duration {} is too short: give 1s or more", args.parallel_duration);
    }
    // One worker fetches the whole as one part, as with logcli.
    let bounds = match args.parallel_max_workers {
        0 | 1 => vec![request.bounds],
        _ => cut(request.bounds, length, request.direction),
    };
    if bounds.len() > PARTS_MAX {
        bail!("that would be {} parts: give a longer --parallel-duration", bounds.len());
    }
    let part = |bounds| Part {
        // All lines, as with logcli: the parts of one limit would not be of one size.
        request: RangeQuery { bounds, limit: 0, ..request.clone() },
        file: args.part_path_prefix.as_ref().map(|prefix| PartFile::new(prefix, &bounds)),
    };
    Ok(bounds.into_iter().map(part).collect())
}

/// Cuts a range from the end that comes first.
fn cut(bounds: Bounds, length: Duration, direction: Direction) -> Vec<Bounds> {
    let Bounds { mut start, mut end } = bounds;
    let mut parts = Vec::new();
    while start < end && parts.len() <= PARTS_MAX {
        match direction {
            Direction::Forward => {
                let next = (start + length).min(end);
                parts.push(Bounds { start, end: next });
                start = next;
            }
            Direction::Backward => {
                let next = (end - length).max(start);
                parts.push(Bounds { start: next, end });
                end = next;
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    #[track_caller]
    fn check(start: i64, end: i64, length: u64, direction: Direction, expect: &[(i64, i64)]) {
        let bounds = Bounds { start: Timestamp::from_secs(start), end: Timestamp::from_secs(end) };
        let seconds = |time: Timestamp| time.as_nanos() / 1_000_000_000;
        let parts = cut(bounds, Duration::from_secs(length), direction);
        let parts: Vec<_> = parts.iter().map(|p| (seconds(p.start), seconds(p.end))).collect();
        assert_eq!(parts, expect);
    }

    #[test]
    fn parts_cover_the_range_from_the_end_that_comes_first() {
        check(0, 25, 10, Direction::Forward, &[(0, 10), (10, 20), (20, 25)]);
        check(0, 25, 10, Direction::Backward, &[(15, 25), (5, 15), (0, 5)]);
        check(0, 10, 10, Direction::Forward, &[(0, 10)]);
        check(0, 3, 10, Direction::Backward, &[(0, 3)]);
    }
}
