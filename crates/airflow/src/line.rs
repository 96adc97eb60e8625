//! What a line says of itself: the forms in which Airflow and the servers it runs in begin a
//! record.
//!
//! Only what is cheap and certain: a line is recognised by the whole of its head, never by a word
//! somewhere in it. What the line *says* (the ids in its message) is not looked at here.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};

use crate::level::Level;

/// The head of a record, recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The form of the record.
    pub form: Form,
    /// Its level.
    pub level: Level,
}

/// The forms in which records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Airflow 2: `[2026-11-22T08:14:34.291+0000] {file.py:12} INFO - …`.
    Text,
    /// Airflow 3's components: `2026-11-22T08:10:50.976831Z [info     ] …`.
    Console,
    /// Airflow 3's tasks: `{"timestamp":"…","level":"info","event":"…",…}`.
    Json,
    /// Celery: `[2026-11-22 08:43:38,568: INFO/MainProcess] …`.
    Celery,
    /// Airflow 3.0's API server: `INFO:     10.244.1.1:57128 - "GET …`.
    Uvicorn,
    /// gunicorn: `[2026-11-22 08:41:24 +0000] [195] [INFO] …`; only [`crate::record`] reads it.
    Gunicorn,
    /// An access log: `10.244.1.1 - - [22/Nov/2026:08:20:59 +0000] "GET …`; likewise.
    Access,
}

/// Recognises the head of a record. `None` for a follow-on line, and for what programs print.
#[must_use]
pub fn recognise(line: &str) -> Option<Head> {
    let head = |form, level: Option<Level>| Some(Head { form, level: level? });
    match line.as_bytes().first()? {
        b'{' => head(Form::Json, json_level(line)),
        b'[' => {
            head(Form::Text, text_level(line)).or_else(|| head(Form::Celery, celery_level(line)))
        }
        b'0'..=b'9' => head(Form::Console, console_level(line)),
        b'A'..=b'Z' => head(Form::Uvicorn, uvicorn_level(line)),
        _ => None,
    }
}

/// `[<ISO time>] {<file>:<line>} LEVEL - `
fn text_level(line: &str) -> Option<Level> {
    // By single characters: what looks for a word is set up anew for every line.
    let (time, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (place, rest) = rest.strip_prefix(" {")?.split_once('}')?;
    let (_, number) = place.rsplit_once(':')?;
    let (level, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
    let certain = rest.starts_with("- ")
        && is_date(time)
        && time.as_bytes().get(10) == Some(&b'T')
        && is_digits(number);
    certain.then(|| upper_level(level)).flatten()
}

/// `[<date> <time>,<ms>: LEVEL/<process>] `
fn celery_level(line: &str) -> Option<Level> {
    let (time, rest) = line.strip_prefix('[')?.split_once(": ")?;
    let (level, rest) = rest.split_once('/')?;
    let (process, _) = rest.split_once("] ")?;
    let certain = is_date(time) && time.len() == "2026-11-22 08:43:38,568".len();
    let named =
        !process.is_empty() && process.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (certain && named).then(|| upper_level(level)).flatten()
}

/// `<ISO time> [level    ] `, the level padded with blanks to nine.
fn console_level(line: &str) -> Option<Level> {
    let (time, rest) = line.split_once('[')?;
    let (level, rest) = rest.split_once(']')?;
    let time = time.strip_suffix(' ').filter(|_| rest.starts_with(' '))?;
    let padded = level.len() >= "critical".len() && !level.starts_with(' ');
    let word = level.trim_end_matches(' ');
    let lower = word.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_date(time) && padded && lower).then(|| Level::parse(word)).flatten()
}

/// `LEVEL:` padded with blanks to ten.
fn uvicorn_level(line: &str) -> Option<Level> {
    let (level, rest) = line.split_once(':')?;
    let blanks = "CRITICAL:  ".len().checked_sub(level.len() + 2)?;
    let padded = rest.len() > blanks && rest.bytes().take(blanks).all(|byte| byte == b' ');
    padded.then(|| upper_level(level)).flatten()
}

/// A JSON object with a string each for `timestamp`, `level` and `event`: structlog's record. It is
/// read as far as these are, with which it mostly begins; what follows must end as an object does.
fn json_level(line: &str) -> Option<Level> {
    static LEVEL: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\"level\""));
    // Most JSON in logs is no record, and to find that out need not cost a parse.
    LEVEL.find(line.as_bytes())?;
    let mut found = Found::default();
    // That something follows is an error to it.
    let _ = serde_json::Deserializer::from_str(line).deserialize_map(&mut found);
    let (timestamp, level, _) = found.all()?;
    let certain = is_date(timestamp) && line.trim_ascii_end().ends_with('}');
    certain.then(|| Level::parse(level)).flatten()
}

