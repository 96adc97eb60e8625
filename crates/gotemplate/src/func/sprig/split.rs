//! `split`, `splitn`, `splitList`, `join`, `sortAlpha`: text to lists and back.

use super::conversion::texts;
use crate::func::function::{Failure, Function, Param, check_length};
use crate::func::string::find;
use crate::func::weight::check_count;
use crate::limits::MAX_VALUES;
use crate::value::{Value, first_rune_length};

use Param::{Any, Int, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::weighed("splitList", &[Str, Str], |_, args| {
        let parts = parts(args[1].bytes(), args[0].bytes(), -1)?;
        Ok(Value::List(parts.into_iter().map(Value::owned).collect()))
    }),
    Function::weighed("split", &[Str, Str], |_, args| {
        Ok(numbered(&parts(args[1].bytes(), args[0].bytes(), -1)?))
    }),
    Function::weighed("splitn", &[Str, Int, Str], |_, args| {
        Ok(numbered(&parts(args[2].bytes(), args[0].bytes(), args[1].integer())?))
    }),
    Function::weighed("join", &[Str, Any], |_, args| {
        let (separator, texts) = (args[0].bytes(), texts(&args[1]));
        let length: usize = texts.iter().map(|text| text.len()).sum();
        check_length(length.saturating_add(separator.len().saturating_mul(texts.len())))?;
        Ok(Value::owned(texts.join(separator)))
    }),
    Function::weighed("sortAlpha", &[Any], |_, args| {
        let mut texts = texts(&args[0]);
        if matches!(args[0], Value::Nil) {
            // What is no list is shown, nil too.
            texts.push((&b"<nil>"[..]).into());
        }
        texts.sort();
        Ok(Value::List(texts.into_iter().map(Value::owned).collect()))
    }),
];

/// `strings.SplitN`: at most `limit` parts, all if that is negative. Nothing separates characters.
fn parts<'t>(text: &'t [u8], separator: &[u8], limit: i64) -> Result<Vec<&'t [u8]>, Failure> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = text;
    if limit == 0 || (separator.is_empty() && text.is_empty()) {
        return Ok(parts);
    }
    while parts.len() + 1 < limit && parts.len() <= MAX_VALUES {
        let end = if separator.is_empty() {
            Some(first_rune_length(rest)).filter(|end| *end < rest.len())
        } else {
            find(rest, separator)
        };
        let Some(end) = end else { break };
        parts.push(&rest[..end]);
        rest = &rest[end + separator.len()..];
    }
    parts.push(rest);
    check_count(parts.len())?;
    Ok(parts)
}

/// The parts as `_0`, `_1`, …: a template reads `._0`, but no field can be called 0.
fn numbered<'a>(parts: &[&[u8]]) -> Value<'a> {
    let entries = parts.iter().enumerate();
    let entries = entries.map(|(i, part)| (format!("_{i}"), Value::owned(*part)));
    Value::Map(std::rc::Rc::new(entries.collect()))
}
