//! `stage.docker`: lines of Docker's log files, `{"log":"…","stream":"…","time":"…"}`, unwrapped.
//!
//! Of the values `output`, `stream` and `timestamp` those are extracted that a stage reads.

use std::borrow::Cow;
use std::sync::Arc;

use model::rfc3339;
use serde_json::{Map, Value as Json};

use crate::entry::Entry;
use crate::extracted::Value;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};
use crate::reads::Reads;

/// The stage; it has no settings.
#[derive(Debug)]
pub(crate) struct Docker {
    stream: [Arc<str>; 1],
    /// Keys of the line and the values that are read of them.
    wanted: Vec<(&'static str, Arc<str>)>,
    memo: Memo,
}

impl Docker {
    pub(crate) fn build(reads: &Reads) -> Self {
        let values = [("log", "output"), ("stream", "stream"), ("time", "timestamp")];
        let wanted = values.into_iter().filter(|(_, name)| reads.contains(name));
        Self {
            stream: ["stream".into()],
            wanted: wanted.map(|(key, name)| (key, name.into())).collect(),
            memo: Memo::default(),
        }
    }
}

impl Process for Docker {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let Ok(mut object) = serde_json::from_str::<Map<String, Json>>(&entry.line) else {
            return Flow::Next;
        };
        for (key, name) in &self.wanted {
            let value = match object.get(*key) {
                Some(Json::String(text)) => Value::Text(text.clone()),
                _ => Value::Null,
            };
            entry.extracted.set(name, value);
        }
        if let Some(Json::String(stream)) = object.get("stream") {
            entry.labels =
                self.memo.set(&entry.labels, &self.stream, |_| Some(Cow::Borrowed(stream)));
        }
        let time = object.get("time").and_then(Json::as_str).map(str::as_bytes);
        if let Some(timestamp) = time.and_then(rfc3339::parse) {
            entry.timestamp = timestamp;
        }
        if let Some(Json::String(log)) = object.remove("log") {
            entry.line = log;
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use crate::config::StageConfig::Docker;
    use crate::testing::check;

    #[test]
    fn a_line_is_unwrapped() {
        let check = |line: &str, expect: &str| check(&[Docker], "{}", line, expect);
        check(
            r#"{"log":"log message\n","stream":"stderr","time":"2019-04-30T02:12:41.8443515Z"}"#,
            "{stream=\"stderr\"} log message\n @1556590361844351500",
        );
        check(r#"{"log":"x"}"#, "{} x");
        check(r#"{"stream":"stdout"}"#, r#"{stream="stdout"} {"stream":"stdout"}"#);
        check("plain", "{} plain");
        check(r#"["log"]"#, r#"{} ["log"]"#);
    }
}
