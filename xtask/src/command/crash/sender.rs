//! One connection: pushes batches of numbered lines, each until it is acknowledged, as a collector
//! does; some it pushes twice, and now and then it looks whether what it pushed last is there.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, bail};
use fastrand::Rng;
use loki::response::{QueryResponse, QueryResult};
use reqwest::StatusCode;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::line::{Lines, number};

/// The most lines of a push.
const LINES_MAX: usize = 20;
/// The longest pause between two pushes.
const PAUSE_MILLISECONDS_MAX: u64 = 15;
/// Before a push that was not answered is sent again.
const RETRY_PAUSE: Duration = Duration::from_millis(20);
/// A server that acknowledges nothing for so long, over restarts, has failed.
const PATIENCE: Duration = Duration::from_secs(120);
/// One push in so many is followed by an older one, sent again.
const AGAIN_ONE_IN: u32 = 10;
/// One push in so many is followed by a look at what is there.
const LOOK_ONE_IN: u32 = 25;
/// Lines that a look asks for: more than one push.
const LOOK_LINES: usize = 100;

/// What the killer tells the senders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// There is no server, for now.
    Away,
    /// It is there.
    At(String),
    /// It is there and stays; what is not acknowledged yet is to be, and then it is enough.
    Last(String),
}

/// What a sender did.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    /// The lines with lower numbers than this were acknowledged, all of them.
    pub(super) acknowledged: usize,
    pub(super) pushes: u64,
    /// Pushes that were sent again because there was no answer, or a request for patience.
    pub(super) unanswered: u64,
    /// Pushes that were sent again although they had been acknowledged.
    pub(super) again: u64,
    pub(super) looks: u64,
    /// What a look found wrong.
    pub(super) faults: Vec<String>,
}

/// A connection.
pub(super) struct Sender {
    pub(super) lines: Lines,
    pub(super) connection: usize,
    pub(super) random: Rng,
    pub(super) target: watch::Receiver<Target>,
    pub(super) http: reqwest::Client,
}

impl Sender {
    /// Sends until the killer says that it is enough.
    pub(super) async fn run(mut self) -> Result<Account> {
        let mut account = Account::default();
        while !matches!(&*self.target.borrow(), Target::Last(_)) {
            let first = account.acknowledged;
            let batch = first..first + self.random.usize(1..=LINES_MAX);
            self.push(batch.clone(), &mut account).await?;
            account.acknowledged = batch.end;
            if self.random.u32(..AGAIN_ONE_IN) == 0 {
                let older = self.random.usize(..batch.end);
                self.push(older..batch.end.min(older + LINES_MAX), &mut account).await?;
                account.again += 1;
            }
            if self.random.u32(..LOOK_ONE_IN) == 0 {
                self.look(&batch, &mut account).await;
            }
            sleep(Duration::from_millis(self.random.u64(..PAUSE_MILLISECONDS_MAX))).await;
        }
        Ok(account)
    }

    /// Pushes until it is acknowledged.
    async fn push(&mut self, numbers: Range<usize>, account: &mut Account) -> Result<()> {
        let body = self.lines.push(self.connection, numbers);
        account.pushes += 1;
        let pushing = async {
            while !self.try_push(body.clone()).await? {
                account.unanswered += 1;
                sleep(RETRY_PAUSE).await;
            }
            Ok(())
        };
        match timeout(PATIENCE, pushing).await {
            Ok(result) => result,
            Err(_) => bail!("a push was not acknowledged within {} s", PATIENCE.as_secs()),
        }
    }

    /// Whether it was acknowledged.
    async fn try_push(&mut self, body: Vec<u8>) -> Result<bool> {
        let url = format!("{}/loki/api/v1/push", self.address().await?);
        let request = self.http.post(url).header("Content-Type", loki::push::CONTENT_TYPE);
        let Ok(answer) = request.body(body).send().await else { return Ok(false) };
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(true),
            StatusCode::SERVICE_UNAVAILABLE => Ok(false),
            status => {
                let text = answer.text().await.unwrap_or_default();
                bail!("a push was refused with {status}: {text}")
            }
        }
    }

    /// Where the server is, once it is anywhere.
    async fn address(&mut self) -> Result<String> {
        let target = self.target.wait_for(|target| *target != Target::Away).await?;
        match &*target {
            Target::At(address) | Target::Last(address) => Ok(address.clone()),
            Target::Away => bail!("the server is away"),
        }
    }

    /// Looks whether the last lines are there, each once. A server that dies meanwhile is no fault.
    async fn look(&mut self, batch: &Range<usize>, account: &mut Account) {
        let Ok(address) = self.address().await else { return };
        let query = self.lines.selector(self.connection);
        let (start, end) = self.lines.bounds();
        let params = [
            ("query", query),
            ("limit", LOOK_LINES.to_string()),
            ("start", loki::time::time_text(start)),
            ("end", loki::time::time_text(end)),
        ];
        let request = self.http.get(format!("{address}/loki/api/v1/query_range")).query(&params);
        let Ok(answer) = request.send().await else { return };
        let status = answer.status();
        let Ok(text) = answer.text().await else { return };
        account.looks += 1;
        let fault = match serde_json::from_str::<QueryResponse>(&text) {
            Ok(response) => fault(response.data.result, batch, self.connection),
            Err(_) => Some(format!("a query was answered with {status}: {text}")),
        };
        account.faults.extend(fault);
    }
}

/// What is wrong with the newest lines of a connection after this batch was acknowledged. The late
/// ones of the batch are further down, so it is enough that its newest one is there.
fn fault(result: QueryResult, batch: &Range<usize>, connection: usize) -> Option<String> {
    let QueryResult::Streams(streams) = result else {
        return Some("a query for lines was answered with numbers".to_owned());
    };
    let mut found = HashSet::new();
    for entry in streams.iter().flat_map(|stream| &stream.values) {
        let Some(number) = number(&entry.line, connection) else {
            return Some(format!("connection {connection} never sent {:?}", entry.line));
        };
        if !found.insert(number) {
            return Some(format!("connection {connection} has line {number} twice"));
        }
    }
    let is_there = batch.clone().any(|number| found.contains(&number));
    // A short batch may be late as a whole.
    let must_be = batch.len() > LINES_MAX / 2;
    let missing = format!("connection {connection} has none of {batch:?}, just acknowledged");
    (must_be && !is_there).then_some(missing)
}
