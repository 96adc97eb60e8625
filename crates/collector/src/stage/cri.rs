//! Kubernetes' container log format, unwrapped: `<time> <stream> <P or F> <bytes>`.
//!
//! A runtime cuts long output into partial records (`P`); they are joined up to the full one (`F`)
//! that ends the line. A line whose last record is a `P` ends where the file ends, or where its
//! stream goes on later than [`PARTIAL_GAP`](crate::limits::PARTIAL_GAP) after it: the bytes that a
//! process wrote last, without a newline, look just so.

use std::borrow::Cow;
use std::time::Duration;

use model::{Timestamp, rfc3339};

use crate::stage::lane::{Lane, Lanes};

/// One record, as the runtime wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// When the runtime read it.
    pub timestamp: Timestamp,
    /// Which stream it is of.
    pub lane: Lane,
    /// Whether the line goes on in the next record of the lane.
    pub is_partial: bool,
    /// What the process wrote.
    pub content: Cow<'a, [u8]>,
}

/// One line as its process wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The time of its first record.
    pub timestamp: Timestamp,
    /// The time of its last record.
    pub last_timestamp: Timestamp,
    /// Which stream it is of.
    pub lane: Lane,
    /// Its text; bytes that are no UTF-8 became U+FFFD.
    pub text: String,
    /// Where its first record begins in the file.
    pub start: u64,
    /// How many records it was cut into.
    pub records: u64,
    /// Whether it was longer than allowed, and lost its end.
    pub is_cut: bool,
}

/// Reads a record. `None` when the line is none.
pub fn parse(line: &[u8]) -> Option<Record<'_>> {
    let mut fields = line.splitn(4, |byte| *byte == b' ');
    let timestamp = rfc3339::parse(fields.next()?)?;
    let lane = match fields.next()? {
        b"stdout" => Lane::Stdout,
        b"stderr" => Lane::Stderr,
        _ => return None,
    };
    // The format allows for more flags, separated by colons; the first is the one that counts.
    let is_partial = match fields.next()?.split(|byte| *byte == b':').next()? {
        b"P" => true,
        b"F" => false,
        _ => return None,
    };
    Some(Record {
        timestamp,
        lane,
        is_partial,
        content: Cow::Borrowed(fields.next().unwrap_or_default()),
    })
}

/// Whether these bytes begin with the time of a record.
pub fn is_stamped(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b' ').next().and_then(rfc3339::parse).is_some()
}

/// Joins the partial records of each lane.
#[derive(Debug)]
pub struct Joiner {
    open: Lanes<Option<Open>>,
    bytes_max: usize,
    gap: Duration,
}

/// A line of which the end has not come.
#[derive(Debug)]
struct Open {
    timestamp: Timestamp,
    last_timestamp: Timestamp,
    bytes: Vec<u8>,
    cut: u64,
    start: u64,
    records: u64,
}

impl Joiner {
    /// A joiner for lines of at most so many bytes.
    pub fn new(bytes_max: usize, gap: Duration) -> Self {
        Self { open: Lanes::each(|_| None), bytes_max, gap }
    }

    /// Where the open line of a lane begins.
    pub fn open_start(&self, lane: Lane) -> Option<u64> {
        self.open[lane].as_ref().map(|open| open.start)
    }

    /// The same open lines, in a file that goes on with them: there they begin at its first byte.
    pub fn carried(mut self) -> Self {
        for lane in Lane::ALL {
            self.open[lane].iter_mut().for_each(|open| open.start = 0);
        }
        self
    }

    /// Takes a record that begins at `start`, and of which `cut` bytes are missing at the end;
    /// gives out the line that it completes.
    pub fn take(&mut self, record: &Record<'_>, start: u64, cut: u64) -> Option<Line> {
        if !record.is_partial && self.open[record.lane].is_none() {
            let Record { timestamp, lane, content, .. } = record;
            return Some(whole((*timestamp, *lane), content, cut, start, self.bytes_max));
        }
        let open = self.open[record.lane].get_or_insert_with(|| Open {
            timestamp: record.timestamp,
            last_timestamp: record.timestamp,
            bytes: Vec::new(),
            cut: 0,
            start,
            records: 0,
        });
        let room = self.bytes_max - open.bytes.len();
        let fits = if open.cut > 0 { 0 } else { record.content.len().min(room) };
        open.bytes.extend_from_slice(&record.content[..fits]);
        open.cut += (record.content.len() - fits) as u64 + cut;
        open.last_timestamp = record.timestamp;
        open.records += 1;
        if record.is_partial { None } else { self.end(record.lane) }
    }

    /// Gives out the open lines that a record of this time comes too late for.
    pub fn expire(&mut self, now: Timestamp) -> impl Iterator<Item = Line> + use<> {
        let lines = Lane::ALL.map(|lane| {
            let open = self.open[lane].as_ref();
            let is_late = open.is_some_and(|open| now.since(open.last_timestamp) > self.gap);
            if is_late { self.end(lane) } else { None }
        });
        lines.into_iter().flatten()
    }

