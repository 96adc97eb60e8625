//! `discovery.docker` at work: an engine is asked for its containers whenever it tells of one, and
//! now and then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy::{Target, Value};
use reqwest::Url;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::component::discovery_docker::Settings;
use crate::docker::{Address, Engine, Failure, Stream, targets};
use crate::limits::{API_PAUSE_MAX, API_PAUSE_MIN, DISCOVERY_PAUSE};
use crate::run::discovery_relabel;
use crate::run::exports::Exports;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// Looks for containers until it is told to end.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    seed: u64,
    (exports, stats, cancel): (Exports, Arc<Stats>, CancellationToken),
) {
    loop {
        let current = settings.borrow_and_update().clone();
        let looking = async {
            match &current.engine {
                Some(address) => look(address, &current, seed, (&exports, &stats)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = looking => {}
        }
    }
}

/// Looks for containers for ever.
async fn look(
    address: &Address,
    settings: &Settings,
    seed: u64,
    (exports, stats): (&Exports, &Stats),
) {
    let engine = Engine::at(address.clone());
    let mut backoff = Backoff::new(API_PAUSE_MIN, API_PAUSE_MAX, seed);
    let mut is_failing = false;
    loop {
        // What begins while they are listed is told, since this was opened before. Where whoever
        // stands before an engine tells no events, it is looked now and then.
        let events = engine.open(&events()).await.ok();
        let problem = match found(&engine, settings).await {
            Ok(found) => {
                is_failing = false;
                backoff.reset();
                stats.note(None);
                stats.tell(vec![("targets".to_owned(), found.len().to_string())]);
                let found = discovery_relabel::targets(found);
                exports.tell(Value::object([("targets", found)])).await;
                until_news(events, Instant::now() + settings.refresh_interval).await;
                // Several things happen when a container begins.
                sleep(DISCOVERY_PAUSE).await;
                continue;
            }
            Err(failure) => failure.to_string(),
        };
        if !std::mem::replace(&mut is_failing, true) {
            tracing::warn!(problem, "nothing is discovered of Docker for now");
        }
        stats.note(Some(problem));
        sleep(backoff.next().min(settings.refresh_interval)).await;
    }
}

/// The targets that there are now.
async fn found(engine: &Engine, settings: &Settings) -> Result<Vec<Target>, Failure> {
    let filters = (!settings.filters.is_empty()).then_some(&settings.filters);
    let containers = engine.ask(&path("/containers/json", filters)).await?;
    let networks = engine.ask("/networks").await?;
    targets(&containers, &networks, &settings.manner)
        .map_err(|error| Failure::Other(format!("its list is not understood: {error}")))
}

/// Waits until the engine tells that something has begun, or ended, or it is time.
async fn until_news(events: Option<Stream>, at: Instant) {
    let Some(mut events) = events else { return sleep_until(at).await };
    tokio::select! {
        () = sleep_until(at) => {}
        next = events.next() => if !matches!(next, Ok(Some(_))) {
            // It broke off. The list is asked for soon, and not in a circle.
            sleep_until(at.min(Instant::now() + Duration::from_secs(1))).await;
        },
    }
}

/// Where the engine tells of containers that begin and end, and of networks that they join.
fn events() -> String {
    let words = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let kinds = words(&["container", "network"]);
    let events = words(&["start", "die", "rename", "connect", "disconnect"]);
    let filters = BTreeMap::from([("type".to_owned(), kinds), ("event".to_owned(), events)]);
    path("/events", Some(&filters))
}

/// A path with filters behind it.
fn path(path: &str, filters: Option<&BTreeMap<String, Vec<String>>>) -> String {
    let Some(filters) = filters else { return path.to_owned() };
    let json = serde_json::to_string(filters).expect("plain data with text keys is always JSON");
    let mut url = Url::parse("http://docker").expect("this address is one");
    url.query_pairs_mut().append_pair("filters", &json);
    format!("{path}?{}", url.query().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_quoted() {
        assert_eq!(path("/networks", None), "/networks");
        let filters = BTreeMap::from([("label".to_owned(), vec!["a=b&c".to_owned()])]);
        let expect = "/containers/json?filters=%7B%22label%22%3A%5B%22a%3Db%26c%22%5D%7D";
        assert_eq!(path("/containers/json", Some(&filters)), expect);
    }
}
