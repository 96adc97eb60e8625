//! A query has a budget of memory: one that needs more ends with an error, and leaves nothing
//! behind.

use std::sync::Arc;
use std::time::Duration;

use barogram_query::{Config, Engine, Error, ErrorKind, Kind, Request};
use logql::eval::Direction;
use model::{Entry, Labels, ManualClock, Stream, TenantId};

use crate::data::{Fixture, SPAN, START};

const LINES: u64 = 4000;
/// Below what 4,000 samples or series take, above what a few do.
const BUDGET: usize = 64 * 1024;
/// Below what 4,000 lines take, above what is needed to sort as many as are asked for.
const BUDGET_OF_LINES: usize = 6 * BUDGET;

/// A store with lines of a hundred bytes, each of its own request, half of them flushed.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    for half in 0..2 {
        let entries = (0..LINES / 2).map(|n| {
            let number = 2 * n + half;
            let time = START + SPAN.mul_f64(number as f64 / LINES as f64);
            Entry::new(time, format!("request={number} took={n}ms {}", "x".repeat(80)))
        });
        let labels = Labels::new([("app", "web")]);
        fixture.append(vec![Stream { labels, entries: entries.collect() }]).await;
        if half == 0 {
            fixture.store.flush().await.unwrap();
        }
    }
    fixture
}

/// Asks the same engine for too much and for little, again and again.
async fn check(memory_bytes: usize, too_much: &str, little: &str) {
    let fixture = fixture().await;
    let clock = Arc::new(ManualClock::new(START + SPAN));
    let config = Config { memory_bytes, ..Config::default() };
    let engine = Engine::new(fixture.store.clone(), clock, config);
    for _ in 0..3 {
        let error = ask(&engine, too_much).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        let text = error.to_string();
        assert!(text.contains("memory"), "{text}");
        ask(&engine, little).await.unwrap();
    }
}

async fn ask(engine: &Engine, query: &str) -> Result<(), Error> {
    let request = Request {
        tenant: TenantId::default(),
        query: logql::parse(query).unwrap(),
        kind: Kind::Range { start: START, end: START + SPAN, step: Duration::from_secs(1) },
        limit: 10_000,
        direction: Direction::Backward,
        interval: Duration::ZERO,
    };
    engine.run(request).await.map(drop)
}

#[tokio::test]
async fn lines() {
    check(BUDGET_OF_LINES, r#"{app="web"}"#, r#"{app="web"} |= "request=77 ""#).await;
}

#[tokio::test]
async fn series_and_their_panes() {
    let count = "count_over_time({app=\"web\"} | logfmt | keep app";
    check(BUDGET, &format!("{count}, request [10s])"), &format!("{count} [10s])")).await;
}

#[tokio::test]
async fn samples() {
    let quantile = |filter: &str| {
        let log = format!("{{app=\"web\"}} {filter} | logfmt | keep app, took");
        format!("quantile_over_time(0.9, {log} | unwrap duration(took) [10s])")
    };
    check(BUDGET, &quantile(""), &quantile("|= `request=77 `")).await;
}
