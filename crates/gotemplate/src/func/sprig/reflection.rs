//! `typeOf`, `kindOf`, their questions, and `deepEqual`.

use super::equality::deep_equal;
use crate::func::function::{Call, Function, Param};
use crate::value::Value;

use Param::{Any, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("typeOf", &[Any], |_, args| Ok(Value::borrowed(type_of(&args[0])))),
    Function::new("typeIs", &[Str, Any], TYPE_IS),
    // It also takes a pointer to the type, which no value here is.
    Function::new("typeIsLike", &[Str, Any], TYPE_IS),
    Function::new("kindOf", &[Any], |_, args| Ok(Value::borrowed(kind(&args[0])))),
    Function::new("kindIs", &[Str, Any], |_, args| Ok(Value::Bool(is(&args[0], kind(&args[1]))))),
    Function::weighed("deepEqual", &[Any, Any], |_, args| {
        Ok(Value::Bool(deep_equal(&args[0], &args[1])))
    }),
];

const TYPE_IS: Call = |_, args| Ok(Value::Bool(is(&args[0], type_of(&args[1]))));

fn is(asked: &Value<'_>, name: &str) -> bool {
    asked.bytes() == name.as_bytes()
}

fn type_of(value: &Value<'_>) -> &'static str {
    match value {
        // What Alloy gives its templates is a map of any values.
        Value::Fields(_) => "map[string]interface {}",
        other => other.type_name(),
    }
}

/// The name of a value's kind in Go, which functions also give in their errors.
pub(super) fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::List(_) => "slice",
        Value::Map(_) | Value::Fields(_) => "map",
        Value::Time(_) => "struct",
        other => other.type_name(),
    }
}
