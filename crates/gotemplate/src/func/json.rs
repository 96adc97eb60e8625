//! `fromJson` and `default`: values whose type is known only when they are there.

use serde_json::Value as Json;

use super::function::{Function, Param};
use crate::value::Value;

use Param::{Any, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("fromJson", &[Str], |_, args| {
        // What is no JSON is nil: sprig drops the error.
        Ok(serde_json::from_slice(args[0].bytes()).map_or(Value::Nil, value))
    }),
    Function::new("default", &[Any], |_, args| {
        let given = args.get(1).filter(|given| !is_empty(given));
        Ok(given.unwrap_or(&args[0]).clone())
    })
    .and_more(Any),
];

/// JSON as Go decodes it into an `interface {}`: each number a float.
pub(super) fn value<'a>(json: Json) -> Value<'a> {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or(0.0)),
        Json::String(text) => Value::owned(text),
        Json::Array(items) => Value::List(items.into_iter().map(value).collect()),
        Json::Object(entries) => {
            let entries = entries.into_iter().map(|(key, item)| (key, value(item)));
            Value::Map(std::rc::Rc::new(entries.collect()))
        }
    }
}

/// What sprig calls empty is what `if` calls false.
pub(super) fn is_empty(value: &Value<'_>) -> bool {
    !value.is_true()
}
