//! What Grafana asks, in its spelling and with its headers: the Loki data source (13.1), and Logs
//! Drilldown on top of it. The tests hold it to what their code relies on in an answer.

mod datasource;
mod drilldown;

use std::io::Read;

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use barogram_server::Config;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::harness::{Answer, Harness, uri};

type Params<'a> = [(&'a str, &'a str)];

/// The hour before now, as the data source writes it: milliseconds with six zeros.
const HOUR: [(&str, &str); 2] = [("start", "1768863600000000000"), ("end", "1768867200000000000")];
/// The second in that hour from which the lines below count: 23:40:00.
const SECOND: u64 = 1_768_866_000;

/// What is shorter than this goes as it is: packed, it would be longer.
const PACKED_BYTES_MIN: usize = 32;

/// A task, which writes JSON as Airflow 3 does: when, in which run, what.
const TASK: [(u64, &str, &str); 3] = [
    (10, "r1", r#"{"level":"info","event":"start","rows":0,"took":"1.5s","ti":{"try":1}}"#),
    (20, "r1", r#"{"level":"warning","event":"slow","rows":17,"took":"500ms","ti":{"try":1}}"#),
    (30, "r2", r#"{"level":"error","event":"failed","rows":17,"took":"1s","ti":{"try":2}}"#),
];

/// A scheduler, which writes logfmt.
const SCHEDULER: [(u64, &str); 2] = [
    (20, r#"level=info msg="1 task queued" pending=3"#),
    (80, "level=debug msg=heartbeat pending=2"),
];

/// The time of a line. Its nanoseconds differ from line to line, and no float holds them.
fn nanos(second: u64) -> String {
    format!("{}{second:09}", SECOND + second)
}

/// Grafana, and a server with an hour of Airflow's logs behind it.
struct Grafana {
    server: Harness,
}

impl Grafana {
    async fn new() -> Self {
        Self::over(Config::default()).await
    }

    async fn over(config: Config) -> Self {
        let grafana = Self { server: Harness::new(config).await };
        let labels =
            json!({"namespace": "airflow", "app": "worker", "dag_id": "etl", "task_id": "extract"});
        let lines = TASK.map(|(at, run, line)| json!([nanos(at), line, {"run_id": run}]));
        grafana.push(&labels, &lines).await;
        let labels = json!({"namespace": "airflow", "app": "scheduler"});
        grafana.push(&labels, &SCHEDULER.map(|(at, line)| json!([nanos(at), line]))).await;
        grafana
    }

    async fn push(&self, labels: &Value, lines: &[Value]) {
        let body = json!({"streams": [{"stream": labels, "values": lines}]});
        let answer = self.server.push(&body.to_string()).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
    }

    /// What the backend asks for a panel: Go sorts the parameters, and writes a space as `+`.
    async fn query(&self, path: &str, params: &Params<'_>, source: Option<&str>) -> Answer {
        let mut params = params.to_vec();
        params.sort_unstable();
        let target = uri(&format!("/loki/api/v1/{path}"), &params).replace("%20", "+");
        let query = params.iter().find(|(name, _)| *name == "query");
        let context = json!({
            "Expr": query.map(|(_, query)| *query),
            "From": "2026-01-19T23:00:00Z",
            "To": "2026-01-20T00:00:00Z",
        });
        let request = Request::get(target)
            .header("X-Loki-Response-Encoding-Flags", "categorize-labels")
            .header("X-Loki-Query-Limits-Context", context.to_string());
        self.send(request, source).await
    }

    /// What a page asks through the backend, which hands it on as it is.
    async fn resource(&self, path: &str, params: &Params<'_>, source: Option<&str>) -> Answer {
        self.send(Request::get(uri(&format!("/loki/api/v1/{path}"), params)), source).await
    }

    /// Sends what Go's client adds, and undoes the compression that it asks for.
    async fn send(&self, mut request: Builder, source: Option<&str>) -> Answer {
        if let Some(source) = source {
            request = request.header("X-Query-Tags", format!("Source={source}"));
        }
        request = request.header("User-Agent", "Grafana/13.1.0").header("Accept-Encoding", "gzip");
        let mut answer = self.server.send(request.body(Body::empty()).unwrap()).await;
        let packed = answer.headers.get("content-encoding").is_some_and(|by| by == "gzip");
        if packed {
            let mut body = Vec::new();
            GzDecoder::new(answer.body.as_slice()).read_to_end(&mut body).unwrap();
            answer.body = body;
        }
        assert!(packed || answer.body.len() < PACKED_BYTES_MIN, "{}", answer.text());
        if answer.status == 200 {
            assert_eq!(answer.headers["content-type"], "application/json; charset=UTF-8");
        }
        answer
    }

    /// The streams that a query for lines finds.
    async fn lines(&self, params: &Params<'_>, source: Option<&str>) -> Value {
        let mut answer = self.query("query_range", params, source).await.json();
        assert_eq!(answer["status"], "success");
        let data = &mut answer["data"];
        assert_eq!(data["resultType"], "streams");
        assert_eq!(data["encodingFlags"], json!(["categorize-labels"]));
        check_summary(&data["stats"]["summary"]);
        data["result"].take()
    }

    /// The series that a query for numbers finds, as "labels points", sorted.
    async fn numbers(&self, path: &str, params: &Params<'_>, source: Option<&str>) -> Vec<String> {
        let answer = self.query(path, params, source).await.json();
        assert_eq!(answer["status"], "success");
        let (kind, points) = match path {
            "query" => ("vector", "value"),
            _ => ("matrix", "values"),
        };
        assert_eq!(answer["data"]["resultType"], kind);
        let series = answer["data"]["result"].as_array().unwrap().iter();
        let mut shown: Vec<_> =
            series.map(|series| format!("{} {}", series["metric"], series[points])).collect();
        shown.sort();
        shown
    }
}

/// What the query inspector shows, and what Explore shows below the lines.
#[track_caller]
fn check_summary(summary: &Value) {
    for name in [
        "bytesProcessedPerSecond",
        "linesProcessedPerSecond",
        "totalBytesProcessed",
        "totalLinesProcessed",
        "execTime",
    ] {
        assert!(summary[name].is_number(), "{name} is {}", summary[name]);
    }
}

/// The parameters of a panel's query.
fn panel<'a>(query: &'a str, step: &'a str) -> Vec<(&'a str, &'a str)> {
    [&HOUR[..], &[("query", query), ("step", step), ("direction", "backward")]].concat()
}

/// The times of the entries in some streams, in their order.
fn times(streams: &Value) -> Vec<&str> {
    let streams = streams.as_array().unwrap().iter();
    let entries = streams.flat_map(|stream| stream["values"].as_array().unwrap());
    entries.map(|entry| entry[0].as_str().unwrap()).collect()
}
