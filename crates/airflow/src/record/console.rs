//! Airflow 3's console form: `<time> [level    ] <message> [logger] key=value …`.
//!
//! The message comes first and may hold anything, also what looks like the end of a record; so the
//! end is read from the end.

use std::borrow::Cow;

use memchr::memrchr;

use crate::level::Level;
use crate::line::Form;
use crate::record::read::{Fields, Record, Source};
use crate::record::time;
use crate::task::{MapIndex, parse_number};

/// What ends a console record.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail<'a> {
    /// Where the message ends.
    pub at: usize,
    /// Who made the record.
    pub logger: &'a str,
    /// Its place.
    pub source: Option<Source<'a>>,
    /// Its keys.
    pub fields: Fields<'a>,
}

/// How long a level is with its blanks.
const LEVEL_BYTES: usize = 9;

/// How many brackets are tried from the end: what a key's value may hold, and enough to be sure
/// that a line full of brackets costs no more than its length.
const BRACKETS_MAX: usize = 16;

pub(super) fn read(line: &str) -> Option<Record<'_>> {
    let (stamp, rest) = line.split_once(" [")?;
    let time = time::parse(stamp)?;
    let (level, message) = rest.split_once("] ")?;
    let level = padded_level(level)?;
    let from = line.len() - message.len();
    let found = tail(message);
    let end = found.as_ref().map_or(message.len(), |tail| tail.at);
    let end = from + message[..end].trim_end_matches(' ').len();
    let record = Record::new(Form::Console, line, from..end);
    let record = Record { time: Some(time), level: Some(level), ..record };
    Some(match found {
        None => Record { is_whole: false, ..record },
        Some(Tail { logger, source, fields, .. }) => {
            Record { logger: Some(Cow::Borrowed(logger)), source, fields, ..record }
        }
    })
}

/// A level in small letters, with the blanks that make all as long as `critical` at least.
fn padded_level(text: &str) -> Option<Level> {
    let padded = text.len() >= "critical".len() && !text.starts_with(' ');
    let word = text.trim_end_matches(' ');
    let lower = word.bytes().all(|byte| byte.is_ascii_lowercase());
    Level::parse(word).filter(|_| padded && lower)
}

/// The end of a record, if the line has one: the last ` [logger]` that is followed by nothing but
/// keys with their values.
#[must_use]
pub fn tail(line: &str) -> Option<Tail<'_>> {
    let mut end = line.len();
    for _ in 0..BRACKETS_MAX {
        let open = memrchr(b'[', &line.as_bytes()[..end])?;
        end = open;
        let blank = open == 0 || line.as_bytes()[open - 1] == b' ';
        let Some((logger, rest)) = line[open + 1..].split_once(']') else { continue };
        if !blank || !is_logger(logger) {
            continue;
        }
        // Only what a task prints comes without any key; else the word is somebody's text.
        let is_printed = ["task.stdout", "task.stderr"].contains(&logger);
        if let Some((fields, source)) = read_keys(rest)
            && (is_printed || rest.contains('='))
        {
            return Some(Tail { at: open.saturating_sub(1), logger, source, fields });
        }
    }
    None
}

/// Whether another record begins inside a text: the writes of two processes have met.
#[must_use]
pub fn is_glued(text: &str) -> bool {
    let begins = |(at, _): (usize, &str)| {
        // Not to the next bracket: a line may be full of those that are never closed.
        let inside = text.as_bytes()[at + 2..].iter().take(LEVEL_BYTES + 1);
        let level = inside.copied().position(|byte| byte == b']');
        let level = level.and_then(|end| padded_level(&text[at + 2..at + 2 + end]));
        level.is_some() && text[..at].ends_with(|c: char| c == 'Z' || c.is_ascii_digit())
    };
    text.match_indices(" [").any(begins)
}

fn is_logger(name: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    !name.is_empty() && name.bytes().all(part) && !name.bytes().all(|b| b.is_ascii_digit())
}

/// ` key=value …` to the end of the line, each key once.
fn read_keys(text: &str) -> Option<(Fields<'_>, Option<Source<'_>>)> {
    let mut fields = Fields::default();
    let mut source = None;
    let mut rest = text.trim_end_matches(' ');
    let mut before = "";
    while !rest.is_empty() {
        let (key, after) = rest.strip_prefix(' ')?.split_once('=')?;
        // Keys are sorted, so one that comes again is somebody's text.
        if key.is_empty() || !key.bytes().all(is_key_byte) || key <= before {
            return None;
        }
        before = key;
        let (value, after) = read_value(after)?;
        rest = after;
        match key {
            "loc" => source = read_source(value),
            _ => set(&mut fields, key, value)?,
        }
    }
    Some((fields, source))
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'$')
}

/// A value as Python shows it: bare up to the next ` key=`, or in quotes or brackets.
fn read_value(text: &str) -> Option<(&str, &str)> {
    let first = text.bytes().next();
    let end = match first {
        Some(quote @ (b'\'' | b'"')) => end_of_quoted(text, quote)?,
        Some(b'[' | b'{' | b'(' | b'<') => end_of_nested(text)?,
        _ => memchr::memchr(b' ', text.as_bytes()).unwrap_or(text.len()),
    };
    let (value, rest) = text.split_at(end);
    let bare = !matches!(first, Some(b'\'' | b'"' | b'[' | b'{' | b'(' | b'<'));
    if bare && value.contains(['\'', '"']) && !value.contains('(') {
        return None;
    }
    if bare && value.contains('(') {
        // A call such as `UUID('…')` or `DateTime(2026, 11, …)`.
        let open = value.find('(')?;
        let end = open + end_of_nested(&text[open..])?;
        return Some(text.split_at(end));
    }
    (rest.is_empty() || rest.starts_with(' ')).then_some((value, rest))
}

fn end_of_quoted(text: &str, quote: u8) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if byte == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The end of what a bracket opens, quotes inside respected.
fn end_of_nested(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'\'' | b'"' => at += end_of_quoted(&text[at..], *byte)? - 1,
            b'[' | b'{' | b'(' | b'<' => depth += 1,
            b']' | b'}' | b')' | b'>' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn read_source(value: &str) -> Option<Source<'_>> {
    let (file, line) = value.rsplit_once(':')?;
    Some(Source { file: Cow::Borrowed(file), line: parse_number(line)? })
}

/// Notes a key that matters; `None` when its value cannot be what Airflow writes.
fn set<'a>(fields: &mut Fields<'a>, key: &str, value: &'a str) -> Option<()> {
    let text = || Some(Cow::Borrowed(bare(value)));
    match key {
        "dag_id" => fields.dag_id = text(),
        "run_id" => fields.run_id = text(),
        "task_id" => fields.task_id = text(),
        "ti_id" => fields.ti_id = text(),
        "map_index" => fields.map_index = Some(MapIndex::parse(value)?),
        "try_number" => fields.try_number = Some(parse_number(value)?),
        "workload_id" => fields.workload_id = text(),
        "workload" => fields.workload = text(),
        "final_state" => fields.final_state = text(),
        "exit_code" => fields.exit_code = text(),
        "reason" => fields.reason = text(),
        _ => {}
    }
    Some(())
}

/// A value without the quotes around it.
fn bare(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('\'').or_else(|| inside('"')).unwrap_or(value)
}
