//! `barogram import`

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use anyhow::{Context, Result, anyhow, bail};
use jiff::tz::TimeZone;
use model::labels::is_label_name;
use model::{Clock, Labels, SystemClock, Timestamp};
use tokio::runtime::Handle;

use crate::args::{ClientArgs, ImportArgs, OutputArgs};
use crate::client::Client;
use crate::exit::Code;
use crate::import::carry::{Carried, carry};
use crate::import::journal::{Head, Journal};
use crate::import::logs::{Found, LogFile, Logs};
use crate::import::meter::Meter;
use crate::import::read::{Shelf, Task};
use crate::show::bytes;
use crate::{place, time};

/// The exit code when it came to its end, and something is not stored.
const INCOMPLETE: Code = Code { code: 2, what: "not all is imported" };
/// Labels that are the reader's own, since queries rely on what they say.
const OWN_LABELS: [&str; 4] = ["component", "dag_id", "task_id", "level"];

pub(super) async fn run(client: &ClientArgs, output: &OutputArgs, args: &ImportArgs) -> Result<()> {
    let zone = time::zone(&output.timezone)?;
    let now = SystemClock.now();
    let (range, labels, logs) = (range(args, &zone, now)?, labels(&args.labels)?, open(args)?);
    let mut found = {
        let logs = logs.clone();
        tokio::task::spawn_blocking(move || logs.find()).await??
    };
    found.files.retain(|file| range.contains(&file.date));
    let tenant = client.org_id.clone().unwrap_or_default();
    let head = Head::new(whole(&args.place), client.addr.clone(), tenant, labels.to_string());
    if args.dry_run {
        let journal = Journal::read(&args.journal_dir, &head)?;
        return plan(&found, &journal, &zone).map_err(Into::into);
    }
    let client = Client::new(client)?;
    let mut journal = Journal::open(&args.journal_dir, &head)?;
    let rest = Rest { others: std::mem::take(&mut found.others), links: found.links };
    let failures = std::mem::take(&mut found.failures);
    let (tasks, done) = tasks(found.files, &journal);
    let meter = Meter::new(tasks.iter().map(|task| task.file.bytes).sum(), output.quiet);
    let next = AtomicUsize::new(0);
    let shelf = Shelf { logs, tasks, labels, now, is_stopped: args.stopped, next };
    let carried = carry(Arc::new(shelf), &client, &mut journal, &meter).await;
    meter.end();
    let mut carried = carried.context("the import is not at its end; run it again to go on")?;
    carried.failures.add_all(failures);
    summary(&carried, &meter, done)?;
    rest.tell(&mut io::stdout().lock())?;
    troubles(&carried)
}

/// The range that the dates of runs must be in.
fn range(args: &ImportArgs, zone: &TimeZone, now: Timestamp) -> Result<std::ops::Range<Timestamp>> {
    let at =
        |text: &str| time::duration(text).map(|ago| now - ago).or_else(|_| time::parse(text, zone));
    let start = args.since.as_deref().map_or(Ok(Timestamp::MIN), at)?;
    let end = args.until.as_deref().map_or(Ok(Timestamp::MAX), at)?;
    if start >= end {
        bail!("the range is empty: --since must be before --until");
    }
    Ok(start..end)
}

fn labels(texts: &[String]) -> Result<Labels> {
    let pair = |text: &String| {
        let (name, value) = text
            .split_once('=')
            .with_context(|| format!("--label {text:?} has no =: write it as name=value"))?;
        if !is_label_name(name) {
            bail!(
                "--label {name:?} must begin with a letter or an underscore, and have only these and digits"
            );
        }
        if OWN_LABELS.contains(&name) {
            bail!("--label {name} is set from the files: leave it out");
        }
        Ok((name.to_owned(), value.to_owned()))
    };
    Ok(Labels::new(texts.iter().map(pair).collect::<Result<Vec<_>>>()?))
}

fn open(args: &ImportArgs) -> Result<Logs> {
    if !args.place.contains("://") {
        return Ok(Logs::Folder(args.place.as_str().into()));
    }
    let objects = place::existing(Some(&args.place), &args.store_options)?;
    let objects = objects.ok_or_else(|| anyhow!("{} names no bucket", args.place))?;
    Ok(Logs::Bucket(objects, Handle::current()))
}

/// The place by a name that is the same from every working folder.
fn whole(place: &str) -> String {
    let path = std::fs::canonicalize(Path::new(place));
    path.map_or_else(|_| place.to_owned(), |path| path.display().to_string())
}

