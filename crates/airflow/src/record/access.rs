//! The lines of the web servers that Airflow runs in: uvicorn, gunicorn, and access logs.

use crate::level::Level;
use crate::line::{Form, recognise};
use crate::record::read::Record;
use crate::record::text::upper_level;
use crate::record::time::{self, Stamp, Zone};

/// uvicorn: `INFO:     10.244.1.1:57128 - "GET …`
pub(super) fn uvicorn(line: &str) -> Option<Record<'_>> {
    let head = recognise(line).filter(|head| head.form == Form::Uvicorn)?;
    let record = Record::new(Form::Uvicorn, line, "CRITICAL: ".len().min(line.len())..line.len());
    Some(Record { level: Some(head.level), ..record })
}

/// gunicorn: `[2026-11-22 08:41:24 +0000] [195] [INFO] Starting gunicorn 23.0.0`
pub(super) fn gunicorn(line: &str) -> Option<Record<'_>> {
    let (stamp, rest) = line.strip_prefix('[')?.split_once("] [")?;
    let time = time::parse(stamp)?;
    let (process, rest) = rest.split_once("] [")?;
    let (level, message) = rest.split_once("] ")?;
    let is_process = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
    let level = Some(upper_level(level).filter(|_| is_process)?);
    let from = line.len() - message.len();
    let record = Record::new(Form::Gunicorn, line, from..line.len());
    Some(Record { time: Some(time), level, process: Some(process), ..record })
}

/// An access log: `10.244.1.1 - - [22/Nov/2026:08:20:59 +0000] "GET /health HTTP/1.1" 200 318 …`
pub(super) fn read(line: &str) -> Option<Record<'_>> {
    let (who, rest) = line.split_once(" [")?;
    let (address, rest_of_who) = who.split_once(' ')?;
    let (stamp, request) = rest.split_once("] \"")?;
    let is_address = !address.is_empty()
        && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'.' || byte == b':');
    if !is_address || rest_of_who.split(' ').count() != 2 {
        return None;
    }
    let time = clf_time(stamp)?;
    let from = line.len() - request.len() - 1;
    let record = Record::new(Form::Access, line, from..line.len());
    Some(Record { time: Some(time), level: Some(Level::Info), ..record })
}

/// `22/Nov/2026:08:20:59 +0000`
fn clf_time(text: &str) -> Option<Stamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (day, rest) = text.split_once('/')?;
    let (month, rest) = rest.split_once('/')?;
    let (year, clock) = rest.split_once(':')?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let stamp = time::parse(&format!("{year}-{month:02}-{day}T{clock}"))?;
    (stamp.zone == Zone::Told).then_some(stamp)
}
