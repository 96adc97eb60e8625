//! Quoting, joining, shortening and wrapping of text.

use super::conversion::shown;
use crate::func::function::{Failure, Function, Param, check_length};
use crate::func::string;
use crate::quote;
use crate::value::Value;

use Param::{Any, Int, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("hello", &[], |_, _| Ok(Value::borrowed("Hello!"))),
    Function::weighed("quote", &[], |_, args| {
        joined(args, |item| quote::quote(&shown(item), false).into_bytes())
    })
    .and_more(Any),
    Function::weighed("squote", &[], |_, args| {
        joined(args, |item| [b"'", &*shown(item), b"'"].concat())
    })
    .and_more(Any),
    Function::weighed("cat", &[], |_, args| joined(args, |item| shown(item).into_owned()))
        .and_more(Any),
    Function::new("plural", &[Str, Str, Int], |_, args| {
        Ok(args[usize::from(args[2].integer() != 1)].clone())
    }),
    Function::new("trimall", &[Str, Str], |_, args| {
        Ok(string::trim(&args[1], &args[0], true, true))
    }),
    Function::new("nospace", &[Str], |_, args| {
        let text = args[0].text();
        Ok(Value::owned(text.chars().filter(|c| !c.is_whitespace()).collect::<String>()))
    }),
    Function::new("initials", &[Str], |_, args| Ok(Value::owned(initials(&args[0].text())))),
    Function::new("abbrev", &[Int, Str], |_, args| {
        let width = args[0].integer();
        Ok(abbreviated(0, width, 4, &args[1]))
    }),
    Function::new("abbrevboth", &[Int, Int, Str], |_, args| {
        let (left, width) = (args[0].integer(), args[1].integer());
        Ok(abbreviated(left, width, if left > 0 { 7 } else { 4 }, &args[2]))
    }),
    Function::new("wrap", &[Int, Str], |_, args| {
        wrapped(args[0].integer(), b"\n", false, args[1].bytes())
    }),
    Function::new("wrapWith", &[Int, Str, Str], |_, args| {
        let newline = if args[1].bytes().is_empty() { b"\n" } else { args[1].bytes() };
        wrapped(args[0].integer(), newline, true, args[2].bytes())
    }),
];

/// What is not nil, with spaces between.
fn joined<'a>(
    items: &[Value<'_>],
    show: impl Fn(&Value<'_>) -> Vec<u8>,
) -> Result<Value<'a>, Failure> {
    let mut out = Vec::new();
    for item in items.iter().filter(|item| !matches!(item, Value::Nil)) {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend(show(item));
        check_length(out.len())?;
    }
    Ok(Value::owned(out))
}

fn initials(text: &str) -> String {
    text.split_whitespace().filter_map(|word| word.chars().next()).collect()
}

/// At most `width` bytes with what is around `left` and dots for the rest; all of it where the
/// width is below the least.
fn abbreviated<'a>(left: i64, width: i64, least: i64, text: &Value<'a>) -> Value<'a> {
    let bytes = text.bytes();
    let Some(width) = usize::try_from(width).ok().filter(|_| width >= least) else {
        return text.clone();
    };
    if bytes.len() <= width {
        return text.clone();
    }
    let kept = width - 3;
    let left = usize::try_from(left).unwrap_or(0).min(bytes.len() - kept);
    Value::owned(if left <= 4 {
        [&bytes[..kept], b"..."].concat()
    } else if left + kept < bytes.len() {
        // The dots at the end take three bytes more.
        [b"...", &bytes[left..left + kept - 3], b"..."].concat()
    } else {
        [b"...", &bytes[bytes.len() - kept..]].concat()
    })
}

/// Lines of at most `width` bytes, broken at spaces. A word that is longer is cut, or stands out.
fn wrapped<'a>(
    width: i64,
    newline: &[u8],
    cut: bool,
    mut rest: &[u8],
) -> Result<Value<'a>, Failure> {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let mut out = Vec::new();
    while rest.len() > width {
        if rest[0] == b' ' {
            rest = &rest[1..];
            continue;
        }
        let last = rest[..=width].iter().rposition(|b| *b == b' ');
        let next = || rest[width..].iter().position(|b| *b == b' ').map(|at| width + at);
        let (line, after) = match last {
            Some(space) => (&rest[..space], &rest[space + 1..]),
            None if cut => rest.split_at(width),
            None => match next() {
                Some(space) => (&rest[..space], &rest[space + 1..]),
                None => break,
            },
        };
        check_length(out.len() + line.len() + newline.len())?;
        out.extend_from_slice(line);
        out.extend_from_slice(newline);
        rest = after;
    }
    out.extend_from_slice(rest);
    check_length(out.len())?;
    Ok(Value::owned(out))
}