/// What is to be read, and how many files are imported already.
fn tasks(files: Vec<LogFile>, journal: &Journal) -> (Vec<Task>, u64) {
    let mut done = 0;
    let mut task = |file: LogFile| {
        let known = journal.known(&file.name);
        // One that became smaller is another file.
        let known = known.filter(|known| match file.is_packed() {
            true => known.bytes == file.bytes,
            false => known.bytes <= file.bytes,
        });
        if known.is_some_and(|known| known.whole && known.bytes == file.bytes) {
            done += 1;
            return None;
        }
        Some(Task { place: known.map(|known| known.place).unwrap_or_default(), file })
    };
    let tasks = files.into_iter().filter_map(&mut task).collect();
    (tasks, done)
}

/// What is in a log folder and no log of a task.
struct Rest {
    others: BTreeMap<String, u64>,
    links: u64,
}

impl Rest {
    fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        let place = |(folder, count): (&String, &u64)| match folder.as_str() {
            "" => format!("{count} beside the folders"),
            folder => format!("{count} in {folder}"),
        };
        let files: u64 = self.others.values().sum();
        if files > 0 {
            let places: Vec<String> = self.others.iter().map(place).collect();
            writeln!(out, "left out, since they are no logs of tasks: {}", places.join(", "))?;
        }
        if self.links > 0 {
            writeln!(
                out,
                "left out: {}, which name what is there anyway",
                count(self.links, "link")
            )?;
        }
        Ok(())
    }
}

/// What would be imported.
fn plan(found: &Found, journal: &Journal, zone: &TimeZone) -> io::Result<()> {
    let out = &mut io::stdout().lock();
    let (tasks, done) = tasks(found.files.clone(), journal);
    let files = tasks.iter().map(|task| &task.file);
    let left = |task: &Task| match task.file.is_packed() {
        true => task.file.bytes,
        false => task.file.bytes.saturating_sub(task.place.from),
    };
    let bytes = bytes::human(tasks.iter().map(left).sum());
    let (mut dags, mut runs) = (HashSet::new(), HashSet::new());
    for path in files.clone().filter_map(LogFile::path) {
        let task = path.task;
        runs.insert((task.dag_id.clone(), task.run_id.or(task.logical_date)));
        dags.insert(task.dag_id);
    }
    let of = [(tasks.len(), "file"), (dags.len(), "DAG"), (runs.len(), "run")];
    let [files_of, dags, runs] = of.map(|(number, what)| count(number as u64, what));
    writeln!(out, "to be imported: {files_of}, {bytes}, of {runs} of {dags}")?;
    let dates = || files.clone().map(|file| file.date);
    if let (Some(first), Some(last)) = (dates().min(), dates().max()) {
        let [first, last] = [first, last].map(|date| time::show(date, zone));
        writeln!(out, "runs from {first} to {last}")?;
    }
    if done > 0 {
        writeln!(out, "imported before: {}", count(done, "file"))?;
    }
    found
        .failures
        .told
        .iter()
        .try_for_each(|failure| writeln!(out, "cannot be read: {failure}"))?;
    Rest { others: found.others.clone(), links: found.links }.tell(out)
}

fn summary(carried: &Carried, meter: &Meter, done: u64) -> io::Result<()> {
    let out = &mut io::stdout().lock();
    let counted = &carried.count;
    let (size, speed) = (bytes::human(counted.line_bytes), meter.speed(counted));
    let stored = counted.entries - carried.refused.entries;
    let files = count(counted.files, "file");
    writeln!(out, "imported: {files}, {stored} entries, {size} of lines, {speed}")?;
    if done > 0 {
        writeln!(out, "imported before: {}", count(done, "file"))?;
    }
    if carried.open > 0 {
        writeln!(
            out,
            "left open: the last lines of {}, which may be written to still; run it again later, or \
             with --stopped",
            count(carried.open, "file")
        )?;
    }
    Ok(())
}

/// Tells what is not stored, and fails where there is any.
fn troubles(carried: &Carried) -> Result<()> {
    let out = &mut io::stdout().lock();
    let (refused, failures) = (&carried.refused, &carried.failures);
    for (log, (entries, reason)) in &refused.told {
        writeln!(out, "refused: {entries} of {log}: {reason}")?;
    }
    failures.told.iter().try_for_each(|failure| writeln!(out, "cannot be read: {failure}"))?;
    if refused.entries == 0 && failures.count == 0 {
        return Ok(());
    }
    let what = format!(
        "{} refused, {} that cannot be read; see above",
        count(refused.entries, "line"),
        count(failures.count, "file")
    );
    Err(anyhow!(what).context(INCOMPLETE))
}

/// `1 file`, `2 files`
fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
