//! Values of attributes and bodies as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::message::{AnyValue, KeyValue, Value};
use super::room::{Pairs, Room};
use crate::push::error::PushError;

/// The value as a line or an attribute shows it: text as it is, everything else as JSON.
pub(super) fn text(value: &AnyValue) -> String {
    match &value.value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bytes(bytes)) => STANDARD.encode(bytes),
        Some(_) => json(value).to_string(),
    }
}

fn json(value: &AnyValue) -> serde_json::Value {
    match &value.value {
        None => serde_json::Value::Null,
        Some(Value::String(text)) => text.as_str().into(),
        Some(Value::Bool(truth)) => (*truth).into(),
        Some(Value::Int(number)) => (*number).into(),
        Some(Value::Double(number)) => (*number).into(),
        Some(Value::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        Some(Value::Array(array)) => array.values.iter().map(json).collect(),
        Some(Value::Map(map)) => {
            let members = map.values.iter();
            let json = |KeyValue { key, value }: &KeyValue| {
                (key.clone(), value.as_ref().map_or(serde_json::Value::Null, json))
            };
            members.map(json).collect()
        }
    }
}

/// The pairs of an attribute: one, or those of a map with the names joined by `_`.
///
/// # Errors
/// When there is not room enough for the names: that of a map is written to each of its members.
pub(super) fn flatten(
    key: &str,
    value: &AnyValue,
    pairs: &mut Pairs,
    room: &mut Room,
) -> Result<(), PushError> {
    let Some(Value::Map(map)) = &value.value else {
        pairs.push((key.to_owned(), text(value)));
        return Ok(());
    };
    for KeyValue { key: inner, value } in &map.values {
        room.take_bytes(key.len() + inner.len())?;
        flatten(&format!("{key}_{inner}"), value.as_ref().unwrap_or(&NOTHING), pairs, room)?;
    }
    Ok(())
}

const NOTHING: AnyValue = AnyValue { value: None };
