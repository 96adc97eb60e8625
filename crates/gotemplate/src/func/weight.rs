//! What lists and dictionaries weigh: every function that takes or returns one is charged for it.
//!
//! A value may be in a list many times without a copy, so that a list doubled in a loop is small in
//! memory and endless to who walks it. What counts here is the walk.

use super::function::Failure;
use crate::limits::{MAX_OUTPUT_BYTES, MAX_VALUE_DEPTH, MAX_VALUES};
use crate::value::Value;

/// The values and the bytes in a list or dictionary; nothing for other values, which are charged
/// elsewhere.
pub(crate) fn weigh(value: &Value<'_>) -> Result<usize, Failure> {
    let mut weight = Weight::default();
    if matches!(value, Value::List(_) | Value::Map(_) | Value::Fields(_)) {
        weight.add(value, 0)?;
    }
    Ok(weight.values + weight.bytes)
}

/// Refuses to build a list that is too long, before it is built.
pub(super) fn check_count(values: usize) -> Result<(), Failure> {
    if values > MAX_VALUES { Err(Failure::TooMany) } else { Ok(()) }
}

#[derive(Default)]
struct Weight {
    values: usize,
    bytes: usize,
}

impl Weight {
    fn add(&mut self, value: &Value<'_>, depth: usize) -> Result<(), Failure> {
        if depth > MAX_VALUE_DEPTH {
            return Err(Failure::TooDeep);
        }
        self.count(1, value.bytes().len())?;
        match value {
            Value::List(items) => items.iter().try_for_each(|item| self.add(item, depth + 1)),
            Value::Map(entries) => entries.iter().try_for_each(|(key, item)| {
                self.count(0, key.len())?;
                self.add(item, depth + 1)
            }),
            Value::Fields(scope) => {
                let fields = scope.fields();
                fields.iter().try_for_each(|(name, text)| self.count(1, name.len() + text.len()))
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, values: usize, bytes: usize) -> Result<(), Failure> {
        self.values += values;
        self.bytes += bytes;
        // The list itself is one of the values.
        check_count(self.values.saturating_sub(1))?;
        if self.bytes > MAX_OUTPUT_BYTES { Err(Failure::TooLarge) } else { Ok(()) }
    }
}
