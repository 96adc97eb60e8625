//! The command.

use std::path::PathBuf;

use airflow::TaskFacts;
use airflow::lifecycle::Lifecycle;
use anyhow::{Result, ensure};

use super::corpus::{self, Corpus};
use super::lifecycle;
use super::play::{Played, play};
use super::tally::{Outcome, Tally, compare};
use super::truth::{self, Database};
use crate::report::{Report, Verdict};

/// Compares what lines are found to be about with what is known of them
#[derive(clap::Args)]
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
/// When a corpus cannot be read.
pub fn run(args: &Args) -> Result<Verdict> {
    let paths = corpus::find(&args.folders)?;
    ensure!(!paths.is_empty(), "no corpus found; name a folder with *.tar.zst or truth.jsonl");
    let mut found =
        Found { tally: Tally::default(), details: Vec::new(), lived: Vec::new(), show: args.show };
    for path in paths {
        found.corpus(&Corpus::read(&path)?, args.hide)?;
    }
    found.report().print()
}

struct Found {
    tally: Tally,
    details: Vec<String>,
    /// Tries and runs beside the database, one line each.
    lived: Vec<String>,
    show: usize,
}

impl Found {
    fn corpus(&mut self, corpus: &Corpus, hide: Option<Hide>) -> Result<()> {
        let truths = truth::read(corpus)?;
        let database = Database::read(corpus)?;
        let mut shown = [0; 3];
        let mut lifecycle = Lifecycle::default();
        play(corpus, hide, |line| {
            lifecycle::take(&mut lifecycle, line);
            let Some(of_file) = truths.get(line.file) else { return };
            for number in line.records {
                let Some(truth) = of_file.get(number) else { continue };
                let outcome = compare(truth.task.as_ref(), line.facts());
                let outcome = database.judge(outcome, line);
                let place = if line.component.is_some() { "stdout" } else { "file" };
                self.tally.add(&corpus.name, &format!("{}, {place}", truth.kind), outcome);
                let slot = match outcome {
                    Outcome::Wrong => 0,
                    Outcome::Missed => 1,
                    Outcome::Partial => 2,
                    Outcome::Right | Outcome::Nobody | Outcome::Disputed => continue,
                };
                shown[slot] += 1;
                if shown[slot] <= self.show {
                    self.details.push(detail(line, *number, outcome, truth.task.as_ref()));
                }
            }
        })?;
        let tries = lifecycle::tries(corpus, &lifecycle)?;
        let runs = lifecycle::runs(corpus, &lifecycle)?;
        let odd = [&tries, &runs].map(|score| score.odd.iter().take(self.show));
        self.details.extend(odd.into_iter().flatten().cloned());
        self.lived.push(tries.row(&corpus.name, "tries"));
        self.lived.push(runs.row(&corpus.name, "runs"));
        Ok(())
    }

    fn report(self) -> Report {
        let row = |((corpus, sort), count): (&(String, String), &super::tally::Count)| {
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
        let holds = total.wrong == 0;
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
            details: self.details.into_iter().chain(self.lived).collect(),
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

fn detail(line: &Played<'_>, number: u64, outcome: Outcome, truth: Option<&TaskFacts>) -> String {
    let text: String = line.text.chars().take(200).collect();
    let by = line.answer.map_or("-", |answer| answer.by.as_str());
    let shown = |facts: Option<&TaskFacts>| facts.map_or_else(|| "-".to_owned(), show);
    format!(
        "{outcome:?} {}:{number} {} by {by}, truth {}\n  {text}",
        line.file,
        shown(line.facts()),
        shown(truth),
    )
}

fn show(facts: &TaskFacts) -> String {
    let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
    let index = facts.map_index.map_or_else(|| "?".to_owned(), |index| index.to_string());
    let number = facts.try_number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let [dag_id, run_id, task_id] = [&facts.dag_id, &facts.run_id, &facts.task_id].map(text);
    format!("{dag_id}/{run_id}/{task_id}/{index}/{number}")
}
