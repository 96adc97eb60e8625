//! All lines of a range, batch by batch, each once: against a server that holds some.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::stub::{Asked, Stub, barogram};

/// The times of a server's lines, in seconds. Each line is named by its place in here.
type Times = Vec<i64>;

const NANOS: i64 = 1_000_000_000;

/// Answers as Loki does: inside the range, from one end, not more than the limit.
fn answer(times: &[i64], asked: &Asked) -> Response {
    let (start, end) = (asked.number("start"), asked.number("end"));
    let limit = usize::try_from(asked.number("limit")).unwrap();
    let mut found: Vec<_> = times
        .iter()
        .enumerate()
        .map(|(name, seconds)| (seconds * NANOS, name))
        .filter(|(time, _)| (start..end).contains(time))
        .collect();
    found.sort_by_key(|(time, _)| *time);
    if asked.params["direction"] == "backward" {
        found.reverse();
    }
    found.truncate(limit);
    // Two streams, so that one batch meets the other in both.
    let stream = |odd: usize| {
        let values = found.iter().filter(|(_, name)| name % 2 == odd);
        let values: Vec<_> =
            values.map(|(time, name)| [time.to_string(), format!("line{name}")]).collect();
        json!({"stream": {"odd": odd.to_string()}, "values": values})
    };
    let result: Vec<_> = (0..2).map(stream).filter(|s| s["values"] != json!([])).collect();
    let data = json!({"resultType": "streams", "result": result});
    Json(json!({"status": "success", "data": data})).into_response()
}

/// A server that holds lines.
pub async fn server(times: Times) -> Stub {
    Stub::start(move |asked| answer(&times, asked)).await
}

/// The names of the lines that are printed.
async fn printed(times: &[i64], arguments: &[&str]) -> Result<Vec<usize>, String> {
    let stub = server(times.to_vec()).await;
    let range = ["query", "{odd=~\".+\"}", "-q", "-o", "raw", "--from", "0", "--to", "1000"];
    let said = barogram(&stub.url, &[&range, arguments].concat(), "").await;
    if said.code != Some(0) {
        return Err(said.errors);
    }
    let name = |line: &str| line.strip_prefix("line").unwrap().parse().unwrap();
    Ok(said.out.lines().map(name).collect())
}

/// Prints all lines, and fails unless each is there once and in order.
async fn check_all(times: &[i64], batch: &str, forward: bool) {
    let mut arguments = vec!["--limit", "0", "--batch", batch];
    arguments.extend(forward.then_some("--forward"));
    let names = printed(times, &arguments).await.unwrap();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..times.len()).collect::<Vec<_>>(), "batch {batch}, forward {forward}");
    let in_order =
        names.is_sorted_by_key(|name| if forward { times[*name] } else { -times[*name] });
    assert!(in_order, "batch {batch}, forward {forward}: {names:?}");
}

#[tokio::test]
async fn every_line_is_printed_once() {
    // Times that are alone, and up to four lines that share one.
    let times: Times = (0..60).map(|i| 10 + i - i % 4 * (i / 20)).collect();
    for batch in ["5", "7", "59", "60", "61"] {
        check_all(&times, batch, true).await;
        check_all(&times, batch, false).await;
    }
    check_all(&[], "5", true).await;
}

#[tokio::test]
async fn a_limit_may_take_several_batches() {
    let times: Times = (0..20).map(|i| i / 2).collect();
    let newest = printed(&times, &["--limit", "7", "--batch", "3"]).await.unwrap();
    assert_eq!(newest.len(), 7);
    assert!(newest.iter().all(|name| *name >= 12), "{newest:?}");
    let oldest = printed(&times, &["--limit", "7", "--batch", "3", "--forward"]).await.unwrap();
    assert!(oldest.len() == 7 && oldest.iter().all(|name| *name <= 7), "{oldest:?}");
}

#[tokio::test]
async fn more_lines_of_one_time_than_a_batch_holds_are_an_error() {
    let error = printed(&[5; 10], &["--limit", "0", "--batch", "4"]).await.unwrap_err();
    let expect = "error: 4 lines share the time 1970-01-01T00:00:05Z, as many as a batch holds, so \
                  there is no way past them: give --batch 5 or more\n";
    assert_eq!(error, expect);
}