/// What of a JSON object tells that it is a record.
#[derive(Default)]
struct Found<'a> {
    timestamp: Option<Text<'a>>,
    level: Option<Text<'a>>,
    event: Option<Text<'a>>,
}

/// A string that is borrowed where it has no escapes.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Found<'_> {
    fn all(&self) -> Option<(&str, &str, &str)> {
        Some((&self.timestamp.as_ref()?.0, &self.level.as_ref()?.0, &self.event.as_ref()?.0))
    }
}

impl<'de> Visitor<'de> for &mut Found<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while self.all().is_none()
            && let Some(Text(key)) = map.next_key()?
        {
            match &*key {
                "timestamp" => self.timestamp = Some(map.next_value()?),
                "level" => self.level = Some(map.next_value()?),
                "event" => self.event = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

fn upper_level(word: &str) -> Option<Level> {
    word.bytes().all(|byte| byte.is_ascii_uppercase()).then(|| Level::parse(word)).flatten()
}

/// Whether a text starts as `2026-11-22` and goes on with a time of day.
fn is_date(text: &str) -> bool {
    let shape = b"dddd-dd-dd?dd:dd:dd";
    text.len() >= shape.len()
        && text.len() <= "2026-11-22 08:58:59.090503123+00:00".len()
        && text.bytes().zip(shape).all(|(byte, expect)| match expect {
            b'd' => byte.is_ascii_digit(),
            b'?' => byte == b'T' || byte == b' ',
            expect => byte == *expect,
        })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: Option<(Form, &str)>) {
        let shown = recognise(line).map(|head| (head.form, head.level.as_str()));
        assert_eq!(shown, expect, "for {line}");
    }

    #[test]
    fn airflow_2_text() {
        let line = "[2026-11-22T08:22:33.222+0000] {logging_mixin.py:190} WARNING - of sys.stderr";
        check(line, Some((Form::Text, "warning")));
        check(&line.replace("WARNING", "warning"), None);
        check(&line.replace("190", "x"), None);
        check(&format!("no newline at the very end{line}"), None);
        check("[2026-11-22T08:22:33.222+0000] {a.py:1} INFO - ", Some((Form::Text, "info")));
        check("[2026-11-22 08:20:59 +0000] [17] [INFO] Booting worker", None);
    }

    #[test]
    fn airflow_3_console() {
        let line = "2026-11-22T08:10:50.976831Z [info     ] Task [x] Finished: dag_id=d [logger]";
        check(line, Some((Form::Console, "info")));
        let line = "2026-11-22 08:58:59.090503+00:00 [critical ] gone [acme.sales]";
        check(line, Some((Form::Console, "critical")));
        check("2026-11-22 09:16:31 [debug    ] 0 triggers", Some((Form::Console, "debug")));
        check("2026-11-22 09:16:31 [info] not padded", None);
        check("10 [info     ] bottles", None);
    }

    #[test]
    fn airflow_3_json() {
        let line = concat!(
            r#"{"level":"error","event":"out \"1\"","chan":"stderr","#,
            r#""timestamp":"2026-11-22T09:11:44.689962"}"#,
        );
        check(line, Some((Form::Json, "error")));
        check(&line.replace("event", "message"), None);
        check(&line.replace("2026-11-22T", "today "), None);
        check(&line[..line.len() - 1], None);
        check(
            &line.replace(r#","event""#, r#","more":{"level":[1]},"event""#),
            Some((Form::Json, "error")),
        );
        check(&line.replace(r#""error""#, r#"{"level":"error"}"#), None);
        check(r#"{"level":3,"event":"e","timestamp":"2026-11-22T09:11:44"}"#, None);
        check(r#"{"a":1}"#, None);
    }

    #[test]
    fn celery_and_uvicorn() {
        let line = "[2026-11-22 08:43:38,568: INFO/ForkPoolWorker-1] Task received";
        check(line, Some((Form::Celery, "info")));
        check(&line.replace(",568", ""), None);
        check(
            r#"INFO:     10.244.1.1:57128 - "PATCH /x HTTP/1.1" 204"#,
            Some((Form::Uvicorn, "info")),
        );
        check("WARNING:  Invalid HTTP request received.", Some((Form::Uvicorn, "warning")));
        check("INFO: printed by somebody", None);
        check("KeyError: 'token'", None);
        check("INFO:", None);
        check("", None);
    }
}
