//! Logs Drilldown: what it asks for its pages, and the queries that it makes of the answers.

use barogram_server::Config;
use serde_json::{Value, json};

use super::{Grafana, HOUR, Params, TASK, nanos, panel, times};

/// The plug-in, by which Loki knows its requests.
const SOURCE: Option<&str> = Some("grafana-lokiexplore-app");

/// What a page asks, with times as `Date.toISOString` writes them.
async fn ask(grafana: &Grafana, path: &str, params: &Params<'_>) -> Value {
    let bounds = [("end", "2026-01-20T00:00:00.000Z"), ("start", "2026-01-19T23:00:00.000Z")];
    grafana.resource(path, &[&bounds, params].concat(), SOURCE).await.json()
}

/// The landing page: names with their bytes, a number in a string, at the end of the range.
#[tokio::test]
async fn services_are_listed_with_their_volume() {
    let grafana = Grafana::new().await;
    let large = json!([nanos(40), "x".repeat(3000)]);
    grafana.push(&json!({"app": "triggerer"}), &[large]).await;
    let volumes = async |params: &Params<'_>| {
        let params = [&[("limit", "5000")], params].concat();
        let mut answer = ask(&grafana, "index/volume", &params).await;
        assert_eq!(
            (&answer["status"], &answer["data"]["resultType"]),
            (&json!("success"), &json!("vector"))
        );
        answer["data"]["result"].take()
    };
    let all = volumes(&[("query", "{service_name=~`.+`}")]).await;
    let expect = json!({"metric": {"service_name": "triggerer"}, "value": [1_768_867_200, "3072"]});
    assert_eq!((all.as_array().unwrap().len(), &all[0]), (3, &expect));
    for volume in all.as_array().unwrap() {
        assert!(volume["value"][1].as_str().unwrap().parse::<u64>().is_ok(), "{volume}");
    }
    // What is typed into the search is looked for anywhere, in any case.
    let search = [("query", "{service_name=~`(?i).*SCHED.*`}"), ("targetLabels", "service_name")];
    let found = volumes(&search).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["metric"], json!({"service_name": "scheduler"}));
    assert_eq!(volumes(&[("query", "{service_name=~`nosuch`}")]).await, json!([]));
}

