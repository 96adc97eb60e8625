//! `regexMatch`, `regexFind`, `regexFindAll`, `regexSplit`: pattern first, then the text. A pattern
//! that does not compile ends the template; only `regexMatch` without `must` does not mind.

use crate::func::function::{Call, Context, Failure, Function, Param};
use crate::func::regex::{REPLACE_ALL, REPLACE_ALL_LITERAL, with_compiled};
use crate::func::weight::check_count;
use crate::limits::MAX_VALUES;
use crate::value::Value;

use Param::{Int, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("regexMatch", &[Str, Str], |context, args| {
        Ok(Value::Bool(is_match(context, args).unwrap_or(false)))
    })
    .with_regex(),
    Function::new("mustRegexMatch", &[Str, Str], |context, args| {
        Ok(Value::Bool(is_match(context, args)?))
    })
    .with_regex(),
    Function::new("regexFind", &[Str, Str], FIND).with_regex(),
    Function::new("mustRegexFind", &[Str, Str], FIND).with_regex(),
    Function::weighed("regexFindAll", &[Str, Str, Int], FIND_ALL).with_regex(),
    Function::weighed("mustRegexFindAll", &[Str, Str, Int], FIND_ALL).with_regex(),
    Function::weighed("regexSplit", &[Str, Str, Int], SPLIT).with_regex(),
    Function::weighed("mustRegexSplit", &[Str, Str, Int], SPLIT).with_regex(),
    Function::new("mustRegexReplaceAll", &[Str, Str, Str], REPLACE_ALL).with_regex(),
    Function::new("mustRegexReplaceAllLiteral", &[Str, Str, Str], REPLACE_ALL_LITERAL).with_regex(),
    Function::new("regexQuoteMeta", &[Str], |_, args| Ok(Value::owned(quoted(args[0].bytes())))),
];

const FIND: Call = |context, args| {
    with_compiled(context, args, |regex, args| {
        let found = regex.find(args[1].bytes()).map(|found| found.range()).unwrap_or_default();
        Ok(args[1].slice(found.start, found.end))
    })
};

const FIND_ALL: Call = |context, args| {
    with_compiled(context, args, |regex, args| {
        let found = regex.find_iter(args[1].bytes()).take(limit(args[2].integer()));
        bounded_list(found.map(|found| args[1].slice(found.start(), found.end())))
    })
};

/// Go's `Regexp.Split`: a match of nothing at the start separates nothing.
const SPLIT: Call = |context, args| {
    with_compiled(context, args, |regex, args| {
        let (text, limit) = (&args[1], limit(args[2].integer()));
        let length = text.bytes().len();
        if limit == 0 {
            return bounded_list([].into_iter());
        }
        if length == 0 && !args[0].bytes().is_empty() {
            return bounded_list([text.clone()].into_iter());
        }
        let mut parts = Vec::new();
        let (mut start, mut end) = (0, 0);
        for found in regex.find_iter(text.bytes()) {
            if parts.len() + 1 >= limit || parts.len() > MAX_VALUES {
                break;
            }
            end = found.start();
            if found.end() != 0 {
                parts.push(text.slice(start, end));
            }
            start = found.end();
        }
        if end != length {
            parts.push(text.slice(start, length));
        }
        bounded_list(parts.into_iter())
    })
};

fn is_match<'a>(context: &Context<'a>, args: &[Value<'a>]) -> Result<bool, Failure> {
    with_compiled(context, args, |regex, args| Ok(regex.is_match(args[1].bytes())))
}

/// How many are wanted: all if the number is negative.
fn limit(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn bounded_list<'a>(items: impl Iterator<Item = Value<'a>>) -> Result<Value<'a>, Failure> {
    let items: Vec<_> = items.take(MAX_VALUES + 1).collect();
    check_count(items.len())?;
    Ok(Value::List(items.into()))
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if br"\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}
