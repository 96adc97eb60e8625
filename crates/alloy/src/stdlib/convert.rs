//! `convert.nonsensitive` and `coalesce`: values as they are, or others in their place.

use super::function::{Call, CallError};
use crate::value::Value;

/// A secret as a string that may be shown.
pub(super) fn nonsensitive(call: &Call<'_>) -> Result<Value, CallError> {
    match &call.values[0] {
        Value::Secret(text) | Value::OptionalSecret { text, .. } => {
            Ok(Value::string(text.expose()))
        }
        _ => call.text(0).map(Value::String),
    }
}

/// The first argument that is neither null nor the zero value of its type, or else the last.
#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
pub(super) fn coalesce(call: &Call<'_>) -> Result<Value, CallError> {
    let found = call.values.iter().find(|value| !value.is_zero());
    Ok(found.or(call.values.last()).cloned().unwrap_or(Value::Null))
}
