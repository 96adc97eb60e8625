//! The rules by which an answer is compared with the recorded one. `README.md` states them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::case::Case;
use crate::number::{TIME_TOLERANCE, TOLERANCE, near, number, same};

type Same = Result<(), String>;

/// Whether an answer is as good as the recorded one.
///
/// # Errors
/// With what differs, for people.
pub fn compare(case: &Case, status: u16, body: &Value) -> Same {
    if case.status >= 500 && status >= 400 {
        return Ok(());
    }
    if status != case.status {
        return Err(format!("status: want {}, got {status} ({})", case.status, short(body)));
    }
    let how = case.compare.as_deref().unwrap_or("exact");
    if how == "status" || status >= 400 {
        return Ok(());
    }
    let (want, got) = (&case.body, body);
    if let (Value::String(want), Value::String(got)) = (want, got) {
        let equal = want.trim() == got.trim();
        return if equal { Ok(()) } else { Err(format!("body: want {want:?}, got {got:?}")) };
    }
    match how {
        "approx-stats" => approx_stats(want, got),
        "approx-volume" => approx_volume(&want["data"], &got["data"]),
        "detected-fields" => detected_fields(case, want, got),
        "detected-labels" => detected_labels(want, got),
        "patterns" => patterns(want, got),
        _ if want["data"]["resultType"].is_string() => {
            equal("status field", &want["status"], &got["status"])?;
            result(case, &want["data"], &got["data"])
        }
        _ => plain("body", want, got),
    }
}

fn result(case: &Case, want: &Value, got: &Value) -> Same {
    equal("resultType", &want["resultType"], &got["resultType"])?;
    let (want_flags, got_flags) = (list(&want["encodingFlags"]), list(&got["encodingFlags"]));
    if want_flags != got_flags {
        return Err(format!("encodingFlags: want {want_flags:?}, got {got_flags:?}"));
    }
    let (a, b) = (&want["result"], &got["result"]);
    match want["resultType"].as_str() {
        Some("streams") => streams(case, list(a), list(b)),
        Some("vector") => vector(case, list(a), list(b)),
        Some("matrix") => matrix(list(a), list(b)),
        _ if case.compare.as_deref() == Some("scalar-now") => value("scalar", &a[1], &b[1]),
        _ => sample("scalar", a, b),
    }
}

fn streams(case: &Case, want: &[Value], got: &[Value]) -> Same {
    let count = |streams: &[Value]| streams.iter().map(|s| list(&s["values"]).len()).sum::<usize>();
    if count(want) != count(got) {
        return Err(format!("entries: want {}, got {}", count(want), count(got)));
    }
    let cut = case.tie_at_limit.then(|| edge(case, want)).flatten();
    let (want, got) = (entries(want, cut)?, entries(got, cut)?);
    same_keys("streams", &want, &got)?;
    for (stream, want) in &want {
        let got = &got[stream];
        for (i, (x, y)) in want.iter().zip(got).enumerate() {
            if x != y {
                let (x, y) = (short(x), short(y));
                return Err(format!("stream {stream} entry {i}: want {x}, got {y}"));
            }
        }
        if want.len() != got.len() {
            let (want, got) = (want.len(), got.len());
            return Err(format!("stream {stream}: want {want} entries, got {got}"));
        }
    }
    Ok(())
}

/// The last timestamp before the limit: which of its entries come is left open.
fn edge(case: &Case, streams: &[Value]) -> Option<i64> {
    let entries = streams.iter().flat_map(|stream| list(&stream["values"]));
    let times = entries.filter_map(time);
    let forward = case.param("direction").is_some_and(|d| d.eq_ignore_ascii_case("forward"));
    if forward { times.max() } else { times.min() }
}

fn time(entry: &Value) -> Option<i64> {
    entry[0].as_str()?.parse().ok()
}

/// The entries of each stream, less those of the time that is cut.
fn entries(streams: &[Value], cut: Option<i64>) -> Result<BTreeMap<String, Vec<&Value>>, String> {
    let mut by_stream = BTreeMap::new();
    for stream in streams {
        let kept = list(&stream["values"]).iter().filter(|e| cut.is_none() || time(e) != cut);
        let kept: Vec<&Value> = kept.collect();
        if kept.is_empty() && cut.is_some() {
            continue;
        }
        if by_stream.insert(key(&stream["stream"]), kept).is_some() {
            return Err(format!("the stream {} comes twice", stream["stream"]));
        }
    }
    Ok(by_stream)
}

fn vector(case: &Case, want: &[Value], got: &[Value]) -> Same {
    if case.ordered {
        for (x, y) in want.iter().zip(got) {
            value("the order of the values", &x["value"][1], &y["value"][1])?;
        }
    }
    let (want, got) = (by_labels(want)?, by_labels(got)?);
    same_keys("series", &want, &got)?;
    want.iter().try_for_each(|(series, x)| sample(series, &x["value"], &got[series]["value"]))
}