#[tokio::test]
async fn labels_are_listed_with_the_number_of_their_values() {
    let grafana = Grafana::new().await;
    let count = |label, cardinality: u64| json!({"label": label, "cardinality": cardinality});
    for (query, expect) in [
        (
            "",
            vec![("app", 2), ("dag_id", 1), ("namespace", 1), ("service_name", 2), ("task_id", 1)],
        ),
        (r#"{service_name="scheduler"}"#, vec![("app", 1), ("namespace", 1), ("service_name", 1)]),
    ] {
        let mut answer = ask(&grafana, "detected_labels", &[("query", query)]).await;
        let labels = answer["detectedLabels"].as_array_mut().unwrap();
        labels.sort_by_key(|label| label["label"].to_string());
        let expect: Vec<_> = expect.into_iter().map(|(label, n)| count(label, n)).collect();
        assert_eq!(*labels, expect, "for {query}");
    }
    let names = json!(["app", "dag_id", "namespace", "service_name", "task_id"]);
    assert_eq!(ask(&grafana, "labels", &[]).await["data"], names);
}

/// A field without parsers is metadata; the path of the others becomes a stage of a query.
#[tokio::test]
async fn fields_are_listed_with_type_parser_and_path() {
    let query = concat!(
        r#"{service_name="worker"}     "#,
        "| json  | logfmt | drop __error__, __error_details__  "
    );
    let grafana = Grafana::new().await;
    let mut answer = ask(&grafana, "detected_fields", &[("query", query)]).await;
    let fields = answer["fields"].as_array_mut().unwrap();
    fields.sort_by_key(|field| field["label"].to_string());
    let expect = json!([
        {"label": "detected_level", "type": "string", "cardinality": 3, "parsers": null},
        {"label": "event", "type": "string", "cardinality": 3, "parsers": ["json"],
         "jsonPath": ["event"]},
        {"label": "level", "type": "string", "cardinality": 3, "parsers": ["json"],
         "jsonPath": ["level"]},
        {"label": "rows", "type": "int", "cardinality": 2, "parsers": ["json"],
         "jsonPath": ["rows"]},
        {"label": "run_id", "type": "string", "cardinality": 2, "parsers": null},
        {"label": "ti_try", "type": "int", "cardinality": 2, "parsers": ["json"],
         "jsonPath": ["ti", "try"]},
        {"label": "took", "type": "duration", "cardinality": 3, "parsers": ["json"],
         "jsonPath": ["took"]},
    ]);
    assert_eq!(Value::Array(std::mem::take(fields)), expect);
}

async fn check(query: &str, expect: &[&str]) {
    let params = panel(query, "60000ms");
    let series = Grafana::new().await.numbers("query_range", &params, SOURCE).await;
    assert_eq!(series, expect, "for {query}");
}

#[tokio::test]
async fn levels_are_counted() {
    let levels = [
        r#"{"detected_level":"error"} [[1768866060,"1"]]"#,
        r#"{"detected_level":"info"} [[1768866060,"1"]]"#,
        r#"{"detected_level":"warn"} [[1768866060,"1"]]"#,
    ];
    let landing = "sum by (detected_level) (count_over_time({ service_name=`worker`} [1m]))";
    check(landing, &levels).await;
    let service = r#"sum(count_over_time({service_name="worker"} | detected_level != ""      [1m])) by (detected_level)"#;
    check(service, &levels).await;
}

#[tokio::test]
async fn fields_are_counted_and_averaged() {
    check(
        r#"sum by (event) (count_over_time({service_name="worker"}      | json event="[\"event\"]"  | drop __error__, __error_details__ | event!=""  [1m]))"#,
        &[
            r#"{"event":"failed"} [[1768866060,"1"]]"#,
            r#"{"event":"slow"} [[1768866060,"1"]]"#,
            r#"{"event":"start"} [[1768866060,"1"]]"#,
        ],
    )
    .await;
    check(
        r#"sum by (ti_try) (count_over_time({service_name="worker"}      | json ti_try="[\"ti\"][\"try\"]"  | drop __error__, __error_details__ | ti_try!=""  [1m]))"#,
        &[r#"{"ti_try":"1"} [[1768866060,"2"]]"#, r#"{"ti_try":"2"} [[1768866060,"1"]]"#],
    )
    .await;
    check(
        r#"avg_over_time({service_name="worker"}      | json took="[\"took\"]"  | drop __error__, __error_details__ | took!=""  | unwrap duration(took) | __error__="" [1m]) by ()"#,
        &[r#"{} [[1768866060,"1"]]"#],
    )
    .await;
    check(
        r#"sum by (pending) (count_over_time({service_name="scheduler"}      | json  | logfmt | drop __error__, __error_details__ | pending!=""  [1m]))"#,
        &[r#"{"pending":"2"} [[1768866120,"1"]]"#, r#"{"pending":"3"} [[1768866060,"1"]]"#],
    )
    .await;
}

#[tokio::test]
async fn labels_and_metadata_are_counted() {
    check(
        r#"sum(count_over_time({namespace="airflow", task_id!=""}      [1m])) by (task_id)"#,
        &[r#"{"task_id":"extract"} [[1768866060,"3"]]"#],
    )
    .await;
    check(
        r#"sum by (run_id) (count_over_time({service_name="worker"} | run_id!=""      [1m]))"#,
        &[r#"{"run_id":"r1"} [[1768866060,"2"]]"#, r#"{"run_id":"r2"} [[1768866060,"1"]]"#],
    )
    .await;
}

/// The choices of the filter by level.
#[tokio::test]
async fn levels_are_found_by_one_moment() {
    let query = r#"sum(count_over_time({service_name="scheduler"}     | json  | logfmt | drop __error__, __error_details__[3600s])) by (detected_level)"#;
    let params = [("query", query), ("direction", "backward"), ("time", HOUR[1].1)];
    assert_eq!(
        Grafana::new().await.numbers("query", &params, SOURCE).await,
        [
            r#"{"detected_level":"debug"} [1768867200,"1"]"#,
            r#"{"detected_level":"info"} [1768867200,"1"]"#,
        ]
    );
}

#[tokio::test]
async fn lines_are_filtered_by_level_and_parsed_without_errors() {
    let grafana = Grafana::new().await;
    let lines = async |query, limit| {
        let params = [panel(query, "2000ms"), vec![("limit", limit)]].concat();
        grafana.lines(&params, SOURCE).await
    };
    let query = "{service_name=`worker`} | detected_level=`error` or detected_level=`warn` ";
    assert_eq!(times(&lines(query, "100").await), [nanos(30), nanos(20)]);
    let query =
        r#"{service_name="worker"}     | json  | logfmt | drop __error__, __error_details__  "#;
    let streams = lines(query, "1000").await;
    assert_eq!(
        streams[0]["values"][2],
        json!([nanos(10), TASK[0].2, {
            "structuredMetadata": {"run_id": "r1", "detected_level": "info"},
            "parsed":
                {"level": "info", "event": "start", "rows": "0", "took": "1.5s", "ti_try": "1"},
        }])
    );
}

/// Drilldown sums the samples, and takes an answer without `data` for an error.
#[tokio::test]
async fn patterns_are_counts_over_time() {
    let grafana = Grafana::new().await;
    let beat = |n: u64| json!([nanos(n), format!("INFO - heartbeat recovered after {n} seconds")]);
    let beats: Vec<_> = (100..120).map(beat).collect();
    grafana.push(&json!({"app": "triggerer"}), &beats).await;
    let query = |query| [("query", query), ("step", "1m")];
    let answer = ask(&grafana, "patterns", &query(r#"{service_name="triggerer"}"#)).await;
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["data"].as_array().unwrap().len(), 1, "{answer}");
    let found = &answer["data"][0];
    assert_eq!(found["pattern"], "INFO - heartbeat recovered after <_> seconds");
    assert_eq!(found["level"], "info");
    let samples = found["samples"].as_array().unwrap().iter();
    let samples: Vec<_> =
        samples.map(|pair| (pair[0].as_u64().unwrap(), pair[1].as_u64().unwrap())).collect();
    assert!(samples.is_sorted_by_key(|(second, _)| *second), "{samples:?}");
    assert_eq!(samples.iter().map(|(_, count)| count).sum::<u64>(), 20);
    let nothing = ask(&grafana, "patterns", &query(r#"{service_name="nosuch"}"#)).await;
    assert_eq!(nothing, json!({"status": "success", "data": []}));
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "missing",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// The types are those that Drilldown declares; durations and sizes are text.
#[tokio::test]
async fn limits_tell_what_can_be_offered() {
    let answer = Grafana::new().await.resource("drilldown-limits", &[], SOURCE).await.json();
    for (name, kind) in [
        ("discover_log_levels", "boolean"),
        ("discover_service_name", "list"),
        ("log_level_fields", "list"),
        ("max_entries_limit_per_query", "number"),
        ("max_line_size_truncate", "boolean"),
        ("max_query_bytes_read", "string"),
        ("max_query_length", "string"),
        ("max_query_lookback", "string"),
        ("max_query_range", "string"),
        ("max_query_series", "number"),
        ("query_timeout", "string"),
        ("volume_enabled", "boolean"),
        ("volume_max_series", "number"),
    ] {
        assert_eq!(kind_of(&answer["limits"][name]), kind, "for {name}");
    }
    // The tab with patterns is shown, and the route is there.
    assert_eq!(answer["pattern_ingester_enabled"], true);
    assert_eq!(kind_of(&answer["version"]), "string");
}

/// Loki gives Drilldown as many series as there may be, and a warning by whose words Drilldown
/// knows that there are more; others it refuses.
async fn check_cut(exceeded: &str) {
    let mut config = Config::default();
    let yaml =
        format!("limits_config: {{max_query_series: 1, max_query_series_exceeded: {exceeded}}}");
    config.take_loki_yaml(&yaml).unwrap();
    let grafana = Grafana::over(config).await;
    let query = "sum by (detected_level) (count_over_time({ service_name=`worker`} [1m]))";
    let answer = grafana.query("query_range", &panel(query, "60000ms"), SOURCE).await.json();
    assert_eq!(answer["data"]["result"].as_array().unwrap().len(), 1);
    let warning = answer["warnings"][0].as_str().unwrap();
    assert!(warning.contains("maximum number of series"), "{warning}");
}

#[tokio::test]
async fn too_many_series_are_cut_in_words_that_drilldown_knows() {
    check_cut("truncate").await;
}

#[tokio::test]
async fn drilldown_gets_a_part_where_others_are_refused() {
    check_cut("refuse").await;
}
