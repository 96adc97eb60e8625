//! Docker's container log format, unwrapped: `{"log":"…\\n","stream":"stdout","time":"…"}`.
//!
//! A long line is cut into several records, of which only the last one's text ends with a newline.

use std::borrow::Cow;

use serde::Deserialize;

use crate::stage::cri::Record;
use crate::stage::lane::Lane;
use model::rfc3339;

/// How every record begins.
const OPENING: &[u8] = b"{\"log\":";

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
}

/// Reads a record. `None` when the line is none.
pub fn parse(line: &[u8]) -> Option<Record<'_>> {
    if !line.starts_with(OPENING) {
        return None;
    }
    let Object { log, stream, time } = serde_json::from_slice(line).ok()?;
    let timestamp = rfc3339::parse(time.as_bytes())?;
    let lane = match &*stream {
        "stdout" => Lane::Stdout,
        "stderr" => Lane::Stderr,
        _ => return None,
    };
    let is_partial = !log.ends_with('\n');
    let content = match log {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('\n').unwrap_or(text).as_bytes()),
        Cow::Owned(mut text) => {
            text.truncate(text.len() - usize::from(!is_partial));
            Cow::Owned(text.into_bytes())
        }
    };
    Some(Record { timestamp, lane, is_partial, content })
}

/// Whether these bytes begin with a record and hold the time of it, which comes last.
pub fn is_stamped(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    parse(first).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: Option<(Lane, bool, &str)>) {
        let record = parse(line.as_bytes());
        let shown = record.as_ref().map(|record| {
            assert_eq!(record.timestamp.as_nanos(), 1_795_336_123_500_000_000);
            (record.lane, record.is_partial, std::str::from_utf8(&record.content).unwrap())
        });
        assert_eq!(shown, expect, "for {line}");
    }

    #[test]
    fn records() {
        let time = r#""time":"2026-11-22T08:28:43.5Z""#;
        let record =
            |log: &str, stream: &str| format!(r#"{{"log":"{log}","stream":"{stream}",{time}}}"#);
        check(&record(r"a b\n", "stdout"), Some((Lane::Stdout, false, "a b")));
        check(&record("a b", "stderr"), Some((Lane::Stderr, true, "a b")));
        check(&record(r#"\"x\" \u00e9\n\n"#, "stdout"), Some((Lane::Stdout, false, "\"x\" é\n")));
        check(&record(r"\n", "stdout"), Some((Lane::Stdout, false, "")));
        check(&record("x", "stdin"), None);
        check(&record("x", "stdout")[1..], None);
        check(r#"{"log":"x","stream":"stdout"}"#, None);
        check(r#"{"log":"x","stream":"stdout","time":"now"}"#, None);
    }
}
