//! `array`: arrays of anything, and arrays of objects such as targets.

use std::collections::HashMap;
use std::sync::Arc;

use super::function::{Call, CallError, check_count};
use crate::value::{Object, Value};

/// The elements of all arguments in one array.
pub(super) fn concat(call: &Call<'_>) -> Result<Value, CallError> {
    let mut out = Vec::new();
    for at in 0..call.values.len() {
        let elements = call.array(at)?;
        check_count(out.len() + elements.len())?;
        out.extend(elements.iter().cloned());
    }
    Ok(Value::array(out))
}

/// Joins two arrays of objects where the values of the given keys are equal.
pub(super) fn combine_maps(call: &Call<'_>) -> Result<Value, CallError> {
    let (left, right, keys) = (call.objects(0)?, call.objects(1)?, call.texts(2)?);
    let keeps_unmatched = call.flag(3)?;
    if keys.is_empty() {
        return Err(CallError::at(2, "the list of keys must not be empty"));
    }
    // Most keys are strings; what they print to finds the few objects worth comparing.
    let printed = |object: &Object| -> Option<Vec<String>> {
        keys.iter().map(|key| object.get(key).map(Value::to_string)).collect()
    };
    let mut by_keys: HashMap<Vec<String>, Vec<&Arc<Object>>> = HashMap::new();
    for object in right {
        if let Some(found) = printed(object) {
            by_keys.entry(found).or_default().push(object);
        }
    }
    let mut out = Vec::new();
    for object in left {
        let before = out.len();
        let near = printed(object).and_then(|found| by_keys.get(&found));
        let is_equal = |other: &Object| keys.iter().all(|key| object.get(key) == other.get(key));
        for other in near.into_iter().flatten().filter(|other| is_equal(other)) {
            check_count(out.len() + 1)?;
            let both = object.iter().chain(other.iter());
            out.push(Value::object(both.map(|(name, value)| (Arc::clone(name), value.clone()))));
        }
        if keeps_unmatched && out.len() == before {
            out.push(Value::Object(Arc::clone(object)));
        }
    }
    Ok(Value::array(out))
}

/// Groups objects by the value of a key, in the order in which the values come.
pub(super) fn group_by(call: &Call<'_>) -> Result<Value, CallError> {
    let (objects, key, drops_missing) = (call.objects(0)?, call.text(1)?, call.flag(2)?);
    let mut order: Vec<(Arc<str>, Vec<Value>)> = Vec::new();
    let mut known: HashMap<Arc<str>, usize> = HashMap::new();
    for object in objects {
        let group = match object.get(&key) {
            Some(Value::String(text)) => Arc::clone(text),
            _ if drops_missing => continue,
            _ => "".into(),
        };
        let at = *known.entry(Arc::clone(&group)).or_insert_with(|| {
            order.push((group, Vec::new()));
            order.len() - 1
        });
        order[at].1.push(Value::Object(Arc::clone(object)));
    }
    let groups = order.into_iter().map(|(group, items)| {
        let items = Value::array(items);
        Value::object([(Arc::clone(&key), Value::String(group)), ("items".into(), items)])
    });
    Ok(Value::array(groups.collect()))
}
