//! Metrics on their way from targets to a store of metrics.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::agent::{Agent, Place, until};
use crate::metrics_store::MetricsStore;
use crate::store::Store;

/// What stands in configurations of the field, at another pace.
const FIELD: &str = r#"
prometheus.exporter.self "default" { }

prometheus.scrape "default" {
  targets         = prometheus.exporter.self.default.targets
  scrape_interval = "100ms"
  scrape_timeout  = "100ms"
  forward_to      = [prometheus.remote_write.default.receiver]
}

prometheus.remote_write "default" {
  endpoint {
    url     = "REMOTE"
    headers = { "X-Scope-OrgID" = "team" }
    basic_auth {
      username = "u"
      password = "p"
    }
    queue_config { batch_send_deadline = "20ms" }
  }
  external_labels = { cluster = "c", job = "never" }
}
"#;

/// A target that says what it is told to say.
struct Target {
    address: String,
    says: Arc<Mutex<String>>,
}

impl Target {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let says = Arc::<Mutex<String>>::default();
        let answer = |State(says): State<Arc<Mutex<String>>>, headers: HeaderMap| async move {
            let is_known = headers.get("authorization").is_some_and(|it| it == "Bearer t0p");
            let text = says.lock().unwrap().clone();
            match is_known && !text.is_empty() {
                true => (StatusCode::OK, text),
                false => (StatusCode::FORBIDDEN, String::new()),
            }
        };
        let router = Router::new().route("/m", get(answer)).with_state(Arc::clone(&says));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, says }
    }

    fn says(&self, text: &str) {
        *self.says.lock().unwrap() = text.to_owned();
    }
}

async fn start(place: &Place, text: &str, remote: &MetricsStore) -> Agent {
    let logs = Store::start([]).await;
    place.start(&text.replace("REMOTE", &remote.url), &logs)
}

async fn until_came(remote: &MetricsStore, parts: &[&str], value: f64) {
    let is_there = || {
        let is_it = |it: f64| it.to_bits() == value.to_bits() || it == value;
        remote.of(parts).iter().any(|it| is_it(it.value))
    };
    until(is_there, || format!("{parts:?} {value}, there is {:?}", remote.of(parts))).await;
}

