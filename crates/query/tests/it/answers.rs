//! Answers of the engine that the evaluator does not give: bounds, hints, the extension `count`.

use std::time::Duration;

use barogram_query::{Answer, Error, ErrorKind, Kind, Request};
use logql::eval::{Direction, Value};
use model::{Entry, Labels, Stream, TenantId};

use crate::data::{Fixture, SPAN, START};

async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    let entry = |second: u64, dag: &str| {
        let line = format!("INFO - DagRun Finished: dag_id={dag}, state=success");
        Entry::new(START + Duration::from_secs(second), line)
    };
    let stream = |dag: &str, seconds: &[u64]| Stream {
        labels: Labels::new([("namespace", "airflow"), ("dag_id", dag)]),
        entries: seconds.iter().map(|second| entry(*second, dag)).collect(),
    };
    fixture.append(vec![stream("etl", &[1, 2, 3]), stream("train", &[4])]).await;
    fixture
}

async fn ask(fixture: &Fixture, query: &str, kind: Kind) -> Result<Answer, Error> {
    let request = Request {
        tenant: TenantId::default(),
        query: logql::parse(query).unwrap(),
        kind,
        limit: 100,
        direction: Direction::Backward,
        interval: Duration::ZERO,
    };
    fixture.engine.run(request).await
}

fn whole() -> Kind {
    Kind::Range { start: START, end: START + SPAN, step: Duration::from_secs(10) }
}

#[tokio::test]
async fn count_as_a_last_stage_counts_over_the_range() {
    let fixture = fixture().await;
    let query = r#"{namespace="airflow"} |= "Finished" | count by (dag_id)"#;
    let answer = ask(&fixture, query, whole()).await.unwrap();
    let Value::Matrix(series) = answer.value else { panic!("no matrix: {:?}", answer.value) };
    let shown = series.iter().map(|s| format!("{} {}", s.labels, s.points[0].1));
    let shown: Vec<String> = shown.collect();
    assert_eq!(shown, [r#"{dag_id="etl"} 3"#, r#"{dag_id="train"} 1"#]);
}

#[tokio::test]
async fn a_pattern_that_cannot_match_is_pointed_out() {
    let fixture = fixture().await;
    let query =
        r#"sum by (d) (count_over_time({namespace="airflow"} | pattern "dag_id=<d>" [1m]))"#;
    let answer = ask(&fixture, query, whole()).await.unwrap();
    assert_eq!(answer.warnings.len(), 1);
    assert!(answer.warnings[0].ends_with("use | pattern `<_>dag_id=<d>, <_>`"), "{answer:?}");
    let query = r#"{namespace="airflow"} | pattern "<_>dag_id=<d>, <_>""#;
    assert!(ask(&fixture, query, whole()).await.unwrap().warnings.is_empty());
}

#[tokio::test]
async fn a_limited_query_reads_no_more_than_it_must() {
    let fixture = fixture().await;
    fixture.store.flush().await.unwrap();
    let late = Entry::new(START + Duration::from_secs(50), "late");
    let labels = Labels::new([("namespace", "airflow"), ("dag_id", "etl")]);
    fixture.append(vec![Stream { labels, entries: vec![late] }]).await;
    let mut request = Request {
        tenant: TenantId::default(),
        query: logql::parse(r#"{namespace="airflow"}"#).unwrap(),
        kind: whole(),
        limit: 1,
        direction: Direction::Backward,
        interval: Duration::ZERO,
    };
    let answer = fixture.engine.run(request.clone()).await.unwrap();
    let Value::Streams(streams) = answer.value else { panic!("no streams") };
    assert_eq!(streams[0].entries[0].1, "late");
    request.limit = 5;
    assert_eq!(fixture.engine.run(request).await.unwrap().stats.lines, 5);
}

#[tokio::test]
async fn now_is_the_time_of_the_question() {
    let fixture = fixture().await;
    let query = r#"sum by (now) (count_over_time({dag_id="train"}
        | label_format now="{{ now | unixEpoch }}" [1m]))"#;
    let answer = ask(&fixture, query, Kind::Instant { time: START + SPAN }).await.unwrap();
    let Value::Vector(series) = answer.value else { panic!("no vector: {:?}", answer.value) };
    let now = (START + SPAN).as_nanos() / 1_000_000_000;
    assert_eq!(series[0].labels.get("now"), Some(now.to_string().as_str()));
}

#[tokio::test]
async fn a_log_query_has_no_instant() {
    let error =
        ask(&fixture().await, "{a=\"b\"}", Kind::Instant { time: START }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest);
}