fn matrix(want: &[Value], got: &[Value]) -> Same {
    let (want, got) = (by_labels(want)?, by_labels(got)?);
    same_keys("series", &want, &got)?;
    for (series, want) in &want {
        let (want, got) = (list(&want["values"]), list(&got[series]["values"]));
        let times = |points: &[Value]| points.iter().map(|p| p[0].as_f64()).collect::<Vec<_>>();
        if times(want) != times(got) {
            let (want, got) = (want.len(), got.len());
            return Err(format!("series {series}: want {want} points, got {got}, or other times"));
        }
        want.iter().zip(got).try_for_each(|(x, y)| sample(series, x, y))?;
    }
    Ok(())
}

fn sample(place: &str, want: &Value, got: &Value) -> Same {
    if !same(&want[0], &got[0], TIME_TOLERANCE) {
        return Err(format!("{place}: want time {}, got {}", want[0], got[0]));
    }
    value(place, &want[1], &got[1])
}

fn value(place: &str, want: &Value, got: &Value) -> Same {
    let equal = same(want, got, TOLERANCE);
    if equal { Ok(()) } else { Err(format!("{place}: want {want}, got {got}")) }
}

/// Any other JSON; lists are multisets, and nothing, `null`, `[]` and `{}` are the same.
fn plain(place: &str, want: &Value, got: &Value) -> Same {
    if is_nothing(want) && is_nothing(got) {
        return Ok(());
    }
    match (want, got) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys()).filter(|name| *name != "stats");
            let mut names: Vec<_> = names.collect();
            names.sort();
            names.dedup();
            names.iter().try_for_each(|n| plain(&format!("{place}.{n}"), &want[n], &got[n]))
        }
        (Value::Array(a), Value::Array(b)) => {
            let sorted = |list: &[Value]| {
                let mut keys: Vec<String> = list.iter().map(key).collect();
                keys.sort();
                keys
            };
            let (a, b) = (sorted(a), sorted(b));
            if a == b { Ok(()) } else { Err(format!("{place}: want {a:.300?}, got {b:.300?}")) }
        }
        _ => value(place, want, got),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn approx_stats(want: &Value, got: &Value) -> Same {
    equal("streams", &want["streams"], &got["streams"])?;
    for name in ["entries", "bytes"] {
        about(name, &want[name], &got[name], 0.3)?;
    }
    Ok(())
}

fn approx_volume(want: &Value, got: &Value) -> Same {
    let (a, b) = (list(&want["result"]), list(&got["result"]));
    if a.is_empty() && b.is_empty() {
        return Ok(());
    }
    equal("resultType", &want["resultType"], &got["resultType"])?;
    let (a, b) = (by_labels(a)?, by_labels(b)?);
    same_keys("series", &a, &b)?;
    for (series, want) in &a {
        let (want, got) = (total(want), total(b[series]));
        if !near(want, got, 0.3) {
            return Err(format!("volume of {series}: want about {want}, got {got}"));
        }
    }
    Ok(())
}

fn total(series: &Value) -> f64 {
    let points = match &series["values"] {
        Value::Array(points) => points.iter().filter_map(|point| number(&point[1])).sum(),
        _ => 0.0,
    };
    points + number(&series["value"][1]).unwrap_or(0.0)
}

fn detected_fields(case: &Case, want: &Value, got: &Value) -> Same {
    let (want, got) = (by_name(&want["fields"])?, by_name(&got["fields"])?);
    if case.param("limit").or(case.param("field_limit")).is_some() {
        let (a, b) = (want.len(), got.len());
        return if a == b { Ok(()) } else { Err(format!("fields: want {a}, got {b}")) };
    }
    same_keys("fields", &want, &got)?;
    for (name, want) in &want {
        let got = got[name];
        for part in ["type", "jsonPath"] {
            equal(&format!("field {name}: {part}"), &want[part], &got[part])?;
        }
        plain(&format!("field {name}: parsers"), &want["parsers"], &got["parsers"])?;
        about(
            &format!("field {name}: cardinality"),
            &want["cardinality"],
            &got["cardinality"],
            0.1,
        )?;
    }
    Ok(())
}

fn detected_labels(want: &Value, got: &Value) -> Same {
    let (want, got) = (by_name(&want["detectedLabels"])?, by_name(&got["detectedLabels"])?);
    same_keys("labels", &want, &got)?;
    want.iter().try_for_each(|(name, want)| {
        let place = format!("label {name}: cardinality");
        about(&place, &want["cardinality"], &got[name]["cardinality"], 0.1)
    })
}

