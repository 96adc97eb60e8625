//! `barogram verify`

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::{Clock, SystemClock};
use serde::Serialize;
use store::verify::{
    Depth, Finding, Progress, Repair, Repaired, Repairs, Report, Severity, Summary, Told,
    Verification,
};

use crate::args::{OutputArgs, OutputMode, VerifyArgs};
use crate::exit::Code;
use crate::place;
use crate::show::{bytes, color, json};

/// The exit code when it could not look.
const BLIND: Code = Code { code: 2, what: "failed to look at the store" };

pub(super) async fn run(output: &OutputArgs, args: &VerifyArgs) -> Result<()> {
    let paper = Paper::new(output);
    let errors = if args.repair {
        repair(&paper, args).await.context(BLIND)?
    } else {
        let report = look(&paper, args).await.context(BLIND)?;
        let what = "These repairs would be done by --repair, with the server stopped:";
        paper.repairs(what, &report.repairs)?;
        paper.summary(&report.summary)?;
        report.summary.errors
    };
    match errors {
        0 => Ok(()),
        1 => bail!("1 error was found"),
        errors => bail!("{errors} errors were found"),
    }
}

fn depth(args: &VerifyArgs) -> Depth {
    if args.quick { Depth::Quick } else { Depth::Full }
}

async fn look(paper: &Paper, args: &VerifyArgs) -> Result<Report> {
    let now = SystemClock.now();
    let verification = match place::existing(args.store.as_deref(), &args.store_options)? {
        None => Verification::folder(&args.data, now)?,
        Some(objects) => {
            let (wal_dir, place) = (args.data.join("wal"), objects.to_string());
            Verification::new(objects, Some(wal_dir), place, now)
        }
    };
    paper.report(&verification, depth(args)).await
}

/// Repairs, and looks again. Returns how many errors are left.
async fn repair(paper: &Paper, args: &VerifyArgs) -> Result<u64> {
    let objects = place::existing(args.store.as_deref(), &args.store_options)?;
    let repairs = Repairs::lock(&args.data, objects, Arc::new(SystemClock))?;
    let report = paper.report(repairs.verification(), depth(args)).await?;
    if report.repairs.is_empty() {
        paper.summary(&report.summary)?;
        return Ok(report.summary.errors);
    }
    paper.summary(&report.summary)?;
    paper.repairs("Repairs:", &report.repairs)?;
    for repair in &report.repairs {
        paper.repaired(&repairs.run(repair).await?)?;
    }
    paper.headline("After the repairs:")?;
    let after = paper.report(repairs.verification(), depth(args)).await?;
    paper.summary(&after.summary)?;
    Ok(after.summary.errors)
}

/// Where all of it is written.
struct Paper {
    is_json: bool,
    is_quiet: bool,
    colored: bool,
}

/// A line of the output for programs.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Finding(&'a Finding),
    Repair(String),
    Repaired(&'a Repaired),
    Summary(&'a Summary),
}

impl Paper {
    fn new(output: &OutputArgs) -> Self {
        let is_json = output.output == OutputMode::Jsonl;
        Self { is_json, is_quiet: output.quiet, colored: color::wanted() }
    }

    /// Looks at a store, with a bar for its progress, and writes what is found when it is.
    async fn report(&self, verification: &Verification, depth: Depth) -> Result<Report> {
        let bar = bar(self.is_quiet);
        // Only the first is told: the others will have the same reason.
        let mut failure: Option<io::Error> = None;
        let mut listener = |told: Told<'_>| match told {
            Told::Progress(progress) => show(&bar, progress),
            Told::Finding(finding) => {
                let written = bar.suspend(|| self.finding(finding));
                failure = failure.take().or(written.err());
            }
        };
        let report = verification.run(depth, &mut listener).await;
        bar.finish_and_clear();
        failure.map_or(Ok(()), Err)?;
        Ok(report?)
    }

    fn finding(&self, finding: &Finding) -> io::Result<()> {
        let out = &mut io::stdout().lock();
        if self.is_json {
            return json::line(out, &Line::Finding(finding));
        }
        if self.is_quiet && finding.severity == Severity::Note {
            return Ok(());
        }
        let severity = match finding.severity {
            Severity::Error => color::red("error", self.colored),
            Severity::Warning => color::yellow("warning", self.colored),
            Severity::Note => color::faint("note", self.colored),
        };
        writeln!(out, "{severity}: {finding}")
    }

    fn headline(&self, text: &str) -> io::Result<()> {
        if self.is_json || self.is_quiet {
            return Ok(());
        }
        writeln!(io::stdout(), "{}", color::bold(text, self.colored))
    }

    fn repairs(&self, headline: &str, repairs: &[Repair]) -> io::Result<()> {
        if !repairs.is_empty() {
            self.headline(headline)?;
        }
        let out = &mut io::stdout().lock();
        repairs.iter().try_for_each(|repair| match self.is_json {
            true => json::line(out, &Line::Repair(repair.to_string())),
            false => writeln!(out, "  {repair}"),
        })
    }

    fn repaired(&self, repaired: &Repaired) -> io::Result<()> {
        let out = &mut io::stdout().lock();
        if self.is_json {
            return json::line(out, &Line::Repaired(repaired));
        }
        writeln!(out, "done: {}", repaired.done)?;
        repaired
            .lost
            .iter()
            .try_for_each(|loss| writeln!(out, "  {} {loss}", color::red("lost:", self.colored)))
    }

    fn summary(&self, summary: &Summary) -> io::Result<()> {
        let out = &mut io::stdout().lock();
        if self.is_json {
            return json::line(out, &Line::Summary(summary));
        }
        writeln!(out, "{}", sentence(summary))
    }
}

/// `2 segments (8 kB, 370 rows, 370 verified) of manifest 2, 4 log files (3 records to publish): …`
fn sentence(summary: &Summary) -> String {
    let count =
        |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    format!(
        "{} ({}, {}, {} verified) of manifest {}, {} ({} to publish): {}, {}, {}",
        count(summary.segments, "segment"),
        bytes::human(summary.segment_bytes),
        count(summary.rows, "row"),
        summary.rows_verified,
        summary.manifest,
        count(summary.log_files, "log file"),
        count(summary.log_records_unpublished, "record"),
        count(summary.errors, "error"),
        count(summary.warnings, "warning"),
        count(summary.notes, "note"),
    )
}

/// A bar on a terminal, nothing elsewhere.
fn bar(is_quiet: bool) -> ProgressBar {
    if is_quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {msg}, {eta} to go");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, progress: Progress) {
    let Progress { segments, segments_of, bytes, bytes_of } = progress;
    bar.set_length(bytes_of);
    bar.set_position(bytes);
    let (done, all) = (bytes::human(bytes), bytes::human(bytes_of));
    bar.set_message(format!("{segments} of {segments_of} segments, {done} of {all}"));
}