    /// Ends the open line of a lane, if there is one.
    pub fn end(&mut self, lane: Lane) -> Option<Line> {
        let open = self.open[lane].take()?;
        Some(Line {
            timestamp: open.timestamp,
            last_timestamp: open.last_timestamp,
            lane,
            text: text(open.bytes, open.cut, self.bytes_max),
            start: open.start,
            records: open.records,
            is_cut: open.cut > 0,
        })
    }
}

/// A line that is no CRI record, taken as it is.
pub fn stray(bytes: &[u8], cut: u64, start: u64, timestamp: Timestamp, bytes_max: usize) -> Line {
    whole((timestamp, Lane::Unknown), bytes, cut, start, bytes_max)
}

/// A line of one record.
fn whole(
    (timestamp, lane): (Timestamp, Lane),
    bytes: &[u8],
    cut: u64,
    start: u64,
    bytes_max: usize,
) -> Line {
    let kept = &bytes[..bytes.len().min(bytes_max)];
    let cut = cut + (bytes.len() - kept.len()) as u64;
    Line {
        timestamp,
        last_timestamp: timestamp,
        lane,
        text: text(kept.to_vec(), cut, bytes_max),
        start,
        records: 1,
        is_cut: cut > 0,
    }
}

/// The text of these bytes, at most `bytes_max` long, with a mark where the end was cut off.
fn text(bytes: Vec<u8>, cut: u64, bytes_max: usize) -> String {
    let whole = bytes.len() as u64 + cut;
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    // U+FFFD is longer than the byte that it stands for: a text that fitted may not any more.
    if cut == 0 && text.len() <= bytes_max {
        return text;
    }
    let mark = format!(" […cut by barogram, the line has {whole} bytes]");
    text.truncate(text.floor_char_boundary(bytes_max.saturating_sub(mark.len())));
    text + &mark
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: &str = "2026-11-22T08:00";

    /// The lines of these records, each behind its lane, its start and how many records it had.
    #[track_caller]
    fn check(records: &[&str], expect: &[&str]) {
        let mut joiner = Joiner::new(64, Duration::from_secs(5));
        let mut lines = Vec::new();
        for (at, record) in records.iter().enumerate() {
            let line = format!("{HOUR}:{record}");
            let record = parse(line.as_bytes()).expect("a record");
            lines.extend(joiner.expire(record.timestamp));
            lines.extend(joiner.take(&record, at as u64, 0));
        }
        lines.extend(Lane::ALL.iter().filter_map(|lane| joiner.end(*lane)));
        let show = |line: &Line| {
            format!("{} {} {} {}", line.lane.as_str(), line.start, line.records, line.text)
        };
        assert_eq!(lines.iter().map(show).collect::<Vec<_>>(), expect, "for {records:?}");
    }

    #[test]
    fn partial_records_are_joined_in_their_lane() {
        check(&["01Z stdout F a b"], &["stdout 0 1 a b"]);
        check(
            &["01Z stdout P a", "01Z stderr F x", "02Z stdout P b", "02Z stdout F c"],
            &["stderr 1 1 x", "stdout 0 3 abc"],
        );
        check(&["01Z stdout F ", "01Z stdout F"], &["stdout 0 1 ", "stdout 1 1 "]);
        check(&["01Z stdout P:x a", "01Z stdout F:y:z b"], &["stdout 0 2 ab"]);
    }

    #[test]
    fn a_line_without_an_end_ends() {
        check(&["01Z stdout P a"], &["stdout 0 1 a"]);
        check(&["01Z stdout P a", "06Z stdout F b"], &["stdout 0 2 ab"]);
        check(&["01Z stdout P a", "06.1Z stderr F b"], &["stdout 0 1 a", "stderr 1 1 b"]);
    }

    #[test]
    fn long_lines_are_cut_with_a_mark() {
        let long = format!("01Z stdout P {}", "x".repeat(60));
        let text =
            format!("stdout 0 2 {} […cut by barogram, the line has 70 bytes]", "x".repeat(20));
        check(&[&long, "01Z stdout F 1234567890"], &[&text]);
    }

    #[test]
    fn bytes_that_are_no_text_stay_readable() {
        let line = parse(b"2026-11-22T08:00:01Z stdout F a\xffb\x00c").unwrap();
        let mut joiner = Joiner::new(64, Duration::ZERO);
        assert_eq!(joiner.take(&line, 0, 0).unwrap().text, "a\u{fffd}b\0c");
    }

    #[test]
    fn what_is_no_record() {
        let lines = ["", "x", "2026-11-22T08:00:01Z", "2026-11-22T08:00:01Z stdin F x"];
        for line in lines.into_iter().chain(["2026-11-22T08:00:01Z stdout X x", "now stdout F x"]) {
            assert_eq!(parse(line.as_bytes()), None, "for {line}");
        }
    }
}
