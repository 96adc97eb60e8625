//! The Loki data source: its check, the queries of its panels, and what it asks around them.

use axum::http::Request;
use serde_json::{Value, json};

use super::{Grafana, HOUR, SCHEDULER, TASK, nanos, panel, times};

/// Lines are asked for with a step, too: Grafana cannot tell which queries need one.
const STEP: &str = "2000ms";

fn worker() -> Value {
    json!({"namespace": "airflow", "app": "worker", "dag_id": "etl", "task_id": "extract",
           "service_name": "worker"})
}

/// "Save & test" wants one series with one sample, which is 2. Four seconds after 1970 are asked
/// for, in nanoseconds; ten digits are seconds to Loki, and that is in 2096.
#[tokio::test]
async fn save_and_test_succeeds() {
    let target =
        "/loki/api/v1/query?direction=backward&query=vector%281%29%2Bvector%281%29&time=4000000000";
    let request =
        Request::get(target).header("X-Loki-Response-Encoding-Flags", "categorize-labels");
    let answer = Grafana::new().await.send(request, None).await.json();
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["data"]["resultType"], "vector");
    let expect = json!([{"metric": {}, "value": [4_000_000_000_u64, "2"]}]);
    assert_eq!(answer["data"]["result"], expect);
}

/// Grafana reads an answer once, from front to end. Where it meets the result before the flags, it
/// takes the third part of an entry for an error; statistics before the result are lost.
#[tokio::test]
async fn flags_come_before_what_they_are_about() {
    let params = panel(r#"{app="worker"}"#, STEP);
    let text = Grafana::new().await.query("query_range", &params, None).await.text();
    let place = |key: &str| text.find(&format!("\"{key}\":")).expect(key);
    assert!(place("encodingFlags") < place("result"), "{text}");
    assert!(place("resultType") < place("result"), "{text}");
    assert!(place("result") < place("stats"), "{text}");
}

#[tokio::test]
async fn lines_come_with_their_labels_by_category() {
    let grafana = Grafana::new().await;
    let query = [panel(r#"{namespace="airflow", app="worker"}"#, STEP), vec![("limit", "1000")]];
    let expect = json!([{"stream": worker(), "values": [
        [nanos(30), TASK[2].2, {"structuredMetadata": {"run_id": "r2", "detected_level": "error"}}],
        [nanos(20), TASK[1].2, {"structuredMetadata": {"run_id": "r1", "detected_level": "warn"}}],
        [nanos(10), TASK[0].2, {"structuredMetadata": {"run_id": "r1", "detected_level": "info"}}],
    ]}]);
    assert_eq!(grafana.lines(&query.concat(), None).await, expect);
}

#[tokio::test]
async fn what_a_query_parses_is_a_category_of_strings() {
    let query = r#"{namespace="airflow", app="worker"} | json | rows > 0 | level = "error""#;
    let expect = json!([{"stream": worker(), "values": [[nanos(30), TASK[2].2, {
        "structuredMetadata": {"run_id": "r2", "detected_level": "error"},
        "parsed": {"level": "error", "event": "failed", "rows": "17", "took": "1s", "ti_try": "2"},
    }]]}]);
    assert_eq!(Grafana::new().await.lines(&panel(query, STEP), None).await, expect);
}

/// Explore puts a mark on an answer where a line has the label `__error__`.
#[tokio::test]
async fn a_line_that_cannot_be_parsed_says_so() {
    let query = r#"{app="scheduler"} | json"#;
    let streams = Grafana::new().await.lines(&panel(query, STEP), None).await;
    let entry = &streams[0]["values"][0];
    assert_eq!(entry[1], SCHEDULER[1].1);
    assert_eq!(entry[2]["structuredMetadata"], json!({"detected_level": "debug"}));
    assert_eq!(entry[2]["parsed"]["__error__"], "JSONParserErr");
}

#[tokio::test]
async fn an_answer_without_lines_or_series_is_an_answer() {
    let grafana = Grafana::new().await;
    let query = r#"{app="nosuch"}"#;
    assert_eq!(grafana.lines(&panel(query, STEP), None).await, json!([]));
    let count = format!("sum(count_over_time({query}[1m]))");
    let series = grafana.numbers("query_range", &panel(&count, "60000ms"), None).await;
    assert_eq!(series, Vec::<String>::new());
}

#[tokio::test]
async fn a_limit_keeps_the_newest_lines_of_all_streams() {
    let grafana = Grafana::new().await;
    for (source, limit, expect) in [
        ("logsample", "100", vec![80, 30, 20, 20, 10]),
        ("datasample", "10", vec![80, 30, 20, 20, 10]),
        ("infinitescroll", "2", vec![80, 30]),
    ] {
        let query = [panel(r#"{namespace="airflow"}"#, STEP), vec![("limit", limit)]].concat();
        let streams = grafana.lines(&query, Some(source)).await;
        let mut found = times(&streams);
        found.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(found, expect.into_iter().map(nanos).collect::<Vec<_>>(), "for {source}");
    }
}

/// The row is known to the millisecond, so it comes again with what came after it.
#[tokio::test]
async fn the_context_of_a_line_is_what_came_before_and_after() {
    let grafana = Grafana::new().await;
    let query = r#"{namespace="airflow",app="worker",dag_id="etl",task_id="extract",service_name="worker"}"#;
    let around = |start, end, direction| {
        let step = ("step", "7200000ms");
        [("query", query), ("limit", "10"), step, start, end, ("direction", direction)]
    };
    let row = "1768866020000000000";
    let (start, end) = (("start", "1768858820000000000"), ("end", "1768873220000000000"));
    let before = grafana.lines(&around(start, ("end", row), "backward"), None).await;
    let after = grafana.lines(&around(("start", row), end, "forward"), None).await;
    assert_eq!(times(&before), [nanos(10)]);
    assert_eq!(times(&after), [nanos(20), nanos(30)]);
}

/// Long ranges are cut where one piece's end is the next one's start.
#[tokio::test]
async fn a_line_between_two_pieces_comes_once() {
    let grafana = Grafana::new().await;
    let middle = "1768865400000000000";
    grafana.push(&json!({"app": "edge"}), &[json!([middle, "x"])]).await;
    let piece = |start, end| {
        let end_points = [("start", start), ("end", end), ("step", STEP)];
        [&end_points[..], &[("query", r#"{app="edge"}"#), ("direction", "backward")]].concat()
    };
    let [(_, start), (_, end)] = HOUR;
    assert_eq!(grafana.lines(&piece(start, middle), None).await, json!([]));
    assert_eq!(times(&grafana.lines(&piece(middle, end), None).await), [middle]);
}

/// A piece is a day long, the newest comes first, and the next may have as many lines as are left.
#[tokio::test]
async fn pieces_share_a_limit() {
    let grafana = Grafana::new().await;
    let piece = async |start, end, limit| {
        let bounds = [("start", start), ("end", end), ("step", "86400000ms")];
        let query = [("query", r#"{namespace="airflow"}"#), ("direction", "backward")];
        let params = [&bounds[..], &query, &[("limit", limit)]].concat();
        let streams = grafana.lines(&params, None).await;
        let mut found: Vec<_> = times(&streams).into_iter().map(str::to_owned).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    };
    let [first, second, third] =
        ["1768779625000000000", "1768866025000000000", "1768952425000000000"];
    assert_eq!(piece(second, third, "4").await, [nanos(80), nanos(30)]);
    assert_eq!(piece(first, second, "2").await, [nanos(20), nanos(20)]);
}

/// Pieces of a metric query are a step apart, and what they have in common is added up.
#[tokio::test]
async fn a_point_is_in_one_piece_only() {
    let grafana = Grafana::new().await;
    let query = ("query", r#"sum by (app) (count_over_time({namespace="airflow"}[1m]))"#);
    let ask = async |start, end| {
        let params = [query, ("start", start), ("end", end), ("step", "60000ms")];
        grafana.numbers("query_range", &params, None).await
    };
    assert_eq!(
        ask("1768863600000000000", "1768866060000000000").await,
        [r#"{"app":"scheduler"} [[1768866060,"1"]]"#, r#"{"app":"worker"} [[1768866060,"3"]]"#]
    );
    assert_eq!(
        ask("1768866120000000000", "1768867200000000000").await,
        [r#"{"app":"scheduler"} [[1768866120,"1"]]"#]
    );
}

#[tokio::test]
async fn the_log_volume_is_told_by_level() {
    let query = r#"sum by (level, detected_level) (count_over_time({namespace="airflow"} | drop __error__[1m]))"#;
    let params = panel(query, "60000ms");
    assert_eq!(
        Grafana::new().await.numbers("query_range", &params, Some("logvolhist")).await,
        [
            r#"{"detected_level":"debug"} [[1768866120,"1"]]"#,
            r#"{"detected_level":"error"} [[1768866060,"1"]]"#,
            r#"{"detected_level":"info"} [[1768866060,"2"]]"#,
            r#"{"detected_level":"warn"} [[1768866060,"1"]]"#,
        ]
    );
}

/// Where the query parses, a line has the level that it names and the one that was found in it.
#[tokio::test]
async fn the_log_volume_of_parsed_lines_has_both_levels() {
    let query = concat!(
        "sum by (level, detected_level) ",
        r#"(count_over_time({app="worker"} | json | drop __error__[1m]))"#
    );
    let params = panel(query, "60000ms");
    assert_eq!(
        Grafana::new().await.numbers("query_range", &params, Some("logvolhist")).await,
        [
            r#"{"detected_level":"error","level":"error"} [[1768866060,"1"]]"#,
            r#"{"detected_level":"info","level":"info"} [[1768866060,"1"]]"#,
            r#"{"detected_level":"warn","level":"warning"} [[1768866060,"1"]]"#,
        ]
    );
}

#[tokio::test]
async fn an_alert_asks_for_one_moment() {
    let query =
        r#"sum by (dag_id) (count_over_time({namespace="airflow"} |= "error" [3600s])) > 0"#;
    let params = [("query", query), ("direction", "backward"), ("time", HOUR[1].1)];
    let series = Grafana::new().await.numbers("query", &params, None).await;
    assert_eq!(series, [r#"{"dag_id":"etl"} [1768867200,"1"]"#]);
}

async fn check(path: &str, params: &[(&str, &str)], expect: Value) {
    let answer = Grafana::new().await.resource(path, &[&HOUR, params].concat(), None).await.json();
    assert_eq!(answer, expect, "for {path} {params:?}");
}

/// What is in the list of labels goes into the selector of a line's context; metadata must not.
#[tokio::test]
async fn the_label_browser_finds_labels_and_not_metadata() {
    let ok = |data: Value| json!({"status": "success", "data": data});
    let scheduler = ("query", r#"{app="scheduler"}"#);
    let all = json!(["app", "dag_id", "namespace", "service_name", "task_id"]);
    check("labels", &[], ok(all)).await;
    check("labels", &[scheduler], ok(json!(["app", "namespace", "service_name"]))).await;
    check("label/service_name/values", &[], ok(json!(["scheduler", "worker"]))).await;
    check("label/app/values", &[scheduler], ok(json!(["scheduler"]))).await;
    let nothing = json!({"status": "success"});
    check("label/run_id/values", &[], nothing.clone()).await;
    // Grafana cuts queries by this label where it has values.
    check("label/__stream_shard__/values", &[scheduler], nothing).await;
}

/// `label_values({dag_id=~"$dag_id"}, task_id)`, where a variable stands for many values or all.
#[tokio::test]
async fn a_variable_takes_its_values_from_a_selector() {
    let ok = |data: Value| json!({"status": "success", "data": data});
    let values = "label/task_id/values";
    for selector in [r#"{dag_id=~"(etl|report)"}"#, r#"{dag_id=~".+"}"#] {
        check(values, &[("query", selector)], ok(json!(["extract"]))).await;
    }
    let nothing = json!({"status": "success"});
    check(values, &[("query", r#"{dag_id=~"(report)"}"#)], nothing).await;
    // Loki refuses what everything matches, here as in queries.
    let params = [&HOUR[..], &[("query", r#"{dag_id=~".*"}"#)]].concat();
    let answer = Grafana::new().await.resource(values, &params, None).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("queries require at least one regexp or equality matcher"));
}

#[tokio::test]
async fn series_are_a_list_of_labels_even_if_there_are_none() {
    let ok = |data: Value| json!({"status": "success", "data": data});
    let worker = ok(json!([worker()]));
    check("series", &[("match[]", r#"{dag_id=~"etl|x"}"#)], worker).await;
    check("series", &[("match[]", r#"{app="nosuch"}"#)], ok(json!([]))).await;
}

/// The four are added up over the selectors of a query, so that each must be a number.
#[tokio::test]
async fn the_size_of_a_query_is_four_numbers() {
    let grafana = Grafana::new().await;
    let ask = async |selector| {
        let params = [&HOUR[..], &[("query", selector)]].concat();
        grafana.resource("index/stats", &params, None).await.json()
    };
    let stats = ask(r#"{namespace="airflow"}"#).await;
    assert_eq!((&stats["streams"], &stats["entries"]), (&json!(2), &json!(5)));
    assert!(stats["chunks"].is_u64() && stats["bytes"].as_u64() > Some(0), "{stats}");
    let nothing = json!({"streams": 0, "chunks": 0, "entries": 0, "bytes": 0});
    assert_eq!(ask(r#"{app="nosuch"}"#).await, nothing);
}

#[tokio::test]
async fn the_query_builder_finds_fields_and_their_values() {
    let grafana = Grafana::new().await;
    let ask = async |path: &str, query: &str| {
        let params = [&HOUR[..], &[("limit", "1000"), ("query", query)]].concat();
        grafana.resource(path, &params, None).await.json()
    };
    let worker = r#"{app="worker"}"#;
    let fields = ask("detected_fields", worker).await;
    let fields = fields["fields"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["label"] == "took" && field["type"] == "duration"));
    for (name, expect) in [
        ("took", json!(["1.5s", "1s", "500ms"])),
        ("detected_level", json!(["error", "info", "warn"])),
        ("ti_try", json!(["1", "2"])),
    ] {
        let mut answer = ask(&format!("detected_field/{name}/values"), worker).await;
        answer["values"].as_array_mut().unwrap().sort_by_key(Value::to_string);
        assert_eq!(answer, json!({"values": expect, "limit": 1000}), "for {name}");
    }
    assert_eq!(ask("detected_field/nosuch/values", worker).await, json!({}));
}

#[tokio::test]
async fn a_query_is_laid_out_on_demand() {
    let grafana = Grafana::new().await;
    let ask = async |query| grafana.resource("format_query", &[("query", query)], None).await;
    let pretty = json!({"status": "success", "data": "{app=\"worker\"} |= \"x\" | json"});
    assert_eq!(ask(r#"{app="worker"}|="x"|json"#).await.json(), pretty);
    let refused = ask(r#"{app="worker"#).await;
    assert_eq!(refused.status, 400);
    let refused: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(refused["status"], "invalid-query");
    assert!(refused["error"].as_str().unwrap().starts_with("parse error at line 1, col"));
}

/// Grafana shows the body, unless it is JSON with a `message`; at these words it does not go on
/// with the other pieces of a long range.
#[tokio::test]
async fn refusals_are_text_in_words_that_grafana_knows() {
    let grafana = Grafana::new().await;
    for (query, limit, words) in [
        ("{app=", "1000", "parse error at line 1, col 6:"),
        (r#"{app="worker"}"#, "5001", "max entries limit per query exceeded"),
    ] {
        let params = [panel(query, STEP), vec![("limit", limit)]].concat();
        let answer = grafana.query("query_range", &params, None).await;
        assert_eq!(answer.status, 400, "for {query}");
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
        assert!(answer.text().starts_with(words), "{}", answer.text());
    }
}
