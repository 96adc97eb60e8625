//! `kill -9` in the middle of it, again and again: what was acknowledged is there after each
//! restart, and in the end everything is there, once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use barogram_cli::demo::play::{self, play};
use barogram_cli::demo::sample::Sample;
use model::{Clock, Entry, Labels, Stream, SystemClock, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::site::{PATIENCE, Process, Site};
use crate::truth::Lines;
use crate::{ask, truth};

const DURATION: Duration = Duration::from_secs(4);
/// A pod that lives and dies while nobody looks cannot be heard, so none dies.
const LINGER: Duration = Duration::from_secs(3600);
/// How often it is killed while the play goes on; after that once more.
const KILLS: usize = 3;
/// Between two pushes of a client.
const PAUSE: Duration = Duration::from_millis(10);

/// Kills it at moments that the seed decides.
async fn check(seed: u64) {
    let site = Site::new();
    let sample = Sample::load().unwrap();
    let written = truth::written(&sample);
    let node = play::Config { linger: LINGER, rotate_bytes: 32 * 1024, ..site.play(DURATION) };
    let (progress, played) = watch::channel(0);
    let playing = play(&sample, &node, &SystemClock, |so_far| {
        progress.send_replace(so_far.lines);
    });
    tokio::select! {
        ended = playing => panic!("the play lingers: {ended:?}"),
        () = kill_and_look(&site, &written, played, seed) => {}
    }
}

async fn kill_and_look(
    site: &Site,
    written: &Lines,
    mut played: watch::Receiver<usize>,
    seed: u64,
) {
    let all = written.count();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut moments: Vec<usize> = (0..KILLS).map(|_| random.usize(..all)).collect();
    moments.sort_unstable();
    moments.push(all);
    let client = Client::start();
    for moment in moments {
        let process = Process::start(&site.up()).await;
        client.check_acknowledged(&process.url).await;
        client.send_to(&process.url);
        let is_due = timeout(PATIENCE, played.wait_for(|lines| *lines >= moment)).await;
        is_due.expect("the play goes on").unwrap();
        process.kill().await;
    }
    let process = Process::start(&site.up()).await;
    client.check_acknowledged(&process.url).await;
    client.send_to(&process.url);
    arrived(&process.url, all).await;
    client.check_acknowledged(&process.url).await;
    // What the collector would still send twice, it sends now.
    process.stop().await;

    let process = Process::start(&site.serve()).await;
    let found = truth::found(&ask::lines(&process.url, r#"{namespace=~".+"}"#).await);
    truth::assert_none(&format!("lines differ (seed {seed})"), &written.differences(&found));
    client.check_acknowledged(&process.url).await;
    process.stop().await;
}

/// Waits until so many lines of pods are there.
async fn arrived(url: &str, count: usize) {
    let mut found = 0;
    let looking = async {
        while found < count {
            sleep(Duration::from_millis(200)).await;
            found = truth::found(&ask::lines(url, r#"{namespace=~".+"}"#).await).count();
        }
    };
    let in_time = timeout(PATIENCE, looking).await;
    in_time.unwrap_or_else(|_| panic!("{found} of {count} lines arrive in time"));
}

/// A client that pushes numbered lines, one at a time, and each until it is acknowledged.
struct Client {
    state: Arc<Mutex<State>>,
    pushing: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// Where to push to; nowhere before the first start.
    url: Option<String>,
    /// So many lines are acknowledged.
    acknowledged: usize,
}

impl Client {
    fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let pushing = tokio::spawn(push_for_ever(Arc::clone(&state)));
        Self { state, pushing }
    }

    fn send_to(&self, url: &str) {
        self.state.lock().unwrap().url = Some(url.to_owned());
    }

    /// Asserts that what was acknowledged up to now is there, in order and once. One more may be:
    /// the line whose answer never came.
    async fn check_acknowledged(&self, url: &str) {
        assert!(!self.pushing.is_finished(), "the client goes on");
        let least = self.state.lock().unwrap().acknowledged;
        let streams = ask::lines(url, r#"{source="client"}"#).await;
        let most = self.state.lock().unwrap().acknowledged + 1;
        let entries = streams.iter().flat_map(|stream| &stream.values);
        let found: Vec<&str> = entries.map(|entry| entry.line.as_str()).collect();
        let numbered: Vec<String> = (0..found.len()).map(line).collect();
        assert_eq!(found, numbered);
        assert!((least..=most).contains(&found.len()), "{} of {least}..{most}", found.len());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.pushing.abort();
    }
}

async fn push_for_ever(state: Arc<Mutex<State>>) {
    let start = SystemClock.now();
    for number in 0.. {
        let labels = Labels::new([("source", "client")]);
        let entries = vec![Entry::new(at(start, number), line(number))];
        let streams = [Stream { labels, entries }];
        loop {
            let url = state.lock().unwrap().url.clone();
            if let Some(url) = url
                && let Ok(answer) = ask::push(&url, &streams).await
            {
                assert_eq!(answer.status, 204, "{}", answer.text);
                break;
            }
            sleep(PAUSE).await;
        }
        state.lock().unwrap().acknowledged = number + 1;
        sleep(PAUSE).await;
    }
}

fn line(number: usize) -> String {
    format!("line {number}")
}

/// Times of their own, so that the lines come back in order.
fn at(start: Timestamp, number: usize) -> Timestamp {
    start + Duration::from_micros(number as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_some_moments() {
    check(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_other_moments() {
    check(2).await;
}
