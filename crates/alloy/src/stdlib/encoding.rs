//! `encoding`: JSON, YAML, base64, and what URLs escape.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::function::{Call, CallError, bounded};
use crate::value::{Number, Value};

pub(super) fn from_json(call: &Call<'_>) -> Result<Value, CallError> {
    let parsed = serde_json::from_str(&call.text(0)?);
    let json = parsed.map_err(|error| CallError::at(0, format!("not JSON: {error}")))?;
    Ok(value_of(&json))
}

pub(super) fn from_yaml(call: &Call<'_>) -> Result<Value, CallError> {
    let parsed = serde_saphyr::from_str::<serde_json::Value>(&call.text(0)?);
    let yaml = parsed.map_err(|error| {
        // The first line says what is wrong; the rest is a picture of the text.
        let text = error.to_string();
        let what = text.lines().next().unwrap_or_default();
        CallError::at(0, format!("not YAML: {what}"))
    })?;
    Ok(value_of(&yaml))
}

pub(super) fn to_json(call: &Call<'_>) -> Result<Value, CallError> {
    let json = json_of(&call.values[0])
        .map_err(|what| CallError::at(0, format!("a {what} cannot be written as JSON")))?;
    bounded(json.to_string())
}

pub(super) fn from_base64(call: &Call<'_>) -> Result<Value, CallError> {
    decoded(STANDARD.decode(strip_newlines(&call.text(0)?)))
}

pub(super) fn from_url_base64(call: &Call<'_>) -> Result<Value, CallError> {
    decoded(URL_SAFE.decode(strip_newlines(&call.text(0)?)))
}

pub(super) fn to_base64(call: &Call<'_>) -> Result<Value, CallError> {
    bounded(STANDARD.encode(&*call.text(0)?))
}

pub(super) fn to_url_base64(call: &Call<'_>) -> Result<Value, CallError> {
    bounded(URL_SAFE.encode(&*call.text(0)?))
}

/// As Go's `url.QueryEscape`: a space is a plus.
pub(super) fn url_encode(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.text(0)?;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    bounded(out)
}

pub(super) fn url_decode(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.text(0)?;
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'+' => out.push(b' '),
            b'%' => {
                let code = text.get(at + 1..at + 3).filter(|code| !code.starts_with('+'));
                let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
                let message =
                    || CallError::at(0, "\"%\" is not followed by two hexadecimal digits");
                out.push(byte.ok_or_else(message)?);
                at += 2;
            }
            byte => out.push(byte),
        }
        at += 1;
    }
    utf8(out)
}

/// Go's decoder passes over newlines.
fn strip_newlines(text: &str) -> String {
    text.replace(['\r', '\n'], "")
}

fn decoded(result: Result<Vec<u8>, base64::DecodeError>) -> Result<Value, CallError> {
    utf8(result.map_err(|error| CallError::at(0, format!("not base64: {error}")))?)
}

fn utf8(bytes: Vec<u8>) -> Result<Value, CallError> {
    let text = String::from_utf8(bytes);
    bounded(text.map_err(|_| CallError::at(0, "the decoded bytes are not UTF-8"))?)
}

/// A value of JSON as one of the language.
pub(super) fn value_of(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => {
            Value::Number(match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Number::Int(value),
                (None, Some(value)) => Number::Uint(value),
                (None, None) => Number::Float(number.as_f64().unwrap_or(f64::NAN)),
            })
        }
        serde_json::Value::String(text) => Value::string(text),
        serde_json::Value::Array(elements) => Value::array(elements.iter().map(value_of).collect()),
        serde_json::Value::Object(fields) => {
            Value::object(fields.iter().map(|(name, value)| (name.as_str(), value_of(value))))
        }
    }
}

/// A value of the language as one of JSON, or the name of a type that JSON has not.
fn json_of(value: &Value) -> Result<serde_json::Value, String> {
    Ok(match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(Number::Int(value)) => (*value).into(),
        Value::Number(Number::Uint(value)) => (*value).into(),
        Value::Number(Number::Float(value)) => (*value).into(),
        Value::String(text) => (&**text).into(),
        Value::OptionalSecret { text, is_secret: false } => text.expose().into(),
        Value::Array(elements) => {
            elements.iter().map(json_of).collect::<Result<Vec<_>, _>>()?.into()
        }
        Value::Object(object) => {
            let fields = object.iter().map(|(name, value)| Ok((name.to_string(), json_of(value)?)));
            fields.collect::<Result<serde_json::Map<_, _>, String>>()?.into()
        }
        other => return Err(other.type_name()),
    })
}
