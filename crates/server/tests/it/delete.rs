//! Deletion: what is deleted is gone from every answer, at once and after a restart.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use barogram_server::{Config, Server};
use model::Timestamp;
use query::Engine;
use serde_json::{Value, json};
use store::Store;

use crate::harness::{Answer, Harness, NOW, parts, plain, uri};

const PATH: &str = "/loki/api/v1/delete";
const START: i64 = 1_768_866_000;

async fn filled(config: Config) -> Harness {
    let server = Harness::new(config).await;
    push(&server, "", "old").await;
    let request = Request::post("/flush").body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.status, 204);
    push(&server, "", "new").await;
    server
}

/// Four lines, a second apart: of the tasks `a` and `b`, with and without a password.
async fn push(server: &Harness, tenant: &str, word: &str) {
    let offset = if word == "old" { 0 } else { 10 };
    let stream = |task: &str, n: i64| {
        let line = |n: i64, text: &str| {
            json!([format!("{}000000000", START + offset + n), format!("{word} {text} of {task}")])
        };
        let values = [line(n, "line"), line(n + 1, "password")];
        json!({"stream": {"app": "x", "task": task}, "values": values})
    };
    let body = json!({"streams": [stream("a", 0), stream("b", 2)]}).to_string();
    let request = Request::post("/loki/api/v1/push")
        .header("Content-Type", "application/json")
        .header("X-Scope-OrgID", tenant)
        .body(Body::from(body));
    let answer = server.send(request.unwrap()).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
}

async fn send(server: &Harness, method: &str, tenant: &str, params: &[(&str, &str)]) -> Answer {
    let request = Request::builder().method(method).uri(uri(PATH, params));
    let request = request.header("X-Scope-OrgID", tenant).body(Body::empty());
    server.send(request.unwrap()).await
}

/// Deletes what a query finds between two seconds after [`START`].
async fn delete(server: &Harness, tenant: &str, query: &str, (from, to): (i64, i64)) {
    let (start, end) = ((START + from).to_string(), (START + to).to_string());
    let params = [("query", query), ("start", &start), ("end", &end)];
    let answer = send(server, "POST", tenant, &params).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
}

async fn list(server: &Harness, tenant: &str) -> Vec<Value> {
    send(server, "GET", tenant, &[]).await.json().as_array().unwrap().clone()
}