fn patterns(want: &Value, got: &Value) -> Same {
    let (want, got) = (list(&want["data"]), list(&got["data"]));
    if !want.is_empty() && got.is_empty() {
        return Err(format!("patterns: want some (Loki found {}), got none", want.len()));
    }
    match got.iter().find(|p| !p["pattern"].is_string() || !p["samples"].is_array()) {
        Some(odd) => Err(format!("not a pattern: {}", short(odd))),
        None => Ok(()),
    }
}

fn about(place: &str, want: &Value, got: &Value, share: f64) -> Same {
    let (a, b) = (number(want).unwrap_or(0.0), number(got).unwrap_or(0.0));
    if near(a, b, share) { Ok(()) } else { Err(format!("{place}: want about {a}, got {b}")) }
}

fn equal(place: &str, want: &Value, got: &Value) -> Same {
    if want == got { Ok(()) } else { Err(format!("{place}: want {want}, got {got}")) }
}

fn same_keys<A, B>(what: &str, want: &BTreeMap<String, A>, got: &BTreeMap<String, B>) -> Same {
    let missing = want.keys().find(|key| !got.contains_key(*key));
    let extra = got.keys().find(|key| !want.contains_key(*key));
    if missing.is_none() && extra.is_none() {
        return Ok(());
    }
    let (a, b) = (want.len(), got.len());
    Err(format!("{what}: want {a}, got {b}; missing {missing:?}; unexpected {extra:?}"))
}

fn by_labels(series: &[Value]) -> Result<BTreeMap<String, &Value>, String> {
    unique(series.iter().map(|one| (key(&one["metric"]), one)))
}

fn by_name(fields: &Value) -> Result<BTreeMap<String, &Value>, String> {
    unique(list(fields).iter().map(|one| (one["label"].as_str().unwrap_or("").to_owned(), one)))
}

fn unique<'a>(
    pairs: impl Iterator<Item = (String, &'a Value)>,
) -> Result<BTreeMap<String, &'a Value>, String> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        if map.contains_key(&key) {
            return Err(format!("{key} comes twice in the answer"));
        }
        map.insert(key, value);
    }
    Ok(map)
}

/// A text that is the same for equal JSON: `serde_json` sorts the names of its objects.
fn key(value: &Value) -> String {
    if value.is_null() { "{}".to_owned() } else { value.to_string() }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(how: &Value, want: &Value, got: &Value, ok: bool) {
        let mut case = json!({
            "id": "x", "category": "x", "method": "GET", "path": "/", "status": 200,
            "params": [["direction", "backward"]], "body": want,
        });
        for (name, value) in how.as_object().unwrap() {
            case[name] = value.clone();
        }
        let case: Case = serde_json::from_value(case).unwrap();
        let seen = compare(&case, 200, got);
        assert_eq!(seen.is_ok(), ok, "{seen:?}");
    }

    fn answer(kind: &str, result: &Value) -> Value {
        json!({"status": "success", "data": {"resultType": kind, "result": result}})
    }

    #[test]
    fn streams_may_come_in_any_order_and_entries_may_not() {
        let stream = |name: &str, entries: Value| json!({"stream": {"a": name}, "values": entries});
        let (one, two) =
            (stream("1", json!([["9", "x"], ["8", "y"]])), stream("2", json!([["7", "z"]])));
        let turned = stream("1", json!([["8", "y"], ["9", "x"]]));
        let other = stream("2", json!([["7", "w"]]));
        let want = answer("streams", &json!([one, two]));
        check(&json!({}), &want, &answer("streams", &json!([two, one])), true);
        check(&json!({}), &want, &answer("streams", &json!([two, turned])), false);
        check(&json!({}), &want, &answer("streams", &json!([one])), false);
        check(&json!({}), &want, &answer("streams", &json!([one, other])), false);
        check(
            &json!({"tie_at_limit": true}),
            &want,
            &answer("streams", &json!([one, other])),
            true,
        );
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let series = |value: &str| json!([{"metric": {"a": "1"}, "value": [5, value]}]);
        let want = answer("vector", &series("0.30000000000000004"));
        check(&json!({}), &want, &answer("vector", &series("0.3")), true);
        check(&json!({}), &want, &answer("vector", &series("0.4")), false);
        check(&json!({}), &want, &answer("matrix", &series("0.3")), false);
    }

    #[test]
    fn lists_are_multisets_and_nothing_is_nothing() {
        check(&json!({}), &json!({"data": ["a", "b"]}), &json!({"data": ["b", "a"]}), true);
        check(&json!({}), &json!({"data": ["a", "b"]}), &json!({"data": ["b", "b"]}), false);
        check(&json!({}), &json!({"data": []}), &json!({}), true);
        check(&json!({"compare": "status"}), &json!({"data": 1}), &json!({}), true);
        check(&json!({"status": 400}), &json!("no"), &json!("no"), false);
    }
}
