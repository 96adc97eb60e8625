//! Strings: Go's `strings` functions under Loki's old names (subject first), sprig's under theirs
//! (subject last), and Loki's two for alignment.

use super::function::{Failure, Function, Param, check_length};
use crate::value::{Value, first_rune_length, lossy, rune_count, rune_offset};

use Param::{Int, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ToLower", &[Str], |_, args| Ok(lower(&args[0]))),
    Function::new("ToUpper", &[Str], |_, args| Ok(upper(&args[0]))),
    Function::new("Replace", &[Str, Str, Str, Int], |_, args| {
        replace(&args[0], &args[1], &args[2], args[3].integer())
    }),
    Function::new("Trim", &[Str, Str], |_, args| Ok(trim(&args[0], &args[1], true, true))),
    Function::new("TrimLeft", &[Str, Str], |_, args| Ok(trim(&args[0], &args[1], true, false))),
    Function::new("TrimRight", &[Str, Str], |_, args| Ok(trim(&args[0], &args[1], false, true))),
    Function::new("TrimPrefix", &[Str, Str], |_, args| Ok(trim_prefix(&args[0], &args[1]))),
    Function::new("TrimSuffix", &[Str, Str], |_, args| Ok(trim_suffix(&args[0], &args[1]))),
    Function::new("TrimSpace", &[Str], |_, args| Ok(trim_space(&args[0]))),
    Function::new("lower", &[Str], |_, args| Ok(lower(&args[0]))),
    Function::new("upper", &[Str], |_, args| Ok(upper(&args[0]))),
    Function::new("title", &[Str], |_, args| Ok(title(&args[0]))),
    Function::new("trim", &[Str], |_, args| Ok(trim_space(&args[0]))),
    Function::new("trimAll", &[Str, Str], |_, args| Ok(trim(&args[1], &args[0], true, true))),
    Function::new("trimPrefix", &[Str, Str], |_, args| Ok(trim_prefix(&args[1], &args[0]))),
    Function::new("trimSuffix", &[Str, Str], |_, args| Ok(trim_suffix(&args[1], &args[0]))),
    Function::new("contains", &[Str, Str], |_, args| {
        Ok(Value::Bool(find(args[1].bytes(), args[0].bytes()).is_some()))
    }),
    Function::new("hasPrefix", &[Str, Str], |_, args| {
        Ok(Value::Bool(args[1].bytes().starts_with(args[0].bytes())))
    }),
    Function::new("hasSuffix", &[Str, Str], |_, args| {
        Ok(Value::Bool(args[1].bytes().ends_with(args[0].bytes())))
    }),
    Function::new("replace", &[Str, Str, Str], |_, args| replace(&args[2], &args[0], &args[1], -1)),
    Function::new("repeat", &[Int, Str], |_, args| repeat(args[0].integer(), args[1].bytes())),
    Function::new("indent", &[Int, Str], |_, args| indent("", args[0].integer(), &args[1])),
    Function::new("nindent", &[Int, Str], |_, args| indent("\n", args[0].integer(), &args[1])),
    Function::new("trunc", &[Int, Str], |_, args| Ok(trunc(args[0].integer(), &args[1]))),
    Function::new("substr", &[Int, Int, Str], |_, args| {
        substr(args[0].integer(), args[1].integer(), &args[2])
    }),
    Function::new("alignLeft", &[Int, Str], |_, args| align(args[0].integer(), &args[1], false)),
    Function::new("alignRight", &[Int, Str], |_, args| align(args[0].integer(), &args[1], true)),
];

fn lower<'a>(text: &Value<'a>) -> Value<'a> {
    map_chars(text, lower_char)
}

pub(super) fn lower_char(c: char) -> char {
    match c {
        // The one lower case that is longer than a character: Go has only the simple mapping.
        'İ' => 'i',
        c => single(c.to_lowercase()).unwrap_or(c),
    }
}

fn upper<'a>(text: &Value<'a>) -> Value<'a> {
    map_chars(text, upper_char)
}

/// Go maps character to character; what has no single upper case (`ß`) stays as it is, and Greek
/// letters with a iota subscript have their title case.
pub(super) fn upper_char(c: char) -> char {
    single(c.to_uppercase()).unwrap_or(match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(c) + 8).unwrap_or(c)
        }
        '\u{1fb3}' => '\u{1fbc}',
        '\u{1fc3}' => '\u{1fcc}',
        '\u{1ff3}' => '\u{1ffc}',
        c => c,
    })
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next();
    if mapped.next().is_some() { None } else { first }
}

pub(super) fn map_chars<'a>(text: &Value<'a>, map: impl Fn(char) -> char) -> Value<'a> {
    Value::owned(text.text().chars().map(map).collect::<String>())
}

/// `strings.Title`: the first letter of each word in title case.
fn title<'a>(text: &Value<'a>) -> Value<'a> {
    let mut after_separator = true;
    let text: String = text
        .text()
        .chars()
        .map(|c| {
            let starts = std::mem::replace(&mut after_separator, is_separator(c));
            if starts { title_char(c) } else { c }
        })
        .collect();
    Value::owned(text)
}

pub(super) fn title_char(c: char) -> char {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        c => upper_char(c),
    }
}

fn is_separator(c: char) -> bool {
    if c.is_ascii() { !(c.is_ascii_alphanumeric() || c == '_') } else { c.is_whitespace() }
}

fn trim_space<'a>(text: &Value<'a>) -> Value<'a> {
    let bytes = text.bytes();
    let shown = lossy(bytes);
    // The replacement of invalid bytes keeps their number of characters, not of bytes.
    let start = shown.len() - shown.trim_start().len();
    let end = bytes.len() - (shown.len() - shown.trim_end().len());
    text.slice(start.min(bytes.len()), end.max(start.min(bytes.len())))
}

