//! `toString`, `toStrings`, `atoi`, `int64`, `toDecimal`: values as text and as integers.

use std::borrow::Cow;
use std::num::{IntErrorKind, ParseIntError};

use crate::func::function::{Function, Param, check_length};
use crate::func::number::to_integer;
use crate::printf;
use crate::value::Value;

use Param::{Any, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::weighed("toString", &[Any], |_, args| {
        let text = shown(&args[0]).into_owned();
        check_length(text.len())?;
        Ok(Value::owned(text))
    }),
    Function::weighed("toStrings", &[Any], |_, args| {
        Ok(Value::List(texts(&args[0]).into_iter().map(Value::owned).collect()))
    }),
    Function::new("atoi", &[Str], |_, args| Ok(Value::Int(integer(&args[0].text())))),
    Function::new("int64", &[Any], |_, args| Ok(Value::Int64(to_integer(&args[0])))),
    Function::weighed("toDecimal", &[Any], |_, args| {
        let digits = printf::sprint(args);
        Ok(Value::Int64(octal(&String::from_utf8_lossy(&digits))))
    }),
];

/// sprig's `strval`: a string as it is, all else as it is printed.
pub(super) fn shown<'v>(value: &'v Value<'_>) -> Cow<'v, [u8]> {
    if let Value::Str(text) = value {
        return Cow::Borrowed(text);
    }
    let mut text = Vec::new();
    printf::write_value(&mut text, value);
    Cow::Owned(text)
}

/// sprig's `strslice`: the items of a list that are not nil, or the one value.
pub(super) fn texts<'v>(value: &'v Value<'_>) -> Vec<Cow<'v, [u8]>> {
    match value {
        Value::Nil => Vec::new(),
        Value::List(items) => {
            items.iter().filter(|item| !matches!(item, Value::Nil)).map(shown).collect()
        }
        other => vec![shown(other)],
    }
}

/// `strconv.Atoi` without its error: the nearest integer if it is out of range, else 0.
pub(super) fn integer(text: &str) -> i64 {
    text.parse().unwrap_or_else(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => i64::MAX,
        IntErrorKind::NegOverflow => i64::MIN,
        _ => 0,
    })
}

/// Octal digits as an integer, 0 if they are none or too many.
fn octal(text: &str) -> i64 {
    i64::from_str_radix(text, 8).unwrap_or(0)
}
