//! Airflow 2's text form, and Celery's.

use std::borrow::Cow;

use crate::level::Level;
use crate::line::Form;
use crate::record::read::{Record, Source};
use crate::record::time;
use crate::task::parse_number;

/// `[<time>] {<file>:<line>} LEVEL - <message>`
pub(super) fn read(line: &str) -> Option<Record<'_>> {
    let (stamp, rest) = line.strip_prefix('[')?.split_once("] {")?;
    let time = time::parse(stamp).filter(|_| stamp.as_bytes().get(10) == Some(&b'T'))?;
    let (place, rest) = rest.split_once("} ")?;
    let (file, number) = place.rsplit_once(':')?;
    let (level, message) = rest.split_once(" - ")?;
    let source = Source { file: Cow::Borrowed(file), line: parse_number(number)? };
    let from = line.len() - message.len();
    let record = Record::new(Form::Text, line, from..line.len());
    let level = Some(upper_level(level)?);
    Some(Record { time: Some(time), level, source: Some(source), ..record })
}

/// `[<date> <time>,<ms>: LEVEL/<process>] <message>`
pub(super) fn read_celery(line: &str) -> Option<Record<'_>> {
    let (stamp, rest) = line.strip_prefix('[')?.split_once(": ")?;
    let time = time::parse(stamp).filter(|_| stamp.len() == "2026-11-22 08:43:38,568".len())?;
    let (level, rest) = rest.split_once('/')?;
    let (process, message) = rest.split_once("] ")?;
    let named =
        !process.is_empty() && process.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let level = Some(upper_level(level).filter(|_| named)?);
    let from = line.len() - message.len();
    let record = Record::new(Form::Celery, line, from..line.len());
    Some(Record { time: Some(time), level, process: Some(process), ..record })
}

/// A level in capitals.
pub(super) fn upper_level(word: &str) -> Option<Level> {
    word.bytes().all(|byte| byte.is_ascii_uppercase()).then(|| Level::parse(word)).flatten()
}
