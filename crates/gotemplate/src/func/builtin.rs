//! The built-in functions of `text/template`: logic, containers and printing. Comparisons are in
//! [`super::compare`], escaping in [`super::html`].

use super::function::{Failure, Function, Param, check_length};
use crate::printf;
use crate::value::Value;

use Param::{Any, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("__line__", &[], |context, _| Ok(Value::borrowed(context.scope.line()))),
    Function::new("and", &[Any], |_, args| Ok(last(args))).and_more(Any).until(false),
    Function::new("or", &[Any], |_, args| Ok(last(args))).and_more(Any).until(true),
    Function::new("not", &[Any], |_, args| Ok(Value::Bool(!args[0].is_true()))),
    Function::new("len", &[Any], |_, args| len(&args[0])),
    Function::new("index", &[Any], |_, args| index(args)).and_more(Any),
    Function::new("slice", &[Any], |_, args| slice(args)).and_more(Any),
    Function::new("call", &[Any], |_, args| call(&args[0])).and_more(Any),
    Function::new("print", &[], |_, args| printed(printf::sprint(args))).and_more(Any),
    Function::new("println", &[], |_, args| printed(printf::sprintln(args))).and_more(Any),
    Function::new("printf", &[Str], |_, args| {
        let text = printf::sprintf(args[0].bytes(), &args[1..]).ok_or(Failure::TooLarge)?;
        Ok(Value::owned(text))
    })
    .and_more(Any),
];

fn printed<'a>(text: Vec<u8>) -> Result<Value<'a>, Failure> {
    check_length(text.len())?;
    Ok(Value::owned(text))
}

/// The evaluator decides `and` and `or`; what is left to them is the last operand.
fn last<'a>(args: &[Value<'a>]) -> Value<'a> {
    args.last().cloned().unwrap_or(Value::Nil)
}

fn len<'a>(item: &Value<'_>) -> Result<Value<'a>, Failure> {
    let length = match item {
        Value::Str(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        Value::Fields(scope) => scope.fields().len(),
        Value::Nil => return Err("len of nil pointer".into()),
        other => return Err(format!("len of type {}", other.type_name()).into()),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// `index x 1 "a"` is `x[1]["a"]`; a key that a map lacks gives its zero value.
fn index<'a>(args: &[Value<'a>]) -> Result<Value<'a>, Failure> {
    let mut item = args[0].clone();
    if matches!(item, Value::Nil) {
        return Err("index of untyped nil".into());
    }
    for at in &args[1..] {
        item = match &item {
            Value::Str(text) => Value::Byte(text[position(at, text.len(), "string")?]),
            Value::List(items) => items[position(at, items.len(), "slice")?].clone(),
            Value::Map(entries) => entries.get(&*key(at)?).cloned().unwrap_or(Value::Nil),
            Value::Fields(scope) => Value::borrowed(scope.field(&key(at)?).unwrap_or_default()),
            Value::Nil => return Err("index of nil pointer".into()),
            other => return Err(format!("can't index item of type {}", other.type_name()).into()),
        };
    }
    Ok(item)
}

fn key(key: &Value<'_>) -> Result<String, Failure> {
    match key {
        Value::Str(_) => Ok(key.text().into_owned()),
        Value::Nil => Err("value is nil; should be of type string".into()),
        other => Err(format!("value has type {}; should be string", other.type_name()).into()),
    }
}

fn position(at: &Value<'_>, length: usize, kind: &str) -> Result<usize, Failure> {
    let position = bound(at, length)?;
    // Go lets the length itself pass this far and panics at the access.
    if position == length {
        return Err(format!("reflect: {kind} index out of range").into());
    }
    Ok(position)
}

/// An index from 0 to `length`, both included.
fn bound(at: &Value<'_>, length: usize) -> Result<usize, Failure> {
    match at {
        Value::Int(n) | Value::Int64(n) => usize::try_from(*n)
            .ok()
            .filter(|n| *n <= length)
            .ok_or_else(|| format!("index out of range: {n}").into()),
        Value::Byte(n) if usize::from(*n) <= length => Ok(usize::from(*n)),
        Value::Byte(n) => Err(format!("index out of range: {n}").into()),
        Value::Nil => Err("cannot index slice/array with nil".into()),
        other => Err(format!("cannot index slice/array with type {}", other.type_name()).into()),
    }
}

/// `slice x 1 2` is `x[1:2]`.
fn slice<'a>(args: &[Value<'a>]) -> Result<Value<'a>, Failure> {
    let (item, at) = (&args[0], &args[1..]);
    if at.len() > 3 {
        return Err(format!("too many slice indexes: {}", at.len()).into());
    }
    let length = match item {
        Value::Str(_) if at.len() == 3 => return Err("cannot 3-index slice a string".into()),
        Value::Str(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Nil => return Err("slice of untyped nil".into()),
        other => return Err(format!("can't slice item of type {}", other.type_name()).into()),
    };
    let mut bounds = [0, length, length];
    for (slot, at) in bounds.iter_mut().zip(at) {
        *slot = bound(at, length)?;
    }
    let [start, end, capacity] = bounds;
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}").into());
    }
    if end > capacity {
        return Err(format!("invalid slice index: {end} > {capacity}").into());
    }
    Ok(match item {
        Value::List(items) => Value::List(items[start..end].into()),
        text => text.slice(start, end),
    })
}

/// No value here is a function.
fn call<'a>(callee: &Value<'_>) -> Result<Value<'a>, Failure> {
    match callee {
        Value::Nil => Err("call of nil".into()),
        other => Err(format!("non-function of type {}", other.type_name()).into()),
    }
}