pub(super) fn trim<'a>(text: &Value<'a>, cutset: &Value<'_>, left: bool, right: bool) -> Value<'a> {
    let (bytes, cutset) = (text.bytes(), cutset.text());
    let shown = lossy(bytes);
    let (mut start, mut end) = (0, bytes.len());
    let is_cut = |c: &char| cutset.contains(*c) && *c != char::REPLACEMENT_CHARACTER;
    if left {
        start = shown.chars().take_while(is_cut).map(char::len_utf8).sum();
    }
    if right {
        let cut: usize = shown.chars().rev().take_while(is_cut).map(char::len_utf8).sum();
        end = bytes.len().saturating_sub(cut).max(start);
    }
    text.slice(start, end)
}

fn trim_prefix<'a>(text: &Value<'a>, prefix: &Value<'_>) -> Value<'a> {
    let (bytes, prefix) = (text.bytes(), prefix.bytes());
    let start = if bytes.starts_with(prefix) { prefix.len() } else { 0 };
    text.slice(start, bytes.len())
}

fn trim_suffix<'a>(text: &Value<'a>, suffix: &Value<'_>) -> Value<'a> {
    let (bytes, suffix) = (text.bytes(), suffix.bytes());
    let cut = if bytes.ends_with(suffix) { suffix.len() } else { 0 };
    text.slice(0, bytes.len() - cut)
}

/// `strings.Replace`: at most `limit` times, all if that is negative. An empty string stands before
/// each character and at the end.
fn replace<'a>(
    text: &Value<'a>,
    old: &Value<'_>,
    new: &Value<'_>,
    limit: i64,
) -> Result<Value<'a>, Failure> {
    let (mut rest, old, new) = (text.bytes(), old.bytes(), new.bytes());
    let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut out = Vec::new();
    while left > 0 {
        let Some(at) = find(rest, old) else { break };
        check_length(out.len() + at + new.len())?;
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        left -= 1;
        rest = &rest[at + old.len()..];
        if old.is_empty() {
            if rest.is_empty() {
                break;
            }
            let next = first_rune_length(rest);
            out.extend_from_slice(&rest[..next]);
            rest = &rest[next..];
        }
    }
    out.extend_from_slice(rest);
    check_length(out.len())?;
    Ok(Value::owned(out))
}

pub(super) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    text.windows(part.len()).position(|window| window == part)
}

fn repeat<'a>(count: i64, text: &[u8]) -> Result<Value<'a>, Failure> {
    let Ok(count) = usize::try_from(count) else {
        return Err("strings: negative Repeat count".into());
    };
    check_length(text.len().saturating_mul(count))?;
    Ok(Value::owned(text.repeat(count)))
}

fn indent<'a>(before: &str, spaces: i64, text: &Value<'_>) -> Result<Value<'a>, Failure> {
    let pad = repeat(spaces, b" ")?;
    let (pad, text) = (pad.bytes(), text.bytes());
    let lines = 1 + text.iter().filter(|b| **b == b'\n').count();
    check_length(pad.len().saturating_mul(lines) + text.len())?;
    let mut out = Vec::with_capacity(before.len() + pad.len() * lines + text.len());
    out.extend_from_slice(before.as_bytes());
    out.extend_from_slice(pad);
    for &byte in text {
        out.push(byte);
        if byte == b'\n' {
            out.extend_from_slice(pad);
        }
    }
    Ok(Value::owned(out))
}

/// sprig's `trunc`: the first bytes, or the last ones if the count is negative.
fn trunc<'a>(count: i64, text: &Value<'a>) -> Value<'a> {
    let length = text.bytes().len();
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if wanted >= length {
        text.slice(0, length)
    } else if count < 0 {
        text.slice(length - wanted, length)
    } else {
        text.slice(0, wanted)
    }
}

/// sprig's `substr`, in bytes: a negative start means from the beginning, a negative end or one
/// that is too large means to the end. What else is out of range panics there.
fn substr<'a>(start: i64, end: i64, text: &Value<'a>) -> Result<Value<'a>, Failure> {
    let length = text.bytes().len();
    let panic =
        |range: String| Err(format!("runtime error: slice bounds out of range {range}").into());
    let to = usize::try_from(end).ok().filter(|end| *end <= length);
    match (usize::try_from(start), to) {
        (Err(_), Some(to)) => Ok(text.slice(0, to)),
        (Err(_), None) if end < 0 => panic(format!("[:{end}]")),
        (Err(_), None) => panic(format!("[:{end}] with length {length}")),
        (Ok(from), None) if from > length => panic(format!("[{from}:{length}]")),
        (Ok(from), None) => Ok(text.slice(from, length)),
        (Ok(from), Some(to)) if from > to => panic(format!("[{from}:{to}]")),
        (Ok(from), Some(to)) => Ok(text.slice(from, to)),
    }
}

/// Loki's alignment: exactly `width` characters, padded or cut on the other side.
fn align<'a>(width: i64, text: &Value<'a>, right: bool) -> Result<Value<'a>, Failure> {
    let bytes = text.bytes();
    let count = rune_count(bytes);
    let Ok(width) = usize::try_from(width) else { return Ok(text.clone()) };
    if width <= count {
        return Ok(if right {
            text.slice(rune_offset(bytes, count - width), bytes.len())
        } else {
            text.slice(0, rune_offset(bytes, width))
        });
    }
    let pad = repeat(i64::try_from(width - count).unwrap_or(i64::MAX), b" ")?;
    let parts = if right { [pad.bytes(), bytes] } else { [bytes, pad.bytes()] };
    check_length(parts[0].len() + parts[1].len())?;
    Ok(Value::owned(parts.concat()))
}
