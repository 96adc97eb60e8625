//! The JSON of a push before Loki 1.0:
//! `{"streams":[{"labels":"{a=\"b\"}","entries":[{"ts":"2026-01-20T00:00:00Z","line":"x"}]}]}`.

use model::Labels;
use serde::Deserialize;
use serde::de::Error;

use crate::push::decode::RawStream;
use crate::push::error::PushError;
use crate::time::parse_rfc3339;

#[derive(Deserialize)]
struct Body {
    streams: Vec<StreamJson>,
}

#[derive(Deserialize)]
struct StreamJson {
    labels: String,
    entries: Vec<EntryJson>,
}

#[derive(Deserialize)]
struct EntryJson {
    ts: String,
    line: String,
}

/// The streams of such a push.
pub(crate) fn read(bytes: &[u8], max_elements: usize) -> Result<Vec<RawStream>, PushError> {
    // Each entry is an object, so braces bound the elements before memory is taken for them.
    if bytes.iter().filter(|byte| **byte == b'{').count() > max_elements {
        return Err(PushError::TooManyElements { limit: max_elements });
    }
    let body: Body = serde_json::from_slice(bytes)?;
    let streams = body.streams.into_iter().map(|StreamJson { labels, entries }| {
        let mut stream = RawStream::new(Labels::parse(&labels).map_err(|e| e.to_string()));
        for EntryJson { ts, line } in entries {
            let time = parse_rfc3339(&ts).ok_or_else(|| {
                serde_json::Error::custom(format!("the time {ts:?} is not of RFC 3339"))
            })?;
            stream.add(time, line, &[]);
        }
        Ok(stream)
    });
    streams.collect()
}
