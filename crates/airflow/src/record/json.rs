//! Airflow 3's JSON form: one object a line, as structlog writes it.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

use crate::level::Level;
use crate::line::{Form, Text};
use crate::record::read::{Fields, Record, Source};
use crate::record::time;
use crate::task::MapIndex;

/// A key that comes twice is an error, and so is one of another kind than Airflow's: such a line is
/// no record of Airflow's.
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    timestamp: Text<'a>,
    #[serde(borrow)]
    level: Text<'a>,
    #[serde(borrow)]
    event: Text<'a>,
    #[serde(borrow)]
    logger: Option<Text<'a>>,
    #[serde(borrow)]
    filename: Option<Text<'a>>,
    lineno: Option<u32>,
    #[serde(borrow)]
    dag_id: Option<Text<'a>>,
    #[serde(borrow)]
    run_id: Option<Text<'a>>,
    #[serde(borrow)]
    task_id: Option<Text<'a>>,
    #[serde(borrow)]
    ti_id: Option<Text<'a>>,
    map_index: Option<i64>,
    try_number: Option<u32>,
    #[serde(borrow)]
    workload: Option<Text<'a>>,
    workload_id: Option<Value>,
    final_state: Option<Value>,
    exit_code: Option<Value>,
    reason: Option<Value>,
    error_detail: Option<Value>,
}

/// When a record was made.
pub(super) fn stamp(line: &str) -> Option<time::Stamp> {
    #[derive(Deserialize)]
    struct Stamped<'a> {
        #[serde(borrow)]
        timestamp: Text<'a>,
        #[serde(borrow, rename = "level")]
        _level: Text<'a>,
        #[serde(borrow, rename = "event")]
        _event: Text<'a>,
    }
    // Airflow's own begin so, and need not be parsed. One that lost its end tells its time still.
    let own = || line.strip_prefix("{\"timestamp\":\"")?.split_once("\",\"level\":\"");
    if let Some((text, _)) = own()
        && let Some(stamp) = time::parse(text)
    {
        return Some(stamp);
    }
    memmem::find(line.as_bytes(), b"\"level\"")?;
    let object: Stamped<'_> = serde_json::from_str(line).ok()?;
    time::parse(&object.timestamp.0)
}

pub(super) fn read(line: &str) -> Option<Record<'_>> {
    // Most JSON in logs is no record, and to find that out need not cost a parse.
    memmem::find(line.as_bytes(), b"\"level\"")?;
    let object: Object<'_> = serde_json::from_str(line).ok()?;
    let time = time::parse(&object.timestamp.0)?;
    let level = Level::parse(&object.level.0)?;
    let source = text_source(object.filename, object.lineno);
    let map_index = match object.map_index {
        None => None,
        Some(-1) => Some(MapIndex::Unmapped),
        Some(index) => Some(MapIndex::At(u32::try_from(index).ok()?)),
    };
    let fields = Fields {
        dag_id: object.dag_id.map(|text| text.0),
        run_id: object.run_id.map(|text| text.0),
        task_id: object.task_id.map(|text| text.0),
        ti_id: object.ti_id.map(|text| text.0),
        map_index,
        try_number: object.try_number,
        workload: object.workload.map(|text| text.0),
        workload_id: object.workload_id.map(shown),
        final_state: object.final_state.map(shown),
        exit_code: object.exit_code.map(shown),
        reason: object.reason.map(shown),
        exception: object.error_detail.as_ref().and_then(exception),
    };
    Some(Record {
        form: Form::Json,
        time: Some(time),
        level: Some(level),
        logger: object.logger.map(|text| text.0),
        source,
        process: None,
        message: object.event.0,
        span: None,
        fields,
        is_whole: true,
    })
}

fn text_source<'a>(file: Option<Text<'a>>, line: Option<u32>) -> Option<Source<'a>> {
    Some(Source { file: file?.0, line: line? })
}

/// A value as text: a string as it is, anything else as JSON writes it.
fn shown(value: Value) -> Cow<'static, str> {
    match value {
        Value::String(text) => Cow::Owned(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The type of the last exception of a chain, which is the cause that Airflow puts last.
fn exception(detail: &Value) -> Option<Cow<'static, str>> {
    let first = detail.as_array()?.first()?;
    Some(Cow::Owned(first.get("exc_type")?.as_str()?.to_owned()))
}
