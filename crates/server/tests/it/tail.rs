//! Live tail over a real socket: what is there, then what comes, each line once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use barogram_server::{Config, Server, Token};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::harness::{Harness, NOW, parts, plain, uri};

/// The longest that a test waits for anything. Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);
const TAIL: &str = "/loki/api/v1/tail";
const PUSH: &str = "/loki/api/v1/push";

/// A server on a socket.
struct Served {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), barogram_server::Error>>,
    _folder: TempDir,
}

/// One who tails.
struct Reader(WebSocketStream<TcpStream>);

type Headers<'a> = &'a [(&'static str, &'a str)];

impl Served {
    async fn start(config: Config) -> Self {
        let (folder, _clock, parts) = parts().await;
        let listener = Server::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = Server::build(config, parts).unwrap();
        let serving = tokio::spawn(server.serve(listener, async {
            let _ = stopped.await;
        }));
        Self { addr, stop, serving, _folder: folder }
    }

    async fn tail(&self, params: &[(&str, &str)]) -> Reader {
        self.tail_with(TAIL, params, &[]).await
    }

    async fn tail_with(&self, path: &str, params: &[(&str, &str)], headers: Headers<'_>) -> Reader {
        let url = format!("ws://{}{}", self.addr, uri(path, params));
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let tcp = TcpStream::connect(self.addr).await.unwrap();
        Reader(client_async(request, tcp).await.unwrap().0)
    }

