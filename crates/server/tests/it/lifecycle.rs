//! What ran and how it ended: told by lines, kept as entries, asked for by the API.

use std::time::Duration;

use barogram_server::Server;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::{Harness, parts, plain};

/// A quarter of an hour before the tests' time.
const HOUR: &str = "2026-01-19 23";

fn text_line(minute: u32, second: u32, message: &str) -> String {
    format!("[2026-01-19T23:{minute:02}:{second:02}.000+0000] {message}")
}

/// The scheduler's word of the end of a try of `d.t` that began at 23:45.
fn finished(try_number: u32, state: &str, second: u32) -> Value {
    let message = format!(
        "{{scheduler_job_runner.py:813}} INFO - TaskInstance Finished: dag_id=d, task_id=t, \
         run_id=r, map_index=-1, run_start_date={HOUR}:45:00.000000+00:00, \
         run_end_date={HOUR}:45:{second:02}.500000+00:00, run_duration=1, state={state}, \
         executor=LocalExecutor(parallelism=32), try_number={try_number}, operator=PythonOperator"
    );
    stream("scheduler", "line", Some(try_number), 59, &text_line(45, 59, &message))
}

fn run_finished() -> Value {
    run_finished_at("r", "46:40", 58)
}

/// The nanoseconds tell lines of one moment apart.
fn run_finished_at(run_id: &str, end: &str, nanos: u32) -> Value {
    let message = format!(
        "{{dagrun.py:854}} INFO - DagRun Finished: dag_id=d, run_id={run_id}, state=success, \
         run_start_date={HOUR}:45:00+00:00, run_end_date={HOUR}:{end}+00:00, run_duration=100"
    );
    let mut stream = stream("scheduler", "line", None, nanos, &text_line(46, 41, &message));
    stream["values"][0][2]["run_id"] = run_id.into();
    stream
}

fn started(try_number: u32) -> Value {
    let line =
        text_line(50, 0, "{taskinstance.py:3133} INFO - Executing <Task(BashOperator): t> on x");
    stream("worker", "pod-annotations", Some(try_number), 57, &line)
}

fn stream(component: &str, by: &str, try_number: Option<u32>, nanos: u32, line: &str) -> Value {
    let time = format!("1768866300{nanos:09}");
    let mut metadata = json!({"run_id": "r", "attributed_by": by});
    if let Some(number) = try_number {
        metadata["try_number"] = number.to_string().into();
        metadata["map_index"] = "-1".into();
    }
    let labels = json!({"component": component, "dag_id": "d", "task_id": "t"});
    json!({"stream": labels, "values": [[time, line, metadata]]})
}

struct Running {
    server: Harness,
    keeping: JoinHandle<()>,
}

impl Running {
    async fn new() -> Self {
        let (folder, clock, parts) = parts().await;
        let server = Server::build(plain(), parts).unwrap();
        let keeping = tokio::spawn(server.keep_lifecycles());
        Self { server: Harness::over(server.into_router(), clock, folder), keeping }
    }

    async fn push(&self, streams: &[Value]) {
        let answer = self.server.push(&json!({"streams": streams}).to_string()).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
    }

    async fn get(&self, path: &str, params: &[(&str, &str)]) -> Value {
        self.server.get(path, params).await.json()
    }

