//! What goes wrong is told in words that say what to do, and costs nothing that was stored.

use std::fs;
use std::net::TcpListener;

use model::{Clock, Entry, Labels, Stream, SystemClock};

use crate::ask::{self, Answer};
use crate::site::{Process, Site, run};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Fails unless the answer has this status and each of these texts.
#[track_caller]
fn check(answer: &Answer, status: u16, texts: &[&str]) {
    assert_eq!(answer.status, status, "{}", answer.text);
    for text in texts {
        assert!(answer.text.contains(text), "no {text:?} in {:?}", answer.text);
    }
}

/// Runs the binary, which must end with an error that has each of these texts.
pub async fn check_start(arguments: &[String], texts: &[&str]) {
    let output = run(arguments).await;
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
    let last = errors.lines().last().unwrap_or_default();
    assert!(last.starts_with("error: "), "{errors}");
    for text in texts {
        assert!(last.contains(text), "no {text:?} in {last:?}");
    }
}

/// A stream of one line.
fn stream(label: &str, line: &str) -> Stream {
    let entries = vec![Entry::new(SystemClock.now(), line)];
    Stream { labels: Labels::new([(label, "errors")]), entries }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_cannot_be_read_is_refused_and_costs_nothing() {
    let site = Site::new();
    let machines = site.machines().await;
    let url = machines.url.as_str();
    let push = async |kind: &str, body: &[u8]| ask::post(url, kind, body.to_vec()).await.unwrap();
    check(&ask::push(url, &[stream("test", "before")]).await.unwrap(), 204, &[]);

    // Snappy, one literal of four bytes, which are no message.
    let garbage = [4, 3 << 2, 0xff, 0xff, 0xff, 0xff];
    check(&push(PROTOBUF, &garbage).await, 400, &["proto: ", "send a logproto.PushRequest"]);
    let broken = [4, 3 << 2, 0xff];
    check(&push(PROTOBUF, &broken).await, 400, &["snappy: corrupt input", "as its headers say"]);
    // Six bytes that say that they become four gigabytes.
    let bomb = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00];
    check(&push(PROTOBUF, &bomb).await, 413, &["decompresses to more than", "smaller batches"]);
    check(&push(JSON, b"{\"streams\":[").await, 400, &["json: ", "line 1 column", "send {"]);
    check(&push(JSON, b"{}").await, 422, &["at least one valid stream is required"]);
    let mixed = [stream("test", "after"), stream("0dag", "nobody's")];
    check(&ask::push(url, &mixed).await.unwrap(), 400, &["expected a label name", "{0dag="]);

    let found = ask::lines(url, r#"{test="errors"}"#).await;
    let found = found.iter().flat_map(|stream| &stream.values).map(|entry| entry.line.as_str());
    assert_eq!(found.collect::<Vec<_>>(), ["before", "after"]);
    assert!(ask::values(url, "0dag").await.is_empty());
    machines.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_none_is_told_where_and_why() {
    let site = Site::new();
    let machines = site.machines().await;
    let ask = async |query: &str| {
        ask::get(&machines.url, "/loki/api/v1/query_range", &[("query", query)]).await
    };
    check(&ask("{app=\"a\"} |= ERROR").await, 400, &["parse error at line 1, col 14", "hint: "]);
    check(&ask("{app=\"a\"").await, 400, &["parse error at line 1, col 9"]);
    check(&ask("").await, 400, &["parse error"]);
    check(&ask("{app=~\"(\"}").await, 400, &["error parsing regexp: missing closing )"]);
    machines.stop().await;
}

#[tokio::test]
async fn a_pods_folder_that_is_none() {
    let site = Site::new();
    fs::remove_dir(site.path().join("pods")).unwrap();
    fs::write(site.path().join("pods"), "a file").unwrap();
    let what_to_do = "mount it with hostPath";
    check_start(&site.up(), &["failed to read the pods folder", what_to_do, "Not a directory"])
        .await;
}

#[tokio::test]
async fn a_pods_file_that_is_none() {
    let site = Site::new();
    fs::write(site.path().join("pods.json"), "apiVersion: v1").unwrap();
    check_start(&site.up(), &["failed to read pods from", "write a Kubernetes PodList as JSON"])
        .await;
}

#[tokio::test]
async fn a_port_in_use() {
    let site = Site::new();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let mut line = site.serve();
    let at = line.iter().position(|word| word == "127.0.0.1:0").unwrap();
    line[at].clone_from(&address);
    check_start(&line, &[&address, "is in use", "choose another address with --listen"]).await;
}

#[tokio::test]
async fn data_of_a_newer_format_are_left_alone() {
    let site = Site::new();
    let objects = site.data().join("objects");
    fs::create_dir_all(&objects).unwrap();
    fs::write(objects.join("VERSION"), "barogram format 99\n").unwrap();
    let texts = ["written by a newer barogram (format 99", "upgrade barogram", "--data elsewhere"];
    check_start(&site.serve(), &texts).await;
    assert_eq!(fs::read_to_string(objects.join("VERSION")).unwrap(), "barogram format 99\n");
}

#[tokio::test]
async fn data_in_use_by_another_process() {
    let site = Site::new();
    let holder = Process::start(&site.serve()).await;
    check(&ask::push(&holder.url, &[stream("test", "one")]).await.unwrap(), 204, &[]);
    let in_use = format!("is in use by process {}", holder.id());
    check_start(&site.serve(), &[&in_use, &site.data().display().to_string()]).await;
    check(&ask::push(&holder.url, &[stream("test", "two")]).await.unwrap(), 204, &[]);
    let count = ask::number(&holder.url, r#"sum(count_over_time({test="errors"}[1h]))"#).await;
    assert!((count - 2.0).abs() < f64::EPSILON, "{count}");
    holder.stop().await;
}