    /// The answer to a request whose connection is to be closed after it.
    async fn ask(&self, request: &str, headers: Headers<'_>, body: &str) -> (u16, String) {
        let mut text = format!("{request} HTTP/1.1\r\nHost: {}\r\n", self.addr);
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut connection = TcpStream::connect(self.addr).await.unwrap();
        connection.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = timeout(PATIENCE, connection.read_to_string(&mut answer)).await;
        read.expect("an answer comes").unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// A push of lines, each with its metadata, a second before the time of the tests and later.
    async fn push(&self, labels: Value, lines: &[(i64, &str, Value)]) {
        self.push_as("", labels, lines).await;
    }

    async fn push_as(&self, tenant: &str, labels: Value, lines: &[(i64, &str, Value)]) {
        let values = lines.iter().map(|(time, line, metadata)| json!([at(*time), line, metadata]));
        let values: Vec<_> = values.collect();
        let body = json!({"streams": [{"stream": labels, "values": values}]}).to_string();
        let headers = [
            ("Content-Type", "application/json"),
            ("Connection", "close"),
            ("X-Scope-OrgID", tenant),
        ];
        let (status, text) = self.ask(&format!("POST {PUSH}"), &headers, &body).await;
        assert_eq!(status, 204, "{text}");
    }

    /// How a tail is refused.
    async fn refusal(&self, params: &[(&str, &str)], headers: Headers<'_>) -> (u16, String) {
        let upgrade = [
            ("Connection", "close, Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let request = format!("GET {}", uri(TAIL, params));
        self.ask(&request, &[&upgrade[..], headers].concat(), "").await
    }

    /// The value of a metric; nothing when it is not there.
    async fn metric(&self, line: &str) -> Option<u64> {
        let (_, text) = self.ask("GET /metrics", &[("Connection", "close")], "").await;
        let found = text.lines().find_map(|found| found.strip_prefix(line));
        found.map(|value| value.trim().parse().unwrap())
    }
}

impl Reader {
    /// The next frame. Pings are answered meanwhile.
    async fn frame(&mut self) -> Value {
        let message = timeout(PATIENCE, async {
            loop {
                match self.0.next().await.expect("the tail goes on").unwrap() {
                    Message::Text(text) => break serde_json::from_str(&text).unwrap(),
                    Message::Ping(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
        message.await.expect("a frame comes")
    }

    /// The texts of this many lines.
    async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.len() < count {
            lines.extend(texts(&self.frame().await));
        }
        assert_eq!(lines.len(), count, "{lines:?}");
        lines
    }

    async fn closed(&mut self) -> CloseFrame {
        let closed = timeout(PATIENCE, async {
            loop {
                match self.0.next().await.expect("a goodbye comes").unwrap() {
                    Message::Close(frame) => break frame.unwrap(),
                    Message::Ping(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
        closed.await.expect("a goodbye comes")
    }
}

/// A time near that of the tests, as it is pushed.
fn at(time: i64) -> String {
    (NOW.as_nanos() - 1_000_000_000 + time).to_string()
}

/// The texts of the lines of a frame, by their time.
fn texts(frame: &Value) -> Vec<String> {
    let streams = frame["streams"].as_array().unwrap().iter();
    let entries = streams.flat_map(|stream| stream["values"].as_array().unwrap());
    let mut lines: Vec<_> =
        entries.map(|entry| (entry[0].to_string(), entry[1].as_str().unwrap())).collect();
    lines.sort_by(|(a, _), (b, _)| a.cmp(b));
    lines.into_iter().map(|(_, line)| line.to_owned()).collect()
}

fn none() -> Value {
    json!({})
}

#[tokio::test]
async fn what_is_there_comes_first_then_what_is_pushed() {
    let server = Served::start(plain()).await;
    let app = json!({"app": "a"});
    let old = [(1, "one", none()), (2, "two", none()), (3, "three", json!({"run_id": "r1"}))];
    server.push(app.clone(), &old).await;
    let mut reader = server.tail(&[("query", r#"{app="a"}"#), ("limit", "2")]).await;
    assert_eq!(
        reader.frame().await,
        json!({"streams": [
            {"stream": {"app": "a"}, "values": [[at(2), "two"]]},
            {"stream": {"app": "a", "run_id": "r1"}, "values": [[at(3), "three"]]},
        ]})
    );
    // A line that comes again is stored once, and shown once.
    server.push(app, &[(3, "three", json!({"run_id": "r1"})), (0, "late", none())]).await;
    let late = json!({"streams": [{"stream": {"app": "a"}, "values": [[at(0), "late"]]}]});
    assert_eq!(reader.frame().await, late);
}

#[tokio::test]
async fn a_clock_that_is_ahead_does_not_hide_its_lines() {
    let server = Served::start(plain()).await;
    let ahead = 60_000_000_000;
    server.push(json!({"app": "a"}), &[(ahead, "from a minute ahead", none())]).await;
    let mut reader = server.tail(&[("query", r#"{app="a"}"#)]).await;
    assert_eq!(reader.lines(1).await, ["from a minute ahead"]);
}

#[tokio::test]
async fn live_lines_pass_the_query() {
    let server = Served::start(plain()).await;
    let query =
        r#"{app="a", run_id="r2"} |= "msg" | json | level="error" | line_format "{{.msg}}""#;
    let mut reader = server.tail(&[("query", query)]).await;
    let (r1, r2) = (json!({"run_id": "r1"}), json!({"run_id": "r2"}));
    let lines = [
        (1, r#"{"level":"error","msg":"wrong run"}"#, r1),
        (2, r#"{"level":"info","msg":"wrong level"}"#, r2.clone()),
        (3, r#"{"level":"error"}"#, r2.clone()),
        (4, r#"{"level":"error","msg":"right"}"#, r2),
    ];
    server.push(json!({"app": "b"}), &lines).await;
    server.push(json!({"app": "a"}), &lines).await;
    let labels = json!({"app": "a", "run_id": "r2", "level": "error", "msg": "right"});
    let frame = json!({"streams": [{"stream": labels, "values": [[at(4), "right"]]}]});
    assert_eq!(reader.frame().await, frame);
}

#[tokio::test]
async fn what_is_deleted_is_not_tailed_though_it_comes_late() {
    let server = Served::start(plain()).await;
    let lines = |n| [(n, "a secret", none()), (n + 1, "a line", none())];
    let delete = async |query: &str| {
        let end = NOW.as_nanos().to_string();
        let params = [("query", query), ("start", "1"), ("end", &end)];
        let path = uri("/loki/api/v1/delete", &params);
        let answer = server.ask(&format!("POST {path}"), &[("Connection", "close")], "").await;
        assert_eq!(answer.0, 204, "{}", answer.1);
    };
    server.push(json!({"app": "a"}), &lines(1)).await;
    delete(r#"{app="a"} |= "secret""#).await;
    let mut reader = server.tail(&[("query", r#"{app=~"a|b"}"#)]).await;
    assert_eq!(reader.lines(1).await, ["a line"]);
    server.push(json!({"app": "a"}), &lines(3)).await;
    assert_eq!(reader.lines(1).await, ["a line"]);
    // One that is made while the tail runs counts, and is about its own time only.
    delete(r#"{app="b"}"#).await;
    server.push(json!({"app": "b"}), &lines(5)).await;
    server.push(json!({"app": "b"}), &lines(2_000_000_000)).await;
    assert_eq!(reader.lines(2).await, ["a secret", "a line"]);
}

#[tokio::test]
async fn grafana_gets_categories() {
    let server = Served::start(plain()).await;
    let line = |time| (time, "user=ann", json!({"run_id": "r1"}));
    server.push(json!({"app": "a"}), &[line(1)]).await;
    let headers = [
        ("X-Loki-Response-Encoding-Flags", "categorize-labels"),
        ("Accept-Encoding", "gzip, deflate, br"),
    ];
    let query = [("query", r#"{app="a"} | logfmt"#)];
    let mut reader = server.tail_with(TAIL, &query, &headers).await;
    for time in [1, 2] {
        let categories = json!({"structuredMetadata": {"run_id": "r1"}, "parsed": {"user": "ann"}});
        let expect = json!({
            "streams": [{"stream": {"app": "a"}, "values": [[at(time), "user=ann", categories]]}],
            "encodingFlags": ["categorize-labels"],
        });
        assert_eq!(reader.frame().await, expect);
        server.push(json!({"app": "a"}), &[line(2)]).await;
    }
}

#[tokio::test]
async fn the_old_path_has_the_old_form() {
    let server = Served::start(plain()).await;
    let mut reader = server.tail_with("/api/prom/tail", &[("query", r#"{app="a"}"#)], &[]).await;
    server.push(json!({"app": "a"}), &[(5, "line", none())]).await;
    let entry = json!({"ts": "2026-01-19T23:59:59.000000005Z", "line": "line"});
    let frame = json!({"streams": [{"labels": "{app=\"a\"}", "entries": [entry]}]});
    assert_eq!(reader.frame().await, frame);
}

#[tokio::test]
async fn late_lines_are_waited_for() {
    let server = Served::start(plain()).await;
    let mut reader = server.tail(&[("query", r#"{app=~".+"}"#), ("delay_for", "3")]).await;
    for (app, time) in [("a", 30), ("b", 10), ("a", 20)] {
        server.push(json!({"app": app}), &[(time, &format!("{app}{time}"), none())]).await;
    }
    assert_eq!(reader.lines(3).await, ["b10", "a20", "a30"]);
}

#[tokio::test]
async fn tenants_see_their_own_lines() {
    let server = Served::start(Config { multi_tenant: true, ..plain() }).await;
    let tail = async |tenant| {
        server.tail_with(TAIL, &[("query", r#"{app="a"}"#)], &[("X-Scope-OrgID", tenant)]).await
    };
    let (mut one, mut two) = (tail("one").await, tail("two").await);
    server.push_as("one", json!({"app": "a"}), &[(1, "of one", none())]).await;
    server.push_as("two", json!({"app": "a"}), &[(1, "of two", none())]).await;
    assert_eq!(
        (one.lines(1).await, two.lines(1).await),
        (vec!["of one".into()], vec!["of two".into()])
    );
    assert_eq!(server.refusal(&[("query", r#"{app="a"}"#)], &[]).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_is_missing_and_none_comes_twice() {
    const WRITERS: usize = 4;
    const PUSHES: usize = 40;
    const LINES: usize = 25;
    const TAILS: usize = 6;
    let mut config = plain();
    config.limits.max_entries_limit_per_query = 0;
    let server = Arc::new(Served::start(config).await);
    let write = |writer: usize| {
        let server = Arc::clone(&server);
        async move {
            for number in 0..PUSHES {
                let time = |line: usize| (number * LINES + line) as i64;
                let texts: Vec<_> = (0..LINES).map(|l| format!("{writer}-{number}-{l}")).collect();
                let lines = texts.iter().enumerate();
                let lines: Vec<_> =
                    lines.map(|(l, text)| (time(l), text.as_str(), none())).collect();
                let labels = json!({"app": "a", "writer": writer.to_string()});
                server.push(labels.clone(), &lines).await;
                if number % 7 == writer {
                    server.push(labels, &lines).await;
                }
            }
        }
    };
    let read = |after: usize| {
        let server = Arc::clone(&server);
        async move {
            // Each begins at another moment of the writing.
            while server.metric("push_lines_total{tenant=\"fake\"}").await.unwrap_or(0)
                < after as u64
            {
                tokio::task::yield_now().await;
            }
            let mut reader = server.tail(&[("query", r#"{app="a"}"#), ("limit", "100000")]).await;
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            while !seen.contains_key("last") {
                for line in texts(&reader.frame().await) {
                    *seen.entry(line).or_default() += 1;
                }
            }
            seen
        }
    };
    let all = WRITERS * PUSHES * LINES;
    let readers: Vec<_> = (0..TAILS).map(|n| tokio::spawn(read(n * all / TAILS))).collect();
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(writer))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    // Sent only when all have begun, and later than all others.
    while server.metric("tail_active{tenant=\"fake\"}").await != Some(TAILS as u64) {
        tokio::task::yield_now().await;
    }
    server.push(json!({"app": "a"}), &[(1_000_000, "last", none())]).await;
    for reader in readers {
        let seen = timeout(PATIENCE, reader).await.expect("all is seen").unwrap();
        let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
        assert_eq!((seen.len(), twice), (all + 1, vec![]));
    }
    assert_eq!(server.metric("tail_dropped_lines_total{tenant=\"fake\"}").await, None);
}

#[tokio::test]
async fn a_slow_reader_loses_lines_and_is_told_while_pushes_go_on() {
    const PUSHES: i64 = 60;
    const LINES: i64 = 5;
    let server = Served::start(plain()).await;
    let mut reader = server.tail(&[("query", r#"{app="a"}"#)]).await;
    server.push(json!({"app": "a"}), &[(-1, "begun", none())]).await;
    assert_eq!(reader.lines(1).await, ["begun"]);
    let large = "x".repeat(200_000);
    for number in 0..PUSHES {
        let lines: Vec<_> =
            (0..LINES).map(|line| (number * LINES + line, large.as_str(), none())).collect();
        server.push(json!({"app": "a"}), &lines).await;
    }
    let (mut seen, mut dropped) = (BTreeSet::new(), BTreeSet::new());
    while seen.len() + dropped.len() < (PUSHES * LINES) as usize {
        let frame = reader.frame().await;
        for stream in frame["streams"].as_array().unwrap() {
            let values = stream["values"].as_array().unwrap().iter();
            seen.extend(values.map(|value| value[0].as_str().unwrap().to_owned()));
        }
        for entry in frame["dropped_entries"].as_array().into_iter().flatten() {
            assert_eq!(entry["labels"], json!({"app": "a"}));
            dropped.insert(entry["timestamp"].as_str().unwrap().to_owned());
        }
    }
    assert!(seen.is_disjoint(&dropped) && seen.len() > 50 && !dropped.is_empty());
    let counted = server.metric("tail_dropped_lines_total{tenant=\"fake\"}").await;
    assert_eq!(counted, Some(dropped.len() as u64));
    // Who reads again loses nothing more.
    server.push(json!({"app": "a"}), &[(1_000_000, "after", none())]).await;
    assert_eq!(reader.lines(1).await, ["after"]);
}

#[tokio::test]
async fn a_tenant_has_as_many_tails_as_it_may() {
    let mut config = plain();
    config.limits.max_concurrent_tail_requests = 1;
    let server = Served::start(config).await;
    let query = [("query", r#"{app="a"}"#)];
    let mut reader = server.tail(&query).await;
    let (status, text) = server.refusal(&query, &[]).await;
    let expect = "max concurrent tail requests limit exceeded, count > limit (2 > 1)";
    assert!(status == 429 && text.starts_with(expect), "{status} {text}");
    assert_eq!(server.metric("tail_active{tenant=\"fake\"}").await, Some(1));
    reader.0.send(Message::Close(None)).await.unwrap();
    let freed = timeout(PATIENCE, async {
        while server.metric("tail_active{tenant=\"fake\"}").await != Some(0) {
            tokio::task::yield_now().await;
        }
    });
    freed.await.expect("who goes frees a slot");
    drop(server.tail(&query).await);
}

#[tokio::test]
async fn what_cannot_be_tailed_is_refused_before_it_begins() {
    let server = Served::start(plain()).await;
    let check = async |query: &str, more: (&str, &str), status: u16, text: &str| {
        let answer = server.refusal(&[("query", query), more], &[]).await;
        assert!(answer.0 == status && answer.1.starts_with(text), "{query} {more:?}: {answer:?}");
    };
    let (lines, none) = (r#"{app="a"}"#, ("x", ""));
    check(r#"rate({app="a"}[1m])"#, none, 400, "only log selector is supported").await;
    check("{app=", none, 400, "parse error at line 1, col 6:").await;
    check("", none, 400, "parse error").await;
    check(r#"{app=~"("}"#, none, 400, "").await;
    check(lines, ("delay_for", "6"), 400, "delay_for can't be greater than 5").await;
    check(lines, ("limit", "0"), 400, "limit must be a positive value").await;
    check(lines, ("limit", "5001"), 400, "max entries limit per query exceeded").await;
    check(lines, ("start", "soon"), 400, "could not parse 'start' parameter").await;
    let foreign = server.refusal(&[("query", lines)], &[("Origin", "https://evil.example")]).await;
    assert_eq!(foreign.0, 403);
    assert_eq!(server.metric("tail_active{tenant=\"fake\"}").await, None);
}

#[tokio::test]
async fn what_is_no_websocket_is_a_bad_request() {
    let server = Harness::new(plain()).await;
    for path in [TAIL, "/api/prom/tail"] {
        let answer = server.get(path, &[("query", r#"{app="a"}"#)]).await;
        assert_eq!((answer.status, answer.text().as_str()), (400, "Bad Request\n"));
    }
}

#[tokio::test]
async fn a_tail_needs_the_token() {
    let server = Served::start(Config { token: Token::new("s3cret"), ..plain() }).await;
    let query = [("query", r#"{app="a"}"#)];
    assert_eq!(server.refusal(&query, &[]).await.0, 401);
    drop(server.tail_with(TAIL, &query, &[("Authorization", "Bearer s3cret")]).await);
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye() {
    let server = Served::start(plain()).await;
    let query = [("query", r#"{app="a"}"#)];
    // One listens, another has stopped to read.
    let (mut reader, _silent) = (server.tail(&query).await, server.tail(&query).await);
    server.push(json!({"app": "a"}), &[(1, "line", none())]).await;
    assert_eq!(reader.lines(1).await, ["line"]);
    server.stop.send(()).unwrap();
    assert_eq!(reader.closed().await.code, CloseCode::Away);
    // Far less than the grace that other requests have.
    let ended = timeout(Duration::from_secs(15), server.serving).await;
    ended.expect("tails do not delay the end").unwrap().unwrap();
}
