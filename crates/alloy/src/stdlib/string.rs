//! `string`: what Go's `strings` does.

use super::function::{Call, CallError, bounded, check_count, check_length};
use crate::value::Value;

pub(super) fn join(call: &Call<'_>) -> Result<Value, CallError> {
    let (parts, separator) = (call.texts(0)?, call.text(1)?);
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    check_length(bytes.saturating_add(separator.len().saturating_mul(parts.len())))?;
    bounded(parts.join(&*separator))
}

pub(super) fn replace(call: &Call<'_>) -> Result<Value, CallError> {
    let (text, from, to) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let count = text.matches(&*from).count();
    check_length(text.len().saturating_add(count.saturating_mul(to.len())))?;
    bounded(text.replace(&*from, &to))
}

/// The parts between separators; the characters where the separator is empty.
pub(super) fn split(call: &Call<'_>) -> Result<Value, CallError> {
    let (text, separator) = (call.text(0)?, call.text(1)?);
    let parts: Vec<Value> = if separator.is_empty() {
        check_count(text.len())?;
        text.chars().map(|c| Value::string(c.to_string())).collect()
    } else {
        check_count(text.matches(&*separator).count())?;
        text.split(&*separator).map(Value::string).collect()
    };
    Ok(Value::array(parts))
}

pub(super) fn to_lower(call: &Call<'_>) -> Result<Value, CallError> {
    bounded(call.text(0)?.to_lowercase())
}

pub(super) fn to_upper(call: &Call<'_>) -> Result<Value, CallError> {
    bounded(call.text(0)?.to_uppercase())
}

/// Without the characters of a set at both ends.
pub(super) fn trim(call: &Call<'_>) -> Result<Value, CallError> {
    let set = call.text(1)?;
    bounded(call.text(0)?.trim_matches(|c| set.contains(c)))
}

pub(super) fn trim_prefix(call: &Call<'_>) -> Result<Value, CallError> {
    let (text, prefix) = (call.text(0)?, call.text(1)?);
    bounded(text.strip_prefix(&*prefix).unwrap_or(&text))
}

pub(super) fn trim_suffix(call: &Call<'_>) -> Result<Value, CallError> {
    let (text, suffix) = (call.text(0)?, call.text(1)?);
    bounded(text.strip_suffix(&*suffix).unwrap_or(&text))
}

pub(super) fn trim_space(call: &Call<'_>) -> Result<Value, CallError> {
    bounded(call.text(0)?.trim())
}
