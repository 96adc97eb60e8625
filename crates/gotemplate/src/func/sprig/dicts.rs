//! Dictionaries. What changes one in Go returns a changed copy here.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::conversion::shown;
use super::reflection::kind;
use crate::func::function::{Failure, Function, Param};
use crate::func::weight::check_count;
use crate::value::{Value, lossy};

use Param::{Any, Dict, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::weighed("dict", &[], |_, args| Ok(dict(args))).and_more(Any),
    Function::weighed("get", &[Dict, Str], |_, args| {
        Ok(entry(&args[0], &args[1].text()).unwrap_or(Value::borrowed("")))
    }),
    Function::weighed("hasKey", &[Dict, Str], |_, args| {
        Ok(Value::Bool(entry(&args[0], &args[1].text()).is_some()))
    }),
    Function::weighed("set", &[Dict, Str, Any], |_, args| {
        let mut entries = entries(&args[0]);
        entries.insert(args[1].text().into_owned(), args[2].clone());
        Ok(map(entries))
    }),
    Function::weighed("unset", &[Dict, Str], |_, args| {
        let mut entries = entries(&args[0]);
        entries.remove(&*args[1].text());
        Ok(map(entries))
    }),
    Function::weighed("pluck", &[Str], |_, args| {
        let key = args[0].text();
        Ok(Value::List(args[1..].iter().filter_map(|dict| entry(dict, &key)).collect()))
    })
    .and_more(Dict),
    Function::weighed("keys", &[], |_, args| keys(args)).and_more(Dict),
    Function::weighed("values", &[Dict], |_, args| {
        Ok(Value::List(entries(&args[0]).into_values().collect()))
    }),
    Function::weighed("pick", &[Dict], |_, args| {
        let wanted = args[1..].iter().map(|key| key.text().into_owned());
        Ok(map(wanted.filter_map(|key| Some((key.clone(), entry(&args[0], &key)?))).collect()))
    })
    .and_more(Str),
    Function::weighed("omit", &[Dict], |_, args| {
        let mut entries = entries(&args[0]);
        for key in &args[1..] {
            entries.remove(&*key.text());
        }
        Ok(map(entries))
    })
    .and_more(Str),
    Function::weighed("dig", &[], |_, args| dig(args)).and_more(Any),
    // Nothing changes a value in place, so that a copy is the value.
    Function::weighed("deepCopy", &[Any], |_, args| Ok(args[0].clone())),
    Function::weighed("mustDeepCopy", &[Any], |_, args| Ok(args[0].clone())),
];

/// The entries of a dictionary, of which nil has none.
pub(super) fn entries<'a>(dict: &Value<'a>) -> BTreeMap<String, Value<'a>> {
    match dict {
        Value::Map(entries) => (**entries).clone(),
        Value::Fields(scope) => {
            let fields = scope.fields().into_iter();
            fields.map(|(name, text)| (name.to_owned(), Value::borrowed(text))).collect()
        }
        _ => BTreeMap::new(),
    }
}

pub(super) fn map<'a>(entries: BTreeMap<String, Value<'a>>) -> Value<'a> {
    Value::Map(Rc::new(entries))
}

fn entry<'a>(dict: &Value<'a>, key: &str) -> Option<Value<'a>> {
    match dict {
        Value::Map(entries) => entries.get(key).cloned(),
        Value::Fields(scope) => scope.field(key).map(Value::borrowed),
        _ => None,
    }
}

/// Keys and values by turns; the value of a last key alone is empty.
fn dict<'a>(items: &[Value<'a>]) -> Value<'a> {
    let pairs = items.chunks(2);
    map(pairs
        .map(|pair| {
            let key = lossy(&shown(&pair[0])).into_owned();
            (key, pair.get(1).cloned().unwrap_or(Value::borrowed("")))
        })
        .collect())
}

fn keys<'a>(dicts: &[Value<'a>]) -> Result<Value<'a>, Failure> {
    let mut keys = Vec::new();
    for dict in dicts {
        keys.extend(entries(dict).into_keys().map(Value::owned));
        check_count(keys.len())?;
    }
    Ok(Value::List(keys.into()))
}

/// `dig "a" "b" "default" $dict`: the value under a path of keys, if there is one.
fn dig<'a>(args: &[Value<'a>]) -> Result<Value<'a>, Failure> {
    let [path @ .., default, dict] = args else { return Err(TOO_FEW.into()) };
    if path.is_empty() {
        return Err(TOO_FEW.into());
    }
    let mut value = dict.clone();
    for key in path {
        if !matches!(value, Value::Map(_) | Value::Fields(_)) {
            return Err(conversion(&value, "map[string]interface {}"));
        }
        if !matches!(key, Value::Str(_)) {
            return Err(conversion(key, "string"));
        }
        match entry(&value, &key.text()) {
            Some(found) => value = found,
            None => return Ok(default.clone()),
        }
    }
    Ok(value)
}

const TOO_FEW: &str = "dig needs at least three arguments";

fn conversion(value: &Value<'_>, wanted: &str) -> Failure {
    let found = if kind(value) == "invalid" { "nil" } else { value.type_name() };
    format!("interface conversion: interface {{}} is {found}, not {wanted}").into()
}
