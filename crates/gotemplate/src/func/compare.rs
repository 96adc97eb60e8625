//! `eq ne lt le gt ge`: values of one kind only; Go compares no string with a number.

use std::cmp::Ordering;

use super::function::{Failure, Function, Param};
use crate::value::Value;

use Param::Any;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("eq", &[Any], |_, args| Ok(Value::Bool(equals_any(args)?))).and_more(Any),
    Function::new("ne", &[Any, Any], |_, args| Ok(Value::Bool(!equals(&args[0], &args[1])?))),
    Function::new("lt", &[Any, Any], |_, args| Ok(Value::Bool(less(&args[0], &args[1])?))),
    Function::new("le", &[Any, Any], |_, args| Ok(Value::Bool(less_or_equal(&args[0], &args[1])?))),
    Function::new("gt", &[Any, Any], |_, args| {
        Ok(Value::Bool(!less_or_equal(&args[0], &args[1])?))
    }),
    Function::new("ge", &[Any, Any], |_, args| Ok(Value::Bool(!less(&args[0], &args[1])?))),
];

/// Whether the first argument equals any of the others.
fn equals_any(args: &[Value<'_>]) -> Result<bool, Failure> {
    if args.len() < 2 {
        return Err("missing argument for comparison".into());
    }
    for other in &args[1..] {
        if equals(&args[0], other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equals(a: &Value<'_>, b: &Value<'_>) -> Result<bool, Failure> {
    match (a, b) {
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Str(a), Value::Str(b)) => Ok(a == b),
        (Value::Time(a), Value::Time(b)) => Ok(a.nanos() == b.nanos()),
        (a, b) if is_integer(a) && is_integer(b) => Ok(a.integer() == b.integer()),
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => {
            Err(format!("non-comparable type {}", a.type_name()).into())
        }
        (a, b) => Err(incompatible(a, b)),
    }
}

fn less_or_equal(a: &Value<'_>, b: &Value<'_>) -> Result<bool, Failure> {
    Ok(less(a, b)? || equals(a, b)?)
}

fn less(a: &Value<'_>, b: &Value<'_>) -> Result<bool, Failure> {
    let ordering = match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (a, b) if is_integer(a) && is_integer(b) => Some(a.integer().cmp(&b.integer())),
        (a, b) if !is_basic(a) || !is_basic(b) => {
            return Err("invalid type for comparison".into());
        }
        (Value::Bool(_), Value::Bool(_)) => return Err("invalid type for comparison".into()),
        (a, b) => return Err(incompatible(a, b)),
    };
    Ok(ordering == Some(Ordering::Less))
}

fn is_integer(value: &Value<'_>) -> bool {
    matches!(value, Value::Int(_) | Value::Int64(_) | Value::Byte(_))
}

fn is_basic(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(_) | Value::Float(_) | Value::Str(_)) || is_integer(value)
}

fn incompatible(a: &Value<'_>, b: &Value<'_>) -> Failure {
    let (a, b) = (a.type_name(), b.type_name());
    format!("incompatible types for comparison: {a} and {b}").into()
}
