//! The command: senders and a killer at once, then the audit.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::audit::{Found, audit};
use super::killer::{self, Site};
use super::line::Lines;
use super::sender::{Account, Sender, Target};
use crate::command::bench::server::{Server, binary};
use crate::report::{self, Report, Verdict};

/// Connections that push at once.
const CONNECTIONS: usize = 4;
/// How long the server may work on what it has in the background before the audit.
const SETTLING: Duration = Duration::from_secs(2);

/// Kills the real binary under load, again and again, and looks for every line
#[derive(clap::Args)]
pub struct Args {
    /// How often it is killed
    #[arg(long, default_value_t = 20)]
    kills: u64,
    /// Where the objects are (default: in the server's folder)
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Decides lines, pauses and the moments of the kills
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder for data; what an earlier run has left there is removed
    #[arg(long, value_name = "DIR", default_value = "target/crash")]
    data: PathBuf,
    /// The binary (default: a release built from this tree)
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the server does not start again, or refuses a push.
pub fn run(args: &Args) -> Result<Verdict> {
    let binary = binary(args.binary.as_ref())?;
    let data = args.data.join("server");
    killer::empty(&data)?;
    let log = args.data.join("server.log");
    std::fs::write(&log, "")?;
    let site = Site { binary, data, store: args.store.clone(), log };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(crash(args, &site))?.print()
}

async fn crash(args: &Args, site: &Site) -> Result<Report> {
    let lines = Lines::new(args.seed);
    let mut random = Rng::with_seed(args.seed);
    let (tell, target) = watch::channel(Target::Away);
    let progress = report::progress(args.kills, "killed");
    let http = reqwest::Client::new();
    let mut senders: JoinSet<Result<_>> = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let (lines, target, http) = (lines.clone(), target.clone(), http.clone());
        let sender = Sender { lines, connection, random: random.fork(), target, http };
        senders.spawn(async move { Ok((connection, sender.run().await?)) });
    }
    let killing = killer::kill(site, args.kills, random, &tell, &progress);
    let sending = async {
        let mut accounts = vec![Account::default(); CONNECTIONS];
        while let Some(ended) = senders.join_next().await {
            let (connection, account): (usize, Account) = ended??;
            accounts[connection] = account;
        }
        Ok(accounts)
    };
    // A sender that fails ends all of it.
    let (server, accounts) = tokio::try_join!(killing, sending)?;
    progress.finish_and_clear();
    sleep(SETTLING).await;
    let found = audit_all(&server, &lines, &accounts).await?;
    Ok(told(&accounts, found, args.kills))
}

async fn audit_all(server: &Server, lines: &Lines, accounts: &[Account]) -> Result<Found> {
    let progress = report::progress(accounts.len() as u64, "audited");
    let mut found = Found::default();
    for (connection, account) in accounts.iter().enumerate() {
        found = found.and(audit(server, lines, connection, account.acknowledged).await?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(found)
}

fn told(accounts: &[Account], found: Found, kills: u64) -> Report {
    let sum = |figure: fn(&Account) -> u64| accounts.iter().map(figure).sum::<u64>();
    let acknowledged = sum(|account| account.acknowledged as u64);
    let row = |name: &str, value: u64| vec![name.to_owned(), value.to_string()];
    let mut details: Vec<String> =
        accounts.iter().flat_map(|account| account.faults.clone()).collect();
    if found.foreign > 0 {
        details.push(format!("{} lines are there that nobody sent", found.foreign));
    }
    let holds = details.is_empty() && found.lost == 0 && found.doubled == 0;
    Report {
        head: vec!["figure", "value"],
        rows: vec![
            row("kills", kills),
            row("pushes", sum(|account| account.pushes)),
            row("pushes sent again without an answer", sum(|account| account.unanswered)),
            row("pushes sent again on purpose", sum(|account| account.again)),
            row("queries meanwhile", sum(|account| account.looks)),
        ],
        details,
        figures: format!(
            "acknowledged {acknowledged}, found {}, lost {}, doubled {}",
            found.lines, found.lost, found.doubled
        ),
        verdict: if holds { Verdict::Holds } else { Verdict::FallsShort },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: Found, faults: &[&str], expect: Verdict, expect_figures: &str) {
        let faults = faults.iter().map(ToString::to_string).collect();
        let account = Account { acknowledged: 5, faults, ..Account::default() };
        let report = told(&[account], found, 1);
        assert_eq!(report.verdict, expect);
        assert_eq!(report.figures, expect_figures);
    }

    #[test]
    fn what_is_lost_doubled_or_wrong_falls_short() {
        let whole = Found { lines: 5, ..Found::default() };
        let figures = "acknowledged 5, found 5, lost 0, doubled 0";
        check(whole, &[], Verdict::Holds, figures);
        check(whole, &["a line came twice"], Verdict::FallsShort, figures);
        check(Found { foreign: 1, ..whole }, &[], Verdict::FallsShort, figures);
        let lost = Found { lines: 4, lost: 1, ..Found::default() };
        let figures = "acknowledged 5, found 4, lost 1, doubled 0";
        check(lost, &[], Verdict::FallsShort, figures);
        let figures = "acknowledged 5, found 5, lost 0, doubled 2";
        check(Found { doubled: 2, ..whole }, &[], Verdict::FallsShort, figures);
    }
}
