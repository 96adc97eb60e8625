//! What each command asks, who it says it is, and what it makes of refusals.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::header::CONTENT_ENCODING;
use axum::response::IntoResponse;
use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;

use super::stub::{Asked, Said, Stub, barogram, refusal};

/// A range that needs no clock.
const HOUR: [&str; 4] = ["--from", "2026-01-15T06:00:00Z", "--to", "2026-01-15T07:00:00Z"];
const EMPTY: &str = r#"{"status":"success","data":{"resultType":"streams","result":[]}}"#;

/// What a command asks of a server that answers with one text, and what it prints.
async fn ask(arguments: &[&str], answer: &'static str) -> String {
    let stub = Stub::saying(answer).await;
    let said = barogram(&stub.url, arguments, "").await;
    let asked: Vec<String> = stub.asked().iter().map(shown).collect();
    let errors = said.errors.replace(&stub.url, "http://stub");
    format!("{}\n--\n{}--\n{errors}exit {:?}", asked.join("\n"), said.out, said.code)
}

/// A request on a few lines.
fn shown(asked: &Asked) -> String {
    let params = asked.params.iter().map(|(name, value)| format!("\n  {name}={value}"));
    format!("{} {}{}", asked.method, asked.path, params.collect::<String>())
}

/// The same, for a certain hour.
async fn during(arguments: &[&str], answer: &'static str) -> String {
    ask(&[arguments, &HOUR].concat(), answer).await
}

/// One number, with a hint.
const VECTOR: &str = r#"{"status":"success","warnings":["careful"],"data":{"resultType":"vector",
    "result":[{"metric":{"dag_id":"etl"},"value":[1768456800,"3"]}]}}"#;

