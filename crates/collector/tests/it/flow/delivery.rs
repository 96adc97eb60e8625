//! From files to a store, whatever happens meanwhile.

use std::fs;
use std::time::Duration;

use tokio::time::sleep;

use super::agent::{Place, shown, until, until_stored};
use crate::store::{Fate, Store};

/// The block of the recipe, as it stands in the guides, inside a whole configuration.
const RECIPE: &str = r#"
local.file_match "pods" {
  path_targets = [{
    "__path__" = "FOLDER/pods/airflow_*/*/*.log",
    namespace  = "airflow",
  }]
}

loki.source.file "pods" {
  targets    = local.file_match.pods.targets
  forward_to = [loki.process.pods.receiver]
}

loki.process "pods" {
  stage.cri { }

  stage.match {
    selector = "{namespace=\"airflow\"}"
    stage.regex { expression = "\\[(?P<timestamp>[^\\]]+)\\] \\{(?P<source>[^}]+)\\}" }
    stage.regex { expression = "dag_id=(?P<dag_id>[\\w-]+)" }
    stage.regex { expression = "task_id=(?P<task_id>[\\w-]+)" }
    stage.regex { expression = "execution_date=(?P<execution_date>[\\d-]+T[\\d:+]+)" }
    stage.labels { values = { dag_id = "", task_id = "", execution_date = "", } }
  }

  stage.label_drop { values = ["filename"] }
  forward_to = [loki.write.default.receiver]
}

loki.write "default" {
  ENDPOINT
  external_labels = { cluster = "c" }
}
"#;

#[tokio::test]
async fn the_recipe_runs_as_it_stands() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let agent = place.start(RECIPE, &store);
    place.write(
        "pods/airflow_p_u/base/0.log",
        "2026-11-22T08:00:00.1Z stdout F [2026-11-22, 08:00:00 UTC] {taskinstance.py:1} INFO - dag_id=etl, task_id=load, execution_date=2026-11-22T08:00:00+00:00\n\
         2026-11-22T08:00:00.2Z stdout P in two \n\
         2026-11-22T08:00:00.3Z stdout F parts\n",
    );
    place.write("pods/other_p_u/base/0.log", "2026-11-22T08:00:00Z stdout F not wanted\n");
    until_stored(&store, 2).await;
    agent.stop().await;
    assert_eq!(
        shown(&store),
        [
            r#"{cluster="c", dag_id="etl", execution_date="2026-11-22T08:00:00+00:00", namespace="airflow", stream="stdout", task_id="load"} [2026-11-22, 08:00:00 UTC] {taskinstance.py:1} INFO - dag_id=etl, task_id=load, execution_date=2026-11-22T08:00:00+00:00"#,
            r#"{cluster="c", namespace="airflow", stream="stdout"} in two parts"#,
        ]
    );
}

#[tokio::test]
async fn a_pod_that_lives_a_moment_arrives_whole() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let agent = place.start(RECIPE, &store);
    sleep(Duration::from_millis(200)).await;
    let lives = (0..20).map(|pod| {
        let place = &place;
        async move {
            sleep(Duration::from_millis(pod * 20)).await;
            for line in 0..10 {
                let text = format!("2026-11-22T08:00:{line:02}Z stdout F pod {pod} line {line}\n");
                place.write(&format!("pods/airflow_p{pod}_u/base/0.log"), &text);
            }
            sleep(Duration::from_millis(300)).await;
            fs::remove_dir_all(place.path(&format!("pods/airflow_p{pod}_u"))).unwrap();
        }
    });
    futures::future::join_all(lives).await;
    until_stored(&store, 200).await;
    agent.stop().await;
    assert_eq!(store.stored().entries.len(), 200);
}

/// What a stage holds back is not dealt with: after a kill it is read again, and what was read
/// after it with it.
#[tokio::test]
async fn what_is_held_back_outlives_a_kill() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let text = r#"
loki.source.file "f" {
  targets    = [{"__path__" = "FOLDER/app.log", job = "j"}]
  forward_to = [loki.process.p.receiver]
}
loki.process "p" {
  stage.cri { }
  stage.match {
    selector = "{job=\"j\"} |= \"noise\""
    action   = "drop"
  }
  stage.multiline {
    firstline     = "^start"
    max_wait_time = "1h"
  }
  stage.label_drop { values = ["filename"] }
  forward_to = [loki.write.w.receiver]
}
loki.write "w" { ENDPOINT }
"#;
    let agent = place.start(text, &store);
    let line = |at: u32, text: &str| format!("2026-11-22T08:00:{at:02}Z stdout F {text}\n");
    place.write("app.log", &line(1, "start one"));
    place.write("app.log", &line(2, "start two"));
    until_stored(&store, 1).await;
    // It is open, and after it come lines that are dropped at once.
    place.write("app.log", &line(3, "more of two"));
    for _ in 0..5 {
        place.write("app.log", &line(4, "noise"));
        sleep(Duration::from_millis(60)).await;
    }
    agent.kill().await;
    assert_eq!(store.stored().entries.len(), 1, "the second is held back");
    let agent = place.start(text, &store);
    place.write("app.log", &line(5, "start three"));
    until_stored(&store, 2).await;
    agent.stop().await;
    let lines = store.stored().lines();
    assert_eq!(lines, ["start one", "start three", "start two\nmore of two"]);
}

