//! `cargo xtask bench query`

use std::time::{Duration, Instant};

use anyhow::Result;
use model::TimeRange;

use super::args::Setup;
use super::dataset::{Dataset, time};
use super::rival::{DuckDb, Ripgrep};
use super::server::{Server, binary};
use crate::report::{Report, Verdict};

/// A query with what rivals are asked instead.
struct Query {
    name: &'static str,
    ask: Ask,
    /// The same as a condition in SQL.
    sql: Option<&'static str>,
    /// The same for ripgrep over the plain text.
    regex: Option<&'static str>,
}

/// How a query is put to the server; all look at the whole day.
enum Ask {
    /// At the end of the day.
    Instant(&'static str),
    /// Over the day, with these parameters.
    Range(&'static str, Params),
    /// Another end point, over the day.
    Path(&'static str, Params),
}

type Params = &'static [(&'static str, &'static str)];

const QUERIES: &[Query] = &[
    Query {
        name: "substring over all lines",
        ask: Ask::Instant(
            r#"sum(count_over_time({namespace="airflow"} |= "part 17 of s3://lake/refunds" [24h]))"#,
        ),
        sql: Some("line LIKE '%part 17 of s3://lake/refunds%'"),
        regex: Some("part 17 of s3://lake/refunds"),
    },
    Query {
        name: "regex over all lines",
        ask: Ask::Instant(
            r#"sum(count_over_time({namespace="airflow"} |~ "retried [34] times|sum 00ff" [24h]))"#,
        ),
        sql: Some("regexp_matches(line, 'retried [34] times|sum 00ff')"),
        regex: Some("retried [34] times|sum 00ff"),
    },
    Query {
        name: "needle that is not there",
        ask: Ask::Range(r#"{namespace="airflow"} |= "zebra crossing""#, &[]),
        sql: Some("line LIKE '%zebra crossing%'"),
        regex: Some("zebra crossing"),
    },
    Query {
        name: "count by dag and hour",
        ask: Ask::Range(
            r#"sum by (dag_id) (count_over_time({namespace="airflow"}[1h]))"#,
            &[("step", "3600")],
        ),
        sql: None,
        regex: None,
    },
    Query {
        name: "last 1,000 lines of a task",
        ask: Ask::Range(
            r#"{namespace="airflow", dag_id="dag_07", task_id="task_3"}"#,
            &[("limit", "1000")],
        ),
        sql: None,
        regex: None,
    },
    Query {
        name: "last 100 lines of all",
        ask: Ask::Range(r#"{namespace="airflow"}"#, &[]),
        sql: None,
        regex: None,
    },
    Query {
        name: "json of half the lines",
        ask: Ask::Instant(
            "sum by (logger) (count_over_time({namespace=\"airflow\", dag_id=~\"dag_.[02468]\"} \
             | json logger=\"logger\" [24h]))",
        ),
        sql: None,
        regex: None,
    },
    Query {
        name: "errors of a run",
        ask: Ask::Range(r#"{level="error", run_id="scheduled__2026-01-15T07:00:00+00:00"}"#, &[]),
        sql: None,
        regex: None,
    },
    Query {
        name: "label names",
        ask: Ask::Path("/loki/api/v1/labels", &[]),
        sql: None,
        regex: None,
    },
    Query {
        name: "volume by dag",
        ask: Ask::Path(
            "/loki/api/v1/index/volume",
            &[("query", r#"{namespace="airflow"}"#), ("targetLabels", "dag_id")],
        ),
        sql: None,
        regex: None,
    },
];

/// How long a query took.
#[derive(Debug, Clone, Copy)]
struct Took {
    cold: Duration,
    warm: Duration,
    cpu_seconds: f64,
}

pub(super) async fn run(setup: &Setup) -> Result<Report> {
    let binary = binary(setup.binary.as_ref())?;
    let dataset = Dataset::new(setup)?;
    if !dataset.is_loaded() {
        let server = Server::start(&binary, &dataset.store).await?;
        dataset.load(&server).await?;
    }
    let (duckdb, ripgrep) = (DuckDb::find(&dataset.store), Ripgrep::find(&dataset.text));
    let mut rows = Vec::new();
    for query in QUERIES.iter().filter(|query| query.name.contains(&setup.only)) {
        // A server of its own for each: what another query has cached must not help.
        let server = Server::start(&binary, &dataset.store).await?;
        let took = measure(&server, query.ask.request(dataset.range()), setup.rounds).await?;
        let sql = query.sql.zip(duckdb.as_ref());
        let sql = sql.map(|(sql, duckdb)| duckdb.fastest(sql, setup.rounds)).transpose()?;
        let text = query.regex.zip(ripgrep.as_ref());
        let text = text.map(|(regex, rg)| rg.fastest(regex, setup.rounds)).transpose()?;
        rows.push((query.name, took, sql, text));
    }
    Ok(report(&rows, setup.megabytes))
}

async fn measure(
    server: &Server,
    (path, params): (&str, Vec<(&str, String)>),
    rounds: usize,
) -> Result<Took> {
    let ask = || server.get(path, &params);
    let cold = timed(ask()).await?;
    let before = server.cpu_seconds()?;
    let mut warm = Duration::MAX;
    for _ in 0..rounds {
        warm = warm.min(timed(ask()).await?);
    }
    let cpu_seconds = (server.cpu_seconds()? - before) / rounds.max(1) as f64;
    Ok(Took { cold, warm, cpu_seconds })
}

#[expect(clippy::disallowed_methods, reason = "a measurement is about the machine's own time")]
async fn timed(work: impl Future<Output = Result<String>>) -> Result<Duration> {
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed())
}

impl Ask {
    /// The path and the parameters.
    fn request(&self, day: TimeRange) -> (&'static str, Vec<(&'static str, String)>) {
        let bounds = vec![("start", time(day.start)), ("end", time(day.end))];
        let (path, query, params) = match self {
            Self::Instant(query) => {
                let params = vec![("query", (*query).to_owned()), ("time", time(day.end))];
                return ("/loki/api/v1/query", params);
            }
            Self::Range(query, params) => ("/loki/api/v1/query_range", Some(query), params),
            Self::Path(path, params) => (*path, None, params),
        };
        let query = query.map(|query| ("query", (*query).to_owned()));
        let params = params.iter().map(|(name, value)| (*name, (*value).to_owned()));
        (path, query.into_iter().chain(params).chain(bounds).collect())
    }
}

type Row = (&'static str, Took, Option<Duration>, Option<Duration>);

fn report(rows: &[Row], megabytes: u64) -> Report {
    let milliseconds = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
    let cell = |time: Option<Duration>| time.map(milliseconds).unwrap_or_default();
    let table = rows.iter().map(|(name, took, sql, text)| {
        vec![
            (*name).to_owned(),
            milliseconds(took.cold),
            milliseconds(took.warm),
            format!("{:.3}", took.cpu_seconds),
            cell(*sql),
            cell(*text),
        ]
    });
    let faults = faults(rows, megabytes);
    let verdict = if faults.is_empty() { Verdict::Holds } else { Verdict::FallsShort };
    Report {
        head: vec!["query", "cold ms", "warm ms", "CPU s", "DuckDB ms", "ripgrep ms"],
        rows: table.collect(),
        figures: format!("bench query: {megabytes} MB of lines, {} short", faults.len()),
        details: faults,
        verdict,
    }
}

/// Where a figure misses what we want.
fn faults(rows: &[Row], megabytes: u64) -> Vec<String> {
    let gigabytes = megabytes as f64 / 1000.0;
    let mut faults = Vec::new();
    for (name, took, sql, text) in rows {
        let warm = took.warm.as_secs_f64();
        let mut check = |limit: Option<f64>, what: &str| {
            if let Some(limit) = limit.filter(|limit| warm > *limit) {
                let ratio = warm / limit;
                faults.push(format!("{name}: {ratio:.2} times what {what} allows"));
            }
        };
        check(sql.map(|time| time.as_secs_f64()), "DuckDB's time");
        check(text.map(|time| 2.0 * time.as_secs_f64()), "twice ripgrep's time");
        check((*name == "count by dag and hour").then_some(0.1 * gigabytes), "100 ms a GB");
        check(name.starts_with("last").then_some(0.05), "50 ms");
    }
    faults
}