#[tokio::test]
async fn queries() {
    let answer = r#"{"status":"success","data":{"resultType":"streams","result":[
        {"stream":{"app":"airflow","dag_id":"etl"},"values":[["1768457700000000000","two"],
        ["1768456800500000000","one"]]}],"stats":{"summary":{"totalLinesProcessed":7}}}}"#;
    assert_snapshot!(during(&["query", "--dag", "etl", "--limit", "5"], answer).await, @r#"
    GET /loki/api/v1/query_range
      direction=backward
      end=1768460400000000000
      limit=5
      query={dag_id="etl"}
      start=1768456800000000000
      step=14000ms
    --
    2026-01-15T06:15:00Z {} two
    2026-01-15T06:00:00Z {} one
    --
    Common labels: {app="airflow", dag_id="etl"}
    exit Some(0)
    "#);
    let forward = ["query", "-q", "--forward", "--interval", "1s", "-o", "jsonl", "{a=\"b\"}"];
    assert_snapshot!(during(&forward, answer).await, @r#"
    GET /loki/api/v1/query_range
      direction=forward
      end=1768460400000000000
      interval=1000ms
      limit=30
      query={a="b"}
      start=1768456800000000000
      step=14000ms
    --
    {"labels":{},"line":"one","timestamp":"2026-01-15T06:00:00.5Z"}
    {"labels":{},"line":"two","timestamp":"2026-01-15T06:15:00Z"}
    --
    exit Some(0)
    "#);
    let stats = during(&["query", "--stats", "-o", "raw", "{a=\"b\"}"], answer).await;
    assert_snapshot!(stats.replace('\t', "⇥"), @r#"
    GET /loki/api/v1/query_range
      direction=backward
      end=1768460400000000000
      limit=30
      query={a="b"}
      start=1768456800000000000
      step=14000ms
    --
    two
    one
    --
    Querier.TotalChunksRef ⇥ 0
    Querier.TotalChunksDownloaded ⇥ 0
    Summary.BytesProcessedPerSecond  0 B
    Summary.LinesProcessedPerSecond  0
    Summary.TotalBytesProcessed ⇥ 0 B
    Summary.TotalLinesProcessed ⇥ 7
    Summary.PostFilterLines  0
    Summary.ExecTime ⇥ 0s
    Summary.QueueTime ⇥ 0s
    Common labels: {app="airflow", dag_id="etl"}
    exit Some(0)
    "#);
}

#[tokio::test]
async fn numbers() {
    let at = ["instant-query", "--now", "2026-01-15T06:00:00Z", "count_over_time({a=\"b\"}[1h])"];
    assert_snapshot!(ask(&at, VECTOR).await, @r#"
    GET /loki/api/v1/query
      direction=backward
      limit=30
      query=count_over_time({a="b"}[1h])
      time=1768456800000000000
    --
    [
      {
        "metric": {
          "dag_id": "etl"
        },
        "value": [
          1768456800,
          "3"
        ]
      }
    ]
    --
    warning: careful
    exit Some(0)
    "#);
    assert_snapshot!(ask(&[&at[..], &["-o", "chart", "-q"]].concat(), VECTOR).await, @r#"
    GET /loki/api/v1/query
      direction=backward
      limit=30
      query=count_over_time({a="b"}[1h])
      time=1768456800000000000
    --
    {dag_id="etl"} 3 ████████████████████████████████████████████████████████████
    --
    exit Some(0)
    "#);
}

#[tokio::test]
async fn volumes() {
    let volume = ["volume", "{a=\"b\"}", "--targetLabels", "x", "--targetLabels", "y"];
    assert_snapshot!(during(&volume, VECTOR).await, @r#"
    GET /loki/api/v1/index/volume
      end=1768460400000000000
      limit=30
      query={a="b"}
      start=1768456800000000000
      step=14000ms
      targetLabels=x,y
    --
    [
      {
        "metric": {
          "dag_id": "etl"
        },
        "value": [
          1768456800,
          "3"
        ]
      }
    ]
    --
    warning: careful
    exit Some(0)
    "#);
    let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
    let volumes = ["volume_range", "{}", "--step", "5m", "--aggregateByLabels", "-q"];
    assert_snapshot!(during(&volumes, matrix).await, @r"
    GET /loki/api/v1/index/volume_range
      aggregateBy=labels
      end=1768460400000000000
      limit=30
      query={}
      start=1768456800000000000
      step=300000ms
    --
    []
    --
    exit Some(0)
    ");
}

#[tokio::test]
async fn labels_and_series() {
    let names = r#"{"status":"success","data":["app","dag_id"]}"#;
    assert_snapshot!(during(&["labels"], names).await, @r"
    GET /loki/api/v1/labels
      end=1768460400000000000
      start=1768456800000000000
    --
    app
    dag_id
    --
    exit Some(0)
    ");
    assert_snapshot!(during(&["labels", "a/b"], r#"{"status":"success"}"#).await, @r"
    GET /loki/api/v1/label/a%2Fb/values
      end=1768460400000000000
      start=1768456800000000000
    --
    --
    exit Some(0)
    ");
    let series =
        r#"{"status":"success","data":[{"app":"airflow","dag_id":"a"},{"app":"airflow"}]}"#;
    assert_snapshot!(during(&["series", "{app=\"airflow\"}"], series).await, @r#"
    GET /loki/api/v1/series
      end=1768460400000000000
      match[]={app="airflow"}
      start=1768456800000000000
    --
    {app="airflow", dag_id="a"}
    {app="airflow"}
    --
    exit Some(0)
    "#);
}

#[tokio::test]
async fn statistics_and_fields() {
    let stats = r#"{"streams":3,"chunks":4,"entries":5,"bytes":1234567}"#;
    assert_snapshot!(during(&["stats", "{app=\"airflow\"}"], stats).await, @r#"
    GET /loki/api/v1/index/stats
      end=1768460400000000000
      query={app="airflow"}
      start=1768456800000000000
    --
    {
      bytes: 1.2MB
      chunks: 4
      streams: 3
      entries: 5
    }
    --
    exit Some(0)
    "#);
    let fields = r#"{"fields":[{"label":"n","type":"int","cardinality":2,"parsers":["json"]}]}"#;
    let detect = ["detected-fields", "{a=\"b\"}", "--line-limit", "10", "--step", "1m"];
    assert_snapshot!(during(&detect, fields).await, @r#"
    GET /loki/api/v1/detected_fields
      end=1768460400000000000
      limit=100
      line_limit=10
      query={a="b"}
      start=1768456800000000000
      step=60000ms
    --
    label: n		type: int		cardinality: 2
    --
    exit Some(0)
    "#);
    let values = r#"{"values":["x"],"limit":100}"#;
    assert_snapshot!(during(&["detected-fields", "{a=\"b\"}", "n"], values).await, @r#"
    GET /loki/api/v1/detected_field/n/values
      end=1768460400000000000
      limit=100
      line_limit=1000
      query={a="b"}
      start=1768456800000000000
    --
    x
    --
    exit Some(0)
    "#);
}

#[tokio::test]
async fn deletions() {
    let create = ["delete", "create", "{a=\"b\"}", "--from", "2026-01-15", "--max-interval", "24h"];
    let create = [&create[..], &["--to", "2026-01-16T00:00:00Z"]].concat();
    assert_snapshot!(ask(&create, "").await, @r#"
    POST /loki/api/v1/delete
      end=1768521600
      max_interval=24h
      query={a="b"}
      start=1768435200
    --
    Delete request created successfully
    --
    exit Some(0)
    "#);
    assert_snapshot!(ask(&["delete", "list"], "[]").await, @r"
    GET /loki/api/v1/delete
    --
    Found 0 delete requests:
    --
    exit Some(0)
    ");
    let cancel = ["delete", "cancel", "--request-id", "1f", "--force"];
    assert_snapshot!(ask(&cancel, "").await, @r"
    DELETE /loki/api/v1/delete
      force=true
      request_id=1f
    --
    Delete request 1f cancelled successfully
    --
    exit Some(0)
    ");
}

#[tokio::test]
async fn headers_say_who_asks_and_how() {
    let stub = Stub::saying(EMPTY).await;
    let arguments = [
        ["query", "{a=\"b\"}"],
        ["--username", "u"],
        ["--password", "p"],
        ["--org-id", "team"],
        ["--query-tags", "source=test"],
        ["--header", "X-Extra: 1"],
        ["--auth-header", "X-Auth"],
        ["--compress", "--nocache"],
    ];
    assert_eq!(barogram(&stub.url, arguments.as_flattened(), "").await.code, Some(0));
    let headers = &stub.asked()[0].headers;
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("x-auth"), Some("Basic dTpw"));
    assert_eq!(header("x-scope-orgid"), Some("team"));
    assert_eq!(header("x-query-tags"), Some("source=test"));
    assert_eq!(header("x-extra"), Some("1"));
    assert_eq!(header("cache-control"), Some("no-cache"));
    assert_eq!(header("accept-encoding"), Some("gzip"));
    assert!(header("user-agent").is_some_and(|agent| agent.starts_with("barogram/")));
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let stub = Stub::start(|_| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(br#"{"status":"success","data":["zipped"]}"#).unwrap();
        ([(CONTENT_ENCODING, "gzip")], gzip.finish().unwrap()).into_response()
    });
    let said = barogram(&stub.await.url, &["labels", "--compress"], "").await;
    assert_eq!(said, Said { out: "zipped\n".into(), errors: String::new(), code: Some(0) });
}

#[tokio::test]
async fn a_proxy_is_asked_only_if_told() {
    let proxy = Stub::saying(r#"{"status":"success","data":["by proxy"]}"#).await;
    let server = Stub::saying(r#"{"status":"success","data":["direct"]}"#).await;
    let out = async |arguments: &[&str]| {
        let mut command = super::stub::command(&server.url, arguments);
        let output = command.env("HTTP_PROXY", &proxy.url).output().await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(out(&["labels"]).await, "direct\n");
    assert_eq!(out(&["labels", "--envproxy"]).await, "by proxy\n");
    assert_eq!(out(&["labels", "--proxy-url", &proxy.url]).await, "by proxy\n");
}

/// Asks a server that fails so often, and then answers.
async fn retry(status: u16, failures: usize, retries: &str) -> (Said, usize) {
    let left = AtomicUsize::new(failures);
    let stub = Stub::start(move |_| {
        let again = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        match again {
            Ok(_) => refusal(status, "busy\n"),
            Err(_) => r#"{"status":"success","data":["a"]}"#.into_response(),
        }
    });
    let stub = stub.await;
    let said = barogram(&stub.url, &["labels", "--retries", retries], "").await;
    (said, stub.asked().len())
}

#[tokio::test]
async fn what_may_go_well_later_is_tried_again() {
    let (said, asked) = retry(503, 1, "1").await;
    assert_eq!((said.out.as_str(), said.code, asked), ("a\n", Some(0), 2));
    let (said, asked) = retry(429, 5, "1").await;
    let expect = "error: the server answered 429 Too Many Requests: busy\n";
    assert_eq!((said.errors.as_str(), said.code, asked), (expect, Some(1), 2));
    let (said, asked) = retry(400, 1, "9").await;
    let expect = "error: the server answered 400 Bad Request: busy\n";
    assert_eq!((said.errors.as_str(), said.code, asked), (expect, Some(1), 1));
}

/// Fails unless the command ends with an error that has this text.
async fn check_error(arguments: &[&str], expect: &str) {
    let said = barogram("http://127.0.0.1:1", arguments, "").await;
    assert_eq!(said.code, Some(1), "{arguments:?}: {}", said.errors);
    assert!(said.errors.contains(expect), "no {expect:?} in {:?}", said.errors);
}

#[tokio::test]
async fn errors_say_what_to_do() {
    check_error(&["labels"], "is it running? --addr or LOKI_ADDR says where it is").await;
    check_error(&["query"], "or name a DAG with --dag").await;
    check_error(&["query", "{a=\"b\"}", "--since", "1 day"], "write it like 15s, 1h30m or 2d")
        .await;
    check_error(&["query", "{}", "--store-config", "x"], "ask a running server with --addr").await;
    check_error(&["labels", "--stdin"], "--stdin goes with query and instant-query").await;
    let merge = ["query", "{}", "--merge-parts"];
    let said = barogram("http://127.0.0.1:1", &merge, "").await;
    assert!(said.errors.contains("--part-path-prefix"), "{}", said.errors);
    let stub = Stub::start(|_| refusal(401, "no")).await;
    let said = barogram(&stub.url, &["labels"], "").await;
    assert!(said.errors.contains("--bearer-token"), "{}", said.errors);
}

#[tokio::test]
async fn a_query_is_laid_out_without_a_server() {
    let said = barogram("http://127.0.0.1:1", &["fmt"], "sum( rate({a=\"b\"}  [5m]) )\n").await;
    let out = "sum(rate({a=\"b\"}[5m]))\n".to_owned();
    assert_eq!(said, Said { out, errors: String::new(), code: Some(0) });
}

#[tokio::test]
async fn lines_of_standard_input_are_queried_without_a_server() {
    let input = "level=info\nlevel=error a=1\nlevel=error a=2\n";
    let query = ["query", "--stdin", "-o", "raw", "-q", "|= \"error\" | logfmt | a > 1"];
    let said = barogram("http://127.0.0.1:1", &query, input).await;
    let out = "level=error a=2\n".to_owned();
    assert_eq!(said, Said { out, errors: String::new(), code: Some(0) });
}

#[tokio::test]
async fn requests_are_told_at_debug_level() {
    let stub = Stub::saying(EMPTY).await;
    let arguments = ["query", "{a=\"b\"}", "--log.level", "debug"];
    let said = barogram(&stub.url, &arguments, "").await;
    assert!(said.errors.contains("/loki/api/v1/query_range?query="), "{}", said.errors);
    let said = barogram(&stub.url, &arguments[..2], "").await;
    assert_eq!(said.errors, "");
}
