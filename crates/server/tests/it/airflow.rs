//! What the API tells of lines: one try's log, and errors by what they have in common.

use serde_json::{Value, json};

use crate::harness::{Harness, plain};

const START: i64 = 1_768_860_000;

fn line(second: i64, try_number: &str, line: &str) -> Value {
    let metadata = json!({"run_id": "r", "try_number": try_number, "map_index": "-1"});
    json!([((START + second) * 1_000_000_000).to_string(), line, metadata])
}

async fn filled() -> Harness {
    let server = Harness::new(plain()).await;
    let stream = |task: &str, values: Value| json!({"stream": {"dag_id": "d", "task_id": task}, "values": values});
    let of_t = json!([
        line(0, "1", "INFO - begins"),
        line(1, "1", "ERROR - lost 7 rows"),
        line(2, "1", "ERROR - lost 9 rows"),
        line(3, "2", "INFO - begins again"),
        line(4, "2", "ERROR - it broke\nTraceback (most recent call last):\n  …\nKeyError: 'x'"),
    ]);
    let streams = [stream("t", of_t), stream("u", json!([line(5, "1", "ERROR - lost 3 rows")]))];
    let answer = server.push(&json!({"streams": streams}).to_string()).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    server
}

const TRY: [(&str, &str); 4] =
    [("dag_id", "d"), ("task_id", "t"), ("run_id", "r"), ("try_number", "1")];

#[tokio::test]
async fn the_log_of_a_try_comes_in_pages() {
    let server = filled().await;
    let page = async |params: &[(&str, &str)]| {
        let answer = server.get("/airflow/v1/log", &[&TRY, params].concat()).await.json();
        let lines = answer["lines"].as_array().unwrap().iter();
        let lines: Vec<_> = lines.map(|line| line["line"].clone()).collect();
        (json!(lines), answer["next"].as_str().unwrap_or_default().to_owned())
    };
    let (first, next) = page(&[("limit", "2")]).await;
    assert_eq!(first, json!(["INFO - begins", "ERROR - lost 7 rows"]));
    let (second, next) = page(&[("limit", "2"), ("page", &next)]).await;
    assert_eq!(second, json!(["ERROR - lost 9 rows"]));
    // Whoever follows asks again with what the last page said.
    assert_eq!(page(&[("page", &next)]).await, (json!([]), next));
    let (last, _) = page(&[("limit", "1"), ("direction", "backward")]).await;
    assert_eq!(last, json!(["ERROR - lost 9 rows"]));
    assert_eq!(page(&[("map_index", "0")]).await, (json!([]), String::new()));
}

#[track_caller]
fn refused(answer: &crate::harness::Answer, expect: &str) {
    assert_eq!((answer.status, answer.text().contains(expect)), (400, true));
}

#[tokio::test]
async fn what_is_not_one_try_is_refused() {
    let server = filled().await;
    let ask = async |params: &[(&str, &str)]| server.get("/airflow/v1/log", params).await;
    refused(&ask(&TRY[..3]).await, "try_number is missing");
    refused(&ask(&[&TRY[..3], &[("try_number", "")]].concat()).await, "try_number is missing");
    for (name, value, expect) in
        [("page", "x", "page is not"), ("limit", "5001", "5000 at most"), ("direction", "up", "up")]
    {
        refused(&ask(&[&TRY[..], &[(name, value)]].concat()).await, expect);
    }
}

#[tokio::test]
async fn errors_are_grouped_by_what_they_have_in_common() {
    let server = filled().await;
    let bounds = [("start", "2026-01-19T22:00:00Z"), ("end", "2026-01-19T22:01:00Z")];
    let answer = server.get("/airflow/v1/errors", &bounds).await.json();
    assert_eq!(answer["total"], 2, "{answer}");
    let lost = &answer["errors"][0];
    let task = |name: &str, count: u64| json!({"dag_id": "d", "task_id": name, "count": count});
    assert_eq!(lost["template"], "ERROR - lost <_> rows");
    assert_eq!((&lost["count"], &lost["example"]), (&json!(3), &json!("ERROR - lost 3 rows")));
    assert_eq!(lost["tasks"], json!([task("t", 2), task("u", 1)]));
    assert_eq!(lost["first"], "2026-01-19T22:00:01Z");
    assert_eq!(answer["errors"][1]["template"], "KeyError: 'x'");
    let of_u = [&bounds[..], &[("task_id", "u")]].concat();
    assert_eq!(server.get("/airflow/v1/errors", &of_u).await.json()["total"], 1);
}
