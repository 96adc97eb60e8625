//! The command.

use std::path::PathBuf;

use airflow::TaskFacts;
use anyhow::{Result, ensure};

use super::corpus::{self, Corpus};
use super::found::{Found, Said, find, show};
use super::tally::{Count, Outcome, Tally, compare};
use super::truth::{self, Database, Truth};
use super::{lifecycle, node};
use crate::command::bench::server::binary;
use crate::report::{self, Report, Verdict};

const EXAMPLE: &str = "\
Example:
  cargo xtask attribution CORPORA/airflow3 --show 10";

/// Plays logs of real deployments through the real binary, and compares with the truth
///
/// Each corpus becomes a node's folders: what its pods printed, their descriptions, and the volume
/// with tasks' log files. `barogram up` runs there until nothing more comes; then every line, try
/// and run is read back.
#[derive(clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Args {
    /// Folders with corpora: `*.tar.zst`, or unpacked
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Shows this many lines of each outcome that is not right
    #[arg(long, default_value_t = 0)]
    show: usize,
    /// Plays as if this were not known
    #[arg(long)]
    hide: Option<Hide>,
    /// The folder for data; what an earlier run has left there is removed
    #[arg(long, value_name = "DIR", default_value = "target/attribution")]
    data: PathBuf,
    /// The binary (default: a release built from this tree)
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// What can be hidden from the attributors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Hide {
    /// The annotations of pods
    Annotations,
    /// All of the pods of the KubernetesExecutor but their names
    Pods,
}

/// Runs the command.
///
/// # Errors
/// When a corpus cannot be read, or the binary does not do its work.
pub fn run(args: &Args) -> Result<Verdict> {
    let paths = corpus::find(&args.folders)?;
    ensure!(!paths.is_empty(), "no corpus found; name a folder with *.tar.zst or truth.jsonl");
    let binary = binary(args.binary.as_ref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let progress = report::progress(paths.len() as u64, "corpora played");
    let mut audit = Audit { show: args.show, ..Audit::default() };
    for path in paths {
        let corpus = Corpus::read(&path)?;
        progress.set_message(corpus.name.clone());
        let stored = runtime.block_on(node::play(&corpus, args.hide, &binary, &args.data))?;
        audit.corpus(&corpus, stored)?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    audit.report().print()
}

/// What was found of all corpora.
#[derive(Default)]
struct Audit {
    tally: Tally,
    /// Lines that are not stored, lines that are stored more than once, and stored lines that were
    /// never written.
    lost: u64,
    doubled: u64,
    strange: u64,
    details: Vec<String>,
    /// Tries and runs beside the database, one line each.
    lived: Vec<String>,
    show: usize,
}

impl Audit {
    fn corpus(&mut self, corpus: &Corpus, stored: node::Stored) -> Result<()> {
        let truths = truth::read(corpus)?;
        let database = Database::read(corpus)?;
        let mut shown = [0; 4];
        let strange = find(corpus, stored.lines, |found| {
            let Some(of_file) = truths.get(found.file) else { return };
            self.lost += u64::from(found.stored.is_empty());
            self.doubled += u64::from(found.stored.len() > 1);
            for number in &found.line.records {
                let Some(truth) = of_file.get(number) else { continue };
                let (outcome, said) = judge(&database, truth, found);
                let place = if found.file.starts_with("pods/") { "stdout" } else { "file" };
                self.tally.add(&corpus.name, &format!("{}, {place}", truth.kind), outcome);
                let slot = match outcome {
                    _ if found.stored.len() != 1 => 3,
                    Outcome::Wrong => 0,
                    Outcome::Missed => 1,
                    Outcome::Partial => 2,
                    Outcome::Right | Outcome::Nobody | Outcome::Disputed => continue,
                };
                shown[slot] += 1;
                if shown[slot] <= self.show {
                    self.details.push(detail(found, *number, outcome, truth.task.as_ref(), &said));
                }
            }
        })?;
        self.strange += strange.len() as u64;
        let strange = strange.iter().take(self.show);
        self.details.extend(
            strange.map(|shown| format!("never written: {} {:?}", shown.labels, shown.line)),
        );
        let tries = lifecycle::tries(corpus, &stored.tries)?;
        let runs = lifecycle::runs(corpus, &stored.runs)?;
        let odd = [&tries, &runs].map(|score| score.odd.iter().take(self.show));
        self.details.extend(odd.into_iter().flatten().cloned());
        self.lived.push(tries.row(&corpus.name, "tries"));
        self.lived.push(runs.row(&corpus.name, "runs"));
        Ok(())
    }

    fn report(self) -> Report {
        let row = |((corpus, sort), count): (&(String, String), &Count)| {
            let counts =
                [count.attributable(), count.right, count.partial, count.missed, count.wrong];
            let disputed = count.disputed.to_string();
            let share = match count.attributable() {
                0 => String::new(),
                all => format!("{:.2} %", 100.0 * count.right as f64 / all as f64),
            };
            let mut row = vec![corpus.clone(), sort.clone()];
            row.extend(counts.iter().map(u64::to_string));
            row.extend([disputed, count.nobody.to_string(), share]);
            row
        };
        let rows = self.tally.0.iter().map(row).collect();
        let total = self.tally.total();
        let holds = [total.wrong, self.lost, self.doubled, self.strange] == [0; 4];
        let kept = format!(
            "lines lost {}, doubled {}, never written {}",
            self.lost, self.doubled, self.strange
        );
        Report {
            head: vec![
                "corpus",
                "lines",
                "somebody's",
                "right",
                "in part",
                "missed",
                "wrong",
                "disputed",
                "nobody's",
                "right of all",
            ],
            rows,
            details: self.details.into_iter().chain(self.lived).chain([kept]).collect(),
            figures: format!(
                "right {} of {}, wrong {}",
                total.right,
                total.attributable(),
                total.wrong
            ),
            verdict: if holds { Verdict::Holds } else { Verdict::FallsShort },
        }
    }
}

/// The worst of what is said of a line, each time that it is stored.
fn judge(database: &Database, truth: &Truth, found: &Found<'_>) -> (Outcome, Said) {
    let judged = found.stored.iter().map(|said| {
        let outcome = compare(truth.task.as_ref(), said.task.as_ref());
        let outcome = database.judge(outcome, &found.line.text, said.task.as_ref());
        (outcome, said.clone())
    });
    let worst = judged.max_by_key(|(outcome, _)| *outcome == Outcome::Wrong);
    worst.unwrap_or_else(|| (compare(truth.task.as_ref(), None), Said::default()))
}

fn detail(
    found: &Found<'_>,
    number: u64,
    outcome: Outcome,
    truth: Option<&TaskFacts>,
    said: &Said,
) -> String {
    let text: String = found.line.text.chars().take(200).collect();
    let shown = |facts: Option<&TaskFacts>| facts.map_or_else(|| "-".to_owned(), show);
    let by = match found.stored.len() {
        0 => "which is lost",
        1 => &said.by,
        _ => "which is doubled",
    };
    let [answer, truth] = [said.task.as_ref(), truth].map(shown);
    format!("{outcome:?} {}:{number} {answer} by {by}, truth {truth}\n  {text}", found.file)
}