/// How many lines are seen: as lines, as a number, and in the old form.
async fn seen(server: &Harness, tenant: &str) -> usize {
    let ask = async |path: &str, query: &str| {
        let params = [("query", query), ("since", "1h"), ("limit", "100")];
        let request = Request::get(uri(path, &params)).header("X-Scope-OrgID", tenant);
        server.send(request.body(Body::empty()).unwrap()).await.json()
    };
    let count = |streams: &Value, entries: &str| {
        let streams = streams.as_array().into_iter().flatten();
        streams.map(|stream| stream[entries].as_array().unwrap().len()).sum::<usize>()
    };
    let found = ask("/loki/api/v1/query_range", r#"{app="x"}"#).await;
    let lines = count(&found["data"]["result"], "values");
    let sum = r#"sum(count_over_time({app="x"}[1h]))"#;
    let number = ask("/loki/api/v1/query", sum).await["data"]["result"][0]["value"][1].clone();
    assert_eq!(number.as_str().unwrap_or("0"), lines.to_string());
    assert_eq!(count(&ask("/api/prom/query", r#"{app="x"}"#).await["streams"], "entries"), lines);
    lines
}

#[tokio::test]
async fn what_is_deleted_is_seen_no_more_and_seen_again_when_it_is_taken_back() {
    let server = filled(plain()).await;
    assert_eq!(seen(&server, "").await, 8);
    delete(&server, "", r#"{app="x"} |= "password""#, (0, 3)).await;
    assert_eq!(seen(&server, "").await, 6);
    delete(&server, "", r#"{task="b"}"#, (0, 13)).await;
    assert_eq!(seen(&server, "").await, 3);
    delete(&server, "", r#"{app="x"} | task="a" != "password""#, (11, 20)).await;
    assert_eq!(seen(&server, "").await, 3, "out of time");

    let requests = list(&server, "").await;
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[1]["query"], r#"{task="b"}"#);
    assert_eq!(requests[1]["start_time"], START);
    assert_eq!(requests[1]["end_time"], START + 13);
    assert_eq!(requests[1]["status"], "received");
    assert_eq!(requests[1]["created_at"], NOW.as_nanos() / 1_000_000_000);
    let id = requests[1]["request_id"].as_str().unwrap();
    assert_eq!(send(&server, "DELETE", "", &[("request_id", id)]).await.status, 204);
    assert_eq!((list(&server, "").await.len(), seen(&server, "").await), (2, 6));
    assert_eq!(send(&server, "DELETE", "", &[("request_id", id)]).await.status, 404);
}

#[tokio::test]
async fn what_is_deleted_has_no_fields_and_no_pattern_and_goes_on_being_counted_in_volumes() {
    let server = Harness::new(plain()).await;
    let lines = (0..6).map(|n| {
        let text = if n < 3 { format!("secret={n}") } else { format!("page={n}") };
        json!([format!("{}000000000", START + n), text])
    });
    let stream = json!({"stream": {"app": "x"}, "values": lines.collect::<Vec<_>>()});
    assert_eq!(server.push(&json!({"streams": [stream]}).to_string()).await.status, 204);
    let ask = async |path: &str| {
        let path = format!("/loki/api/v1/{path}");
        let params = [("query", r#"{app="x"}"#), ("since", "1h")];
        server.get(&path, &params).await.json()
    };
    let check = async |fields: &[&str], values: usize, patterns: usize| {
        let found = ask("detected_fields").await;
        let found = found["fields"].as_array().into_iter().flatten();
        assert_eq!(found.map(|field| field["label"].as_str().unwrap()).collect::<Vec<_>>(), fields);
        let secrets = ask("detected_field/secret/values").await;
        assert_eq!(secrets["values"].as_array().map_or(0, Vec::len), values);
        let mined = ask("patterns").await["data"].as_array().unwrap().clone();
        assert_eq!(mined.len(), patterns, "{mined:?}");
        assert_eq!(ask("index/stats").await["entries"], 6);
    };
    check(&["page", "secret"], 3, 2).await;
    delete(&server, "", r#"{app="x"} |= "secret""#, (0, 100)).await;
    check(&["page"], 0, 1).await;
}

#[tokio::test]
async fn what_was_deleted_stays_hidden_where_nothing_more_may_be() {
    let (folder, clock, parts) = parts().await;
    let (query, start) = (r#"{task="b"}"#.to_owned(), Timestamp::MIN);
    let wish = store::DeleteWish { query, start, end: NOW };
    let tenant = model::TenantId::default();
    parts.store.create_delete_request(&tenant, wish).await.unwrap();
    let mut config = plain();
    config.take_loki_yaml("limits_config: {deletion_mode: disabled}").unwrap();
    let router = Server::build(config, parts).unwrap().into_router();
    let server = Harness::over(router, clock, folder);
    push(&server, "", "old").await;
    assert_eq!(seen(&server, "").await, 2);
}

#[tokio::test]
async fn tenants_neither_see_nor_affect_each_other_s_requests() {
    let server = Harness::new(Config { multi_tenant: true, ..plain() }).await;
    for tenant in ["a", "b"] {
        push(&server, tenant, "old").await;
    }
    delete(&server, "a", r#"{app="x"}"#, (0, 100)).await;
    assert_eq!((seen(&server, "a").await, seen(&server, "b").await), (0, 4));
    assert!(list(&server, "b").await.is_empty());
    let id = list(&server, "a").await[0]["request_id"].clone();
    let params = [("request_id", id.as_str().unwrap())];
    assert_eq!(send(&server, "DELETE", "b", &params).await.status, 404);
    assert_eq!(seen(&server, "a").await, 0);
}

#[tokio::test]
async fn requests_outlive_the_process() {
    let (folder, clock, first) = parts().await;
    let wish = store::DeleteWish { query: r#"{app="x"}"#.to_owned(), start: NOW, end: NOW };
    let tenant = model::TenantId::default();
    let made = first.store.create_delete_request(&tenant, wish).await.unwrap();
    first.store.shutdown().await.unwrap();
    drop(first);
    let config = store::Config::default();
    let store = Store::open_folder(folder.path(), config, clock.clone()).await.unwrap();
    assert_eq!(*store.delete_requests(&tenant), *std::slice::from_ref(&made));
    let engine = Engine::new(store.clone(), clock.clone(), query::Config::default());
    let registry = prometheus_client::registry::Registry::default();
    let parts = barogram_server::Parts { store, engine, clock: clock.clone(), registry };
    let router = Server::build(plain(), parts).unwrap().into_router();
    let server = Harness::over(router, clock, folder);
    assert_eq!(list(&server, "").await[0]["request_id"], made.id.to_string());
}

#[tokio::test]
async fn a_request_is_taken_back_within_a_day_and_later_by_force() {
    let server = filled(plain()).await;
    for _ in 0..2 {
        delete(&server, "", r#"{app="x"}"#, (0, 100)).await;
    }
    let requests = list(&server, "").await;
    let [first, second] = [&requests[0], &requests[1]].map(|one| one["request_id"].as_str());
    server.clock.advance(Duration::from_secs(86_400));
    let cancel = async |id: Option<&str>, force: &str| {
        let params = [("request_id", id.unwrap()), ("force", force)];
        send(&server, "DELETE", "", &params).await
    };
    assert_eq!(cancel(first, "").await.status, 204);
    server.clock.advance(Duration::from_nanos(1));
    for force in ["", "false", "1"] {
        let answer = cancel(second, force).await;
        let expect = "the delete request is past the deadline of 1d since its creation";
        assert!(answer.status == 400 && answer.text().starts_with(expect), "{}", answer.text());
    }
    let small = second.map(str::to_lowercase);
    assert_eq!(cancel(small.as_deref(), "").await.status, 404, "no way around");
    assert_eq!(list(&server, "").await.len(), 1);
    assert_eq!(cancel(second, "true").await.status, 204);
    assert!(list(&server, "").await.is_empty());
}

#[tokio::test]
async fn a_request_may_be_a_form() {
    let server = filled(plain()).await;
    for (method, task, left) in [("POST", "a", 4), ("PUT", "b", 0)] {
        let request = Request::builder().method(method).uri(PATH);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let query = format!("query=%7Btask%3D%22{task}%22%7D&start={START}");
        let answer = server.send(request.body(Body::from(query)).unwrap()).await;
        assert_eq!(answer.status, 204, "{method}: {}", answer.text());
        assert_eq!(seen(&server, "").await, left);
    }
}

#[tokio::test]
async fn what_cannot_be_deleted_is_said() {
    let server = Harness::new(plain()).await;
    let check = async |query: &str, start: &str, end: &str, expect: &str| {
        let params = [("query", query), ("start", start), ("end", end)];
        let answer = send(&server, "PUT", "", &params).await;
        assert_eq!(answer.status, 400, "for {query}");
        assert!(answer.text().starts_with(expect), "{}", answer.text());
    };
    let query = r#"{app="x"}"#;
    check("", "1", "2", "query not set").await;
    check(query, "", "2", "start not set").await;
    check(query, "3", "2", "start time can't be greater than end time").await;
    check(query, "1", "4000000000", "deletes in the future are not allowed").await;
    check(query, "x", "2", "could not parse 'start' parameter").await;
    check("{", "1", "2", "parse error at line 1").await;
    check(r#"{app="x"} | json"#, "1", "2", "only line filters and label filters").await;
    check(r#"rate({app="x"}[1m])"#, "1", "2", "only a query for lines").await;
    let mut config = plain();
    config.take_loki_yaml("limits_config: {deletion_mode: disabled}").unwrap();
    let server = Harness::new(config).await;
    for method in ["POST", "GET", "DELETE"] {
        assert_eq!(send(&server, method, "", &[]).await.status, 403);
    }
}