#[tokio::test]
async fn kills_lose_nothing() {
    let fates = [Fate::Answered(500), Fate::StoredAndAnswered(503), Fate::Answered(429)];
    let (place, store) = (Place::new(), Store::start(fates).await);
    let mut written = 0;
    for round in 0..6_u64 {
        let agent = place.start(RECIPE, &store);
        for _ in 0..10 {
            for _ in 0..20 {
                let (second, nanos) = (written / 1000, written % 1000);
                let text =
                    format!("2026-11-22T08:00:{second:02}.{nanos:09}Z stdout F line {written}\n");
                place.write(&format!("pods/airflow_p_u/base/{}.log", written % 3), &text);
                written += 1;
            }
            sleep(Duration::from_millis(7)).await;
        }
        store.will([Fate::Answered(503), Fate::StoredInSilence]);
        sleep(Duration::from_millis(31 * round)).await;
        agent.kill().await;
    }
    let agent = place.start(RECIPE, &store);
    until_stored(&store, written).await;
    agent.stop().await;
    assert_eq!(store.stored().entries.len(), written, "nothing is there that was not written");
    // All is dealt with: a further agent sends nothing.
    let sent =
        |store: &Store| store.stored().entries.values().map(|(_, count)| count).sum::<usize>();
    let before = sent(&store);
    let agent = place.start(RECIPE, &store);
    sleep(Duration::from_millis(500)).await;
    agent.stop().await;
    assert_eq!(sent(&store), before);
}

#[tokio::test]
async fn several_receivers_and_tenants() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let other = Store::start([]).await;
    let text = r#"
loki.source.file "f" {
  targets    = [{"__path__" = "FOLDER/app.log"}]
  forward_to = [loki.process.p.receiver, loki.relabel.r.receiver]
}
loki.process "p" {
  stage.regex { expression = "tenant=(?P<t>\\w+)" }
  stage.tenant { source = "t" }
  forward_to = [loki.write.w.receiver]
}
loki.relabel "r" {
  rule {
    target_label = "way"
    replacement  = "relabelled"
  }
  rule {
    action = "labeldrop"
    regex  = "filename"
  }
  forward_to = [loki.write.other.receiver]
}
loki.write "w" { ENDPOINT }
loki.write "other" { endpoint { url = "OTHER/loki/api/v1/push" } }
"#;
    let agent = place.start(&text.replace("OTHER", &other.url), &store);
    place.write("app.log", "tenant=a one\ntenant=b two\nthree\n");
    until_stored(&store, 3).await;
    until_stored(&other, 3).await;
    agent.stop().await;
    assert_eq!(store.stored().tenants.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(shown(&other)[0], r#"{way="relabelled"} tenant=a one"#);
}

#[tokio::test]
async fn rotation_and_truncation() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let text = r#"
loki.source.file "f" {
  targets    = [{"__path__" = "FOLDER/app.log"}]
  forward_to = [loki.write.w.receiver]
}
loki.write "w" { ENDPOINT }
"#;
    let agent = place.start(text, &store);
    place.write("app.log", "one\n");
    until_stored(&store, 1).await;
    fs::rename(place.path("app.log"), place.path("app.log.1")).unwrap();
    place.write("app.log.1", "two, late\n");
    place.write("app.log", "three\n");
    until_stored(&store, 3).await;
    fs::write(place.path("app.log"), "four\n").unwrap();
    until_stored(&store, 4).await;
    place.write("app.log", "five without an end");
    sleep(Duration::from_millis(300)).await;
    fs::remove_file(place.path("app.log")).unwrap();
    until_stored(&store, 5).await;
    agent.stop().await;
    let lines = store.stored().lines();
    assert_eq!(lines, ["five without an end", "four", "one", "three", "two, late"]);
}

#[tokio::test]
async fn pushes_are_answered_when_they_are_stored() {
    let (place, store) = (Place::new(), Store::start([Fate::Answered(500)]).await);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = r#"
loki.source.api "a" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = PORT
  }
  labels                 = { by = "push" }
  use_incoming_timestamp = true
  forward_to             = [loki.write.w.receiver]
}
loki.write "w" { ENDPOINT }
"#;
    let agent = place.start(&text.replace("PORT", &port.to_string()), &store);
    let url = format!("http://127.0.0.1:{port}/loki/api/v1/push");
    let body = r#"{"streams": [{"stream": {"app": "x"}, "values": [["1000", "hello"]]}]}"#;
    let client = reqwest::Client::new();
    let push = || client.post(&url).header("content-type", "application/json").body(body);
    let mut answer = push().send().await;
    while answer.is_err() {
        sleep(Duration::from_millis(20)).await;
        answer = push().send().await;
    }
    assert_eq!(answer.unwrap().status(), 204);
    assert_eq!(shown(&store), [r#"{app="x", by="push"} hello"#]);
    agent.stop().await;
    until(|| true, String::new).await;
}

/// A store that refuses more labels than Loki takes gets those beyond as metadata.
#[tokio::test]
async fn labels_beyond_lokis_limit_become_metadata() {
    let (place, store) = (Place::new(), Store::start([]).await);
    place.write("a.log", "hello\n");
    let labels: String = (0..17).map(|no| format!("l{no:02} = \"v\", ")).collect();
    let text = format!(
        "local.file_match \"f\" {{ path_targets = [{{ __path__ = \"FOLDER/a.log\" }}] }}\n\
         loki.source.file \"f\" {{\n targets = local.file_match.f.targets\n \
         forward_to = [loki.write.w.receiver]\n}}\n\
         loki.write \"w\" {{\n external_labels = {{ {labels} }}\n ENDPOINT\n}}"
    );
    let agent = place.start(&text, &store);
    until_stored(&store, 1).await;
    agent.stop().await;
    let stored = store.stored();
    let ((labels, _, line), (metadata, _)) = stored.entries.first_key_value().unwrap();
    assert_eq!(line, "hello");
    assert_eq!(labels.matches('=').count(), 15);
    assert_eq!(metadata, r#"{l14="v", l15="v", l16="v"}"#);
}
