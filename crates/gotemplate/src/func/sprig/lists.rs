//! Lists. Each function returns a new one; `mustX` is `X`, whose errors end a template as well.

use std::collections::HashSet;

use super::equality::identity;
use super::reflection::kind;
use crate::func::function::{Call, Failure, Function, Param};
use crate::func::json::is_empty;
use crate::func::number::to_integer;
use crate::func::weight::check_count;
use crate::value::Value;

use Param::{Any, Int};

/// What Go says where a function asks nil for its type.
const NIL: &str = "runtime error: invalid memory address or nil pointer dereference";

pub(super) const FUNCTIONS: &[Function] = &[
    Function::weighed("list", &[], |_, args| Ok(list(args.to_vec()))).and_more(Any),
    Function::weighed("tuple", &[], |_, args| Ok(list(args.to_vec()))).and_more(Any),
    Function::weighed("first", &[Any], FIRST),
    Function::weighed("mustFirst", &[Any], FIRST),
    Function::weighed("last", &[Any], LAST),
    Function::weighed("mustLast", &[Any], LAST),
    Function::weighed("rest", &[Any], REST),
    Function::weighed("mustRest", &[Any], REST),
    Function::weighed("initial", &[Any], INITIAL),
    Function::weighed("mustInitial", &[Any], INITIAL),
    Function::weighed("append", &[Any, Any], APPEND),
    Function::weighed("mustAppend", &[Any, Any], APPEND),
    Function::weighed("push", &[Any, Any], APPEND),
    Function::weighed("mustPush", &[Any, Any], APPEND),
    Function::weighed("prepend", &[Any, Any], PREPEND),
    Function::weighed("mustPrepend", &[Any, Any], PREPEND),
    Function::weighed("concat", &[], |_, args| concat(args)).and_more(Any),
    Function::weighed("reverse", &[Any], REVERSE),
    Function::weighed("mustReverse", &[Any], REVERSE),
    Function::weighed("uniq", &[Any], UNIQ),
    Function::weighed("mustUniq", &[Any], UNIQ),
    Function::weighed("without", &[Any], WITHOUT).and_more(Any),
    Function::weighed("mustWithout", &[Any], WITHOUT).and_more(Any),
    Function::weighed("has", &[Any, Any], HAS),
    Function::weighed("mustHas", &[Any, Any], HAS),
    Function::weighed("compact", &[Any], COMPACT),
    Function::weighed("mustCompact", &[Any], COMPACT),
    Function::weighed("slice", &[Any], SLICE).and_more(Any),
    Function::weighed("mustSlice", &[Any], SLICE).and_more(Any),
    Function::weighed("chunk", &[Int, Any], CHUNK),
    Function::weighed("mustChunk", &[Int, Any], CHUNK),
];

const FIRST: Call = |_, args| {
    let items = items(&args[0], "Cannot find first on type")?;
    Ok(items.first().cloned().unwrap_or(Value::Nil))
};

const LAST: Call = |_, args| {
    let items = items(&args[0], "Cannot find last on type")?;
    Ok(items.last().cloned().unwrap_or(Value::Nil))
};

const REST: Call = |_, args| {
    let items = items(&args[0], "Cannot find rest on type")?;
    Ok(list(items.iter().skip(1).cloned()))
};

const INITIAL: Call = |_, args| {
    let items = items(&args[0], "Cannot find initial on type")?;
    Ok(list(items.iter().take(items.len().saturating_sub(1)).cloned()))
};

const APPEND: Call = |_, args| {
    let items = items(&args[0], "Cannot push on type")?;
    Ok(list(items.iter().chain([&args[1]]).cloned()))
};

const PREPEND: Call = |_, args| {
    let items = items(&args[0], "Cannot prepend on type")?;
    Ok(list([&args[1]].into_iter().chain(items).cloned()))
};

const REVERSE: Call = |_, args| {
    let items = items(&args[0], "Cannot find reverse on type")?;
    Ok(list(items.iter().rev().cloned()))
};

const UNIQ: Call = |_, args| {
    let mut seen = HashSet::new();
    let items = items(&args[0], "Cannot find uniq on type")?;
    Ok(list(items.iter().filter(|item| seen.insert(identity(item))).cloned()))
};

const WITHOUT: Call = |_, args| {
    let unwanted: HashSet<_> = args[1..].iter().map(identity).collect();
    let items = items(&args[0], "Cannot find without on type")?;
    Ok(list(items.iter().filter(|item| !unwanted.contains(&identity(item))).cloned()))
};

const HAS: Call = |_, args| {
    if matches!(args[1], Value::Nil) {
        return Ok(Value::Bool(false));
    }
    let wanted = identity(&args[0]);
    let items = items(&args[1], "Cannot find has on type")?;
    Ok(Value::Bool(items.iter().any(|item| identity(item) == wanted)))
};

const COMPACT: Call = |_, args| {
    let items = items(&args[0], "Cannot compact on type")?;
    Ok(list(items.iter().filter(|item| !is_empty(item)).cloned()))
};

/// `slice $list 1 3`: sprig's takes the place of Go's, which also cuts strings.
const SLICE: Call = |_, args| {
    let items = items(&args[0], "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let start = args.get(1).map_or(Some(0), position);
    let end = args.get(2).map_or(Some(items.len()), position);
    match start.zip(end).and_then(|(start, end)| items.get(start..end)) {
        Some(part) => Ok(list(part.iter().cloned())),
        None => Err("reflect.Value.Slice: slice index out of bounds".into()),
    }
};

const CHUNK: Call = |_, args| {
    let items = items(&args[1], "Cannot chunk type")?;
    match usize::try_from(args[0].integer()) {
        Ok(size) if size > 0 => Ok(list(items.chunks(size).map(|part| list(part.iter().cloned())))),
        _ => Err("runtime error: makeslice: len out of range".into()),
    }
};

fn concat<'a>(lists: &[Value<'a>]) -> Result<Value<'a>, Failure> {
    let mut all = Vec::new();
    for one in lists {
        let Value::List(items) = one else {
            return Err(match one {
                Value::Nil => NIL.into(),
                other => format!("Cannot concat type {} as list", kind(other)).into(),
            });
        };
        check_count(all.len() + items.len())?;
        all.extend(items.iter().cloned());
    }
    Ok(list(all))
}

fn list<'a>(items: impl IntoIterator<Item = Value<'a>>) -> Value<'a> {
    Value::List(items.into_iter().collect())
}

fn items<'v, 'a>(value: &'v Value<'a>, refusal: &str) -> Result<&'v [Value<'a>], Failure> {
    match value {
        Value::List(items) => Ok(items),
        Value::Nil => Err(NIL.into()),
        other => Err(format!("{refusal} {}", kind(other)).into()),
    }
}

fn position(value: &Value<'_>) -> Option<usize> {
    usize::try_from(to_integer(value)).ok()
}