    /// How many records a LogQL query counts, once there are so many.
    #[track_caller]
    fn kept(&self, query: &str, expect: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let query = format!("sum(count_over_time({query}[1h]))");
            let mut found = Value::Null;
            for _ in 0..100 {
                let answer = self.get("/loki/api/v1/query", &[("query", &query)]).await;
                found = answer["data"]["result"][0]["value"][1].clone();
                if found == expect {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("{found} instead of {expect} of {query} at {place}");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

/// The same in a namespace.
fn in_namespace(namespace: &str, mut stream: Value) -> Value {
    stream["stream"]["namespace"] = namespace.into();
    stream
}

#[tokio::test]
async fn deployments_are_told_apart_by_their_namespaces() {
    let running = Running::new().await;
    let streams = [
        in_namespace("prod", finished(1, "success", 10)),
        in_namespace("staging", finished(1, "failed", 20)),
        in_namespace("prod", run_finished()),
    ];
    running.push(&streams).await;
    running.kept(RECORDS, "3").await;
    running
        .kept(r#"{source="airflow.lifecycle", state="failed"} | namespace="staging""#, "1")
        .await;
    let state = async |namespace: &str| {
        let answer = running.get("/airflow/v1/tries", &[("namespace", namespace)]).await;
        let states = answer["tries"].as_array().unwrap().iter().map(|it| it["state"].clone());
        states.collect::<Vec<_>>()
    };
    assert_eq!(state("prod").await, ["success"]);
    assert_eq!(state("staging").await, ["failed"]);
    let dags = running.get("/airflow/v1/dags", &[]).await;
    let names = dags["dags"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|it| format!("{}/{}", it["namespace"], it["dag_id"])).collect();
    assert_eq!(names, [r#""prod"/"d""#, r#""staging"/"d""#]);
    let try_1 = [("dag_id", "d"), ("task_id", "t"), ("run_id", "r"), ("try_number", "1")];
    let log = async |namespace: &[(&str, &str)]| {
        let answer = running.get("/airflow/v1/log", &[&try_1[..], namespace].concat()).await;
        answer["lines"].as_array().unwrap().len()
    };
    assert_eq!(log(&[]).await, 2);
    assert_eq!(log(&[("namespace", "staging")]).await, 1);
}

#[tokio::test]
async fn lines_without_a_namespace_are_of_the_only_deployment() {
    let running = Running::new().await;
    // A task's log file, say, whose volume is no pod's, tells first, and is believed by itself.
    running.push(&[finished(1, "failed", 10)]).await;
    running.kept(RECORDS, "1").await;
    running.push(&[in_namespace("prod", finished(1, "failed", 10))]).await;
    running.push(&[in_namespace("prod", run_finished()), finished(2, "success", 30)]).await;
    running.kept(RECORDS, "3").await;
    let tries = running.get("/airflow/v1/tries", &[]).await;
    let told = tries["tries"].as_array().unwrap().iter();
    let told: Vec<_> = told.map(|it| (&it["namespace"], &it["try_number"])).collect();
    assert_eq!(json!(told), json!([["prod", 2], [null, 1]]));
    // Corrected, it is known whose it was.
    running.push(&[in_namespace("prod", finished(1, "success", 20))]).await;
    running.kept(RECORDS, "4").await;
    let tries = running.get("/airflow/v1/tries", &[("try_number", "1")]).await;
    assert_eq!((&tries["total"], &tries["tries"][0]["state"]), (&json!(1), &json!("success")));
}

const RECORDS: &str = r#"{source="airflow.lifecycle"}"#;

#[tokio::test]
async fn ends_become_entries_that_can_be_counted_and_averaged() {
    let running = Running::new().await;
    running.push(&[finished(1, "failed", 10), finished(2, "success", 30), run_finished()]).await;
    running.kept(RECORDS, "3").await;
    running
        .kept(r#"{source="airflow.lifecycle", kind="try", dag_id="d"} | state="failed""#, "1")
        .await;
    let mean = r#"avg_over_time({source="airflow.lifecycle", kind="try"} | json | unwrap duration [1h]) by (dag_id)"#;
    let answer = running.get("/loki/api/v1/query", &[("query", mean)]).await;
    assert_eq!(answer["data"]["result"][0]["value"][1], "20.5");
    // The agent sends again what it has no answer for.
    running.push(&[finished(1, "failed", 10), run_finished()]).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    running.kept(RECORDS, "3").await;
    let metrics = running.server.get("/metrics", &[]).await.text();
    let counted = r#"airflow_ti_finish_total{tenant="fake",namespace="",dag_id="d",task_id="t",state="failed"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn the_api_tells_tries_runs_dags_and_durations() {
    let running = Running::new().await;
    running.push(&[finished(1, "failed", 10), finished(2, "success", 30)]).await;
    running.push(&[run_finished(), started(3)]).await;
    running.kept(RECORDS, "3").await;

    let tries = running.get("/airflow/v1/tries", &[("dag_id", "d")]).await;
    let told = tries["tries"].as_array().unwrap().iter();
    let told: Vec<_> = told.map(|t| (&t["try_number"], &t["state"], &t["duration"])).collect();
    assert_eq!(
        json!(told),
        json!([[3, "running", null], [2, "success", 30.5], [1, "failed", 10.5]]),
    );
    let one = [("dag_id", "d"), ("state", "failed"), ("run_id", "r"), ("limit", "1")];
    let failed = running.get("/airflow/v1/tries", &one).await;
    assert_eq!(failed["total"], 1);
    assert_eq!(failed["tries"][0]["executor"], "LocalExecutor");
    let nobody = [("dag_id", r#"d"} or {x="y"#)];
    assert_eq!(running.get("/airflow/v1/tries", &nobody).await["total"], 0);

    let runs = running.get("/airflow/v1/runs", &[]).await;
    assert_eq!((&runs["total"], &runs["runs"][0]["duration"]), (&json!(1), &json!(100.0)));
    let dags = running.get("/airflow/v1/dags", &[]).await;
    assert_eq!(
        dags["dags"][0]["tries"]["states"],
        json!({"failed": 1, "running": 1, "success": 1})
    );
    let durations = running.get("/airflow/v1/durations", &[("task_id", "t")]).await;
    assert_eq!(durations["tasks"][0]["seconds"]["count"], 2);
    assert_eq!(durations["tasks"][0]["seconds"]["p90"], 30.5);
    let answer = running.server.get("/airflow/v1/tries", &[("limit", "9999")]).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[tokio::test]
async fn a_try_is_followed_until_it_has_ended() {
    let running = Running::new().await;
    running.push(&[started(3), started(2)]).await;
    let asked = [("dag_id", "d"), ("task_id", "t"), ("run_id", "r"), ("try_number", "3")];
    let follow = running.server.get("/airflow/v1/log/follow", &asked);
    let goes_on = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let line = stream("worker", "pod-annotations", Some(3), 58, "it works");
        running.push(&[line, finished(2, "failed", 10)]).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        running.push(&[finished(3, "success", 30)]).await;
    };
    let (answer, ()) = tokio::join!(follow, goes_on);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    let lines = answer.text();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[1]["line"]), (3, &json!("it works")), "{lines:?}");
    // Those of a page are the same.
    assert_eq!(running.get("/airflow/v1/log", &asked).await["lines"], json!(lines));
    // It has ended already.
    assert_eq!(running.server.get("/airflow/v1/log/follow", &asked).await.text(), answer.text());
    let refused = running.server.get("/airflow/v1/log/follow", &asked[..3]).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
}

#[tokio::test]
async fn the_latest_comes_first_whether_or_not_its_second_is_whole() {
    let running = Running::new().await;
    let ends = [("a", "46:40.250000", 1), ("b", "46:41", 2), ("c", "46:40", 3)];
    running.push(&ends.map(|(run_id, end, nanos)| run_finished_at(run_id, end, nanos))).await;
    running.kept(RECORDS, "3").await;
    let runs = running.get("/airflow/v1/runs", &[]).await;
    let order = runs["runs"].as_array().unwrap().iter().map(|run| &run["run_id"]);
    assert_eq!(json!(order.collect::<Vec<_>>()), json!(["b", "a", "c"]));
    let dags = running.get("/airflow/v1/dags", &[]).await;
    assert_eq!(dags["dags"][0]["runs"]["last_end"], "2026-01-19T23:46:41Z");
}

#[tokio::test]
async fn what_was_kept_before_a_restart_is_known_after_it() {
    let (folder, clock, first) = parts().await;
    let (store, engine) = (first.store.clone(), first.engine.clone());
    let server = Server::build(plain(), first).unwrap();
    let keeping = tokio::spawn(server.keep_lifecycles());
    let before =
        Running { server: Harness::over(server.into_router(), clock.clone(), folder), keeping };
    before.push(&[finished(1, "failed", 10)]).await;
    before.kept(RECORDS, "1").await;
    before.keeping.abort();

    // Another process over the same store: a line that came when nobody kept anything is told too.
    before.push(&[finished(2, "success", 30)]).await;
    let registry = prometheus_client::registry::Registry::default();
    let parts = barogram_server::Parts { store, engine, clock: clock.clone(), registry };
    let server = Server::build(plain(), parts).unwrap();
    let keeping = tokio::spawn(server.keep_lifecycles());
    let folder = tempfile::TempDir::new().unwrap();
    let after = Running { server: Harness::over(server.into_router(), clock, folder), keeping };
    after.push(&[finished(1, "failed", 10), started(3)]).await;
    after.kept(RECORDS, "2").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    after.kept(RECORDS, "2").await;
}