#[tokio::test]
async fn what_the_agent_counts_is_sent() {
    let (place, remote) = (Place::new(), MetricsStore::start([]).await);
    let agent = start(&place, FIELD, &remote).await;
    let own = r#"cluster="c",instance="alloy.internal:12345",job="integrations/self""#;
    until_came(&remote, &[r#"__name__="up""#, own], 1.0).await;
    until_came(&remote, &["barogram_component_entries_total", "direction=\"in\""], 0.0).await;
    until_came(&remote, &["barogram_collector_files_open"], 0.0).await;
    let scraped = remote.of(&["scrape_samples_scraped"])[0].value;
    assert!(scraped > 20.0, "{scraped}");
    let header = |name: &str| remote.header(name).unwrap_or_default();
    assert_eq!(header("content-encoding"), "snappy");
    assert_eq!(header("content-type"), "application/x-protobuf");
    assert_eq!(header("x-prometheus-remote-write-version"), "0.1.0");
    assert_eq!(header("x-scope-orgid"), "team");
    assert_eq!(header("authorization"), "Basic dTpw");
    // What was sent is counted, and sent with the next.
    let sent = ["prometheus_remote_storage_samples_total", "remote_name=\"endpoint-0\""];
    until(|| remote.of(&sent).iter().any(|it| it.value > 0.0), || format!("{sent:?}")).await;
    agent.stop().await;
    // Samples of a series come in the order of their times.
    let ups: Vec<i64> = remote.of(&[r#"__name__="up""#]).iter().map(|it| it.time_ms).collect();
    assert!(ups.is_sorted() && ups.len() > 1, "{ups:?}");
}

const TARGETS: &str = r#"
prometheus.scrape "s" {
  targets = [{
    "__address__" = "ADDRESS",
    "__meta_x"    = "y",
    app           = "a",
  }]
  job_name        = "j"
  metrics_path    = "/m"
  scrape_interval = "50ms"
  scrape_timeout  = "50ms"
  bearer_token    = "t0p"
  forward_to      = [prometheus.relabel.r.receiver]
}
prometheus.relabel "r" {
  rule {
    source_labels = ["__name__"]
    regex         = "scrape_.*"
    action        = "drop"
  }
  rule {
    target_label = "way"
    replacement  = "relabelled"
  }
  forward_to = [prometheus.remote_write.w.receiver]
}
prometheus.remote_write "w" {
  endpoint {
    url = "REMOTE"
    queue_config { batch_send_deadline = "20ms" }
    write_relabel_config {
      source_labels = ["__name__"]
      regex         = "noise"
      action        = "drop"
    }
  }
}
"#;

/// A series that its target tells no more has ended; a target that is away is down.
#[tokio::test]
async fn targets_come_and_go() {
    let (place, remote) = (Place::new(), MetricsStore::start([]).await);
    let target = Target::start().await;
    target.says("# TYPE a counter\na{x=\"1\",app=\"own\"} 1\nb 2\nnoise 3\n");
    let text = TARGETS.replace("ADDRESS", &target.address);
    let agent = start(&place, &text, &remote).await;
    let of = |name: &str| {
        format!(
            r#"__name__="{name}",app="a",instance="{}",job="j",way="relabelled""#,
            target.address
        )
    };
    until_came(&remote, &[&of("up")], 1.0).await;
    until_came(&remote, &[&of("b")], 2.0).await;
    until_came(&remote, &[r#"__name__="a",app="a",exported_app="own""#, r#"x="1""#], 1.0).await;
    target.says("a{x=\"1\"} 4\n");
    let stale = f64::from_bits(0x7ff0_0000_0000_0002);
    until_came(&remote, &[&of("b")], stale).await;
    target.says("");
    until_came(&remote, &[&of("up")], 0.0).await;
    until_came(&remote, &[r#"__name__="a""#, r#"x="1""#], stale).await;
    let told = || {
        let all = agent.control.components();
        let all = all.iter().flat_map(|it| it.stats.detail());
        all.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join("\n")
    };
    until(|| told().contains("it answers 403 Forbidden"), told).await;
    let healthy = agent.control.components().iter().all(|it| it.stats.problem().is_none());
    assert!(healthy, "a target that is away is no fault of the agent's");
    // It is a target no more.
    let without = text.replace(&format!("\"__address__\" = \"{}\",", target.address), "");
    let without = without.replace("REMOTE", &remote.url);
    agent.reload(&without).await.unwrap();
    until_came(&remote, &[&of("up")], stale).await;
    agent.stop().await;
    assert!(remote.of(&["scrape_"]).is_empty() && remote.of(&["noise"]).is_empty());
}

/// What a store may take later waits; what it refuses is dropped, and that is counted.
#[tokio::test]
async fn failures_of_the_store() {
    let (place, remote) = (Place::new(), MetricsStore::start([503, 429, 500, 400]).await);
    let target = Target::start().await;
    target.says("a 1\n");
    let agent = start(&place, &TARGETS.replace("ADDRESS", &target.address), &remote).await;
    until(|| remote.fates_left() == 0, || "the store to fail".to_owned()).await;
    until_came(&remote, &[r#"__name__="a""#], 1.0).await;
    let counted = |name: &str| {
        let metrics = agent.control.metrics().unwrap();
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).unwrap_or(-1.0)
    };
    let storage = |name: &str| counted(&format!("prometheus_remote_storage_{name}"));
    until(|| storage("samples_total") > 0.0, || "samples to be counted".to_owned()).await;
    // Three tries in vain of a batch that is refused at last.
    let (failed, retried) = (storage("samples_failed_total"), storage("samples_retried_total"));
    assert!(failed >= 2.0 && retried == 3.0 * failed, "{failed} {retried}");
    assert!(storage("bytes_total") > 0.0);
    assert!(storage("queue_highest_sent_timestamp_seconds") > 1_600_000_000.0);
    agent.stop().await;
}

/// What waits for a store that is away goes to where the endpoint is told to be by then.
#[tokio::test]
async fn a_store_that_moves() {
    let (place, remote) = (Place::new(), MetricsStore::start([]).await);
    let target = Target::start().await;
    target.says("a 1\n");
    let text = TARGETS.replace("ADDRESS", &target.address);
    let away = "http://127.0.0.1:9/api/v1/write";
    let logs = Store::start([]).await;
    let agent = place.start(&text.replace("REMOTE", away), &logs);
    let is_away = || {
        let all = agent.control.components();
        let mut all = all.iter().flat_map(|it| it.stats.detail());
        all.any(|(name, value)| name == "endpoint endpoint-0" && value.starts_with("is away"))
    };
    until(is_away, || "the store to be away".to_owned()).await;
    let begun = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    sleep(Duration::from_millis(50)).await;
    agent.reload(&text.replace("REMOTE", &remote.url)).await.unwrap();
    until_came(&remote, &[r#"__name__="a""#], 1.0).await;
    let first = remote.of(&[r#"__name__="a""#])[0].time_ms;
    assert!(first <= begun, "{first} is before {begun}: it waited");
    agent.stop().await;
}

/// The end does not wait for a store that is away.
#[tokio::test]
async fn the_end_waits_for_no_store() {
    let (place, logs) = (Place::new(), Store::start([]).await);
    let agent = place.start(&FIELD.replace("REMOTE", "http://127.0.0.1:9/x"), &logs);
    sleep(Duration::from_millis(300)).await;
    timeout(Duration::from_secs(2), agent.stop()).await.expect("it ends at once");
}
