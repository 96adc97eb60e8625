//! What was sent and acknowledged, and what therefore must be found, may be found, and must not be
//! found: pure rules, which the auditor holds against what a store shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use model::{Entry, Labels, Stream, Timestamp};

use crate::clock::OFF_MAX;

/// The streams, and for how many days their lines are kept.
pub(crate) const STREAMS: [(&str, u64); 4] =
    [("etl", 3), ("report", 3), ("sync", 3), ("audit", 10)];
/// Lines have one of so many tags, by which they are deleted.
pub(crate) const TAGS: u8 = 12;
/// After how long the lines of a request are erased.
pub(crate) const ERASED_AFTER: Duration = Duration::from_secs(3600);
/// Clocks differ, so near a deadline a line may be there or not.
const SLACK: Duration = Duration::from_nanos(OFF_MAX.unsigned_abs() * 2);
const DAY_NANOS: i64 = 86_400_000_000_000;

/// The number of a line.
pub(crate) type LineId = u32;

/// A line that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) stream: usize,
    pub(crate) timestamp: Timestamp,
    pub(crate) tag: u8,
    /// The hosts to which it was sent, and those that acknowledged it, a bit each.
    pub(crate) sent_to: u8,
    pub(crate) acked_by: u8,
    pub(crate) acked_at: Option<Timestamp>,
}

/// Somebody has asked for lines to be deleted, and was perhaps not told whether that is so.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) tag: u8,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) asked_at: Timestamp,
}

/// A row that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) id: LineId,
    pub(crate) entry: Entry,
    pub(crate) labels: String,
}

/// All that was sent.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) lines: Vec<Line>,
    pub(crate) requests: Vec<Request>,
}

/// What is wrong, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation(pub(crate) String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Line {
    /// When it expires.
    pub(crate) fn expires_at(&self) -> Timestamp {
        let day = self.timestamp.0.div_euclid(DAY_NANOS) + 1;
        let kept = i64::try_from(STREAMS[self.stream].1).expect("a few days");
        Timestamp((day + kept) * DAY_NANOS)
    }
}

/// The labels of a stream.
pub(crate) fn labels(stream: usize) -> Labels {
    Labels::new([("app", STREAMS[stream].0), ("cluster", "sim")])
}

impl Request {
    fn is_about(&self, line: &Line) -> bool {
        self.tag == line.tag && self.start <= line.timestamp && line.timestamp <= self.end
    }
}

impl Ledger {
    /// Notes a new line and returns its number.
    pub(crate) fn write(&mut self, stream: usize, timestamp: Timestamp, tag: u8) -> LineId {
        let id = LineId::try_from(self.lines.len()).expect("a run has fewer lines");
        let (sent_to, acked_by, acked_at) = (0, 0, None);
        self.lines.push(Line { stream, timestamp, tag, sent_to, acked_by, acked_at });
        id
    }

    pub(crate) fn line(&self, id: LineId) -> &Line {
        &self.lines[id as usize]
    }

    /// The streams of a push of some lines to a host.
    pub(crate) fn send(&mut self, ids: &[LineId], host: usize) -> Vec<Stream> {
        let mut streams: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
        for id in ids {
            let entry = self.entry(*id);
            let line = &mut self.lines[*id as usize];
            line.sent_to |= 1 << host;
            streams.entry(line.stream).or_default().push(entry);
        }
        let streams = streams.into_iter();
        streams.map(|(stream, entries)| Stream { labels: labels(stream), entries }).collect()
    }

    /// A host has acknowledged lines.
    pub(crate) fn ack(&mut self, ids: &[LineId], host: usize, now: Timestamp) {
        for id in ids {
            let line = &mut self.lines[*id as usize];
            line.acked_by |= 1 << host;
            line.acked_at.get_or_insert(now);
        }
    }

    fn entry(&self, id: LineId) -> Entry {
        let Line { timestamp, tag, .. } = self.line(id);
        let filler = "x".repeat(id as usize * 7 % 60);
        let pod = format!("pod-{}", id % 3);
        let metadata = if id.is_multiple_of(3) {
            Labels::default()
        } else {
            Labels::new([("pod", pod.as_str())])
        };
        let line = format!("line {id} tag-{tag}; {filler}");
        Entry { timestamp: *timestamp, line, metadata }
    }

    /// Whether a line may be gone, since it has expired or was deleted.
    pub(crate) fn may_be_gone(&self, id: LineId, now: Timestamp) -> bool {
        let (line, now) = (self.line(id), now + SLACK);
        let mut due =
            self.requests.iter().filter(|request| now.since(request.asked_at) >= ERASED_AFTER);
        line.expires_at() <= now || due.any(|request| request.is_about(line))
    }

    /// Whether a line must be gone, if upkeep has been done at this time.
    pub(crate) fn must_be_gone(&self, id: LineId, now: Timestamp) -> bool {
        self.line(id).expires_at() + SLACK <= now
    }

    /// What must be found now: lines that any of these hosts acknowledged, or that are in `seen`.
    pub(crate) fn required(
        &self,
        hosts: u8,
        seen: &BTreeSet<LineId>,
        now: Timestamp,
    ) -> BTreeSet<LineId> {
        let acked = self.lines.iter().zip(0..).filter(|(line, _)| line.acked_by & hosts != 0);
        let all = acked.map(|(_, id)| id).chain(seen.iter().copied());
        all.filter(|id| !self.may_be_gone(*id, now)).collect()
    }

    /// Holds what was found against what must be and what may be.
    ///
    /// # Errors
    /// When there is something wrong with it.
    pub(crate) fn check(
        &self,
        required: &BTreeSet<LineId>,
        found: &[Found],
        once: bool,
    ) -> Result<(), Violation> {
        let mut times: BTreeMap<LineId, u32> = BTreeMap::new();
        for row in found {
            self.check_row(row)?;
            *times.entry(row.id).or_default() += 1;
        }
        for (id, times) in &times {
            let line = self.line(*id);
            let most = if once { 1 } else { line.sent_to.count_ones() };
            if *times > most {
                let text =
                    format!("line {id} is found {times} times, and {most} at most: {line:?}");
                return Err(Violation(text));
            }
        }
        let missing: Vec<_> = required.iter().filter(|id| !times.contains_key(id)).collect();
        if let Some(first) = missing.first() {
            let line = self.line(**first);
            let text = format!("{} lines are missing: {missing:?}: {line:?}", missing.len());
            return Err(Violation(text));
        }
        Ok(())
    }

    /// What is found was sent so.
    fn check_row(&self, row: &Found) -> Result<(), Violation> {
        let sent = self.lines.get(row.id as usize);
        let is_so = sent.is_some_and(|line| {
            line.sent_to != 0
                && row.labels == labels(line.stream).to_string()
                && row.entry == self.entry(row.id)
        });
        if is_so {
            Ok(())
        } else {
            Err(Violation(format!("nobody has sent {row:?}; but {sent:?}")))
        }
    }
}

/// The number that a line's text tells.
pub(crate) fn parse(text: &str) -> Option<LineId> {
    text.strip_prefix("line ")?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(100 * DAY_NANOS);

    /// Two lines of now, sent to hosts 0 and 1; the first was acknowledged by host 0.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        for id in 0..2 {
            assert_eq!(ledger.write(0, NOW, 5), id);
            ledger.send(&[id], 0);
            ledger.send(&[id], 1);
        }
        ledger.ack(&[0], 0, NOW);
        ledger
    }

    fn found(ledger: &Ledger, id: LineId) -> Found {
        Found { id, entry: ledger.entry(id), labels: labels(0).to_string() }
    }

    #[track_caller]
    fn check(ids: &[LineId], once: bool, expect: &str) {
        let ledger = ledger();
        let found: Vec<Found> = ids.iter().map(|id| found(&ledger, *id)).collect();
        let required = ledger.required(0b01, &BTreeSet::new(), NOW);
        let told = ledger.check(&required, &found, once).err().map_or(String::new(), |v| v.0);
        assert!(told.starts_with(expect) && told.is_empty() == expect.is_empty(), "{told}");
    }

    #[test]
    fn each_sort_of_mistake_is_told() {
        check(&[0], true, "");
        check(&[0, 1], true, "");
        check(&[0, 0], false, "");
        check(&[0, 0], true, "line 0 is found 2 times, and 1 at most");
        check(&[0, 0, 0], false, "line 0 is found 3 times, and 2 at most");
        check(&[1], false, "1 lines are missing: [0]");
        let ledger = ledger();
        let row = Found { labels: labels(1).to_string(), ..found(&ledger, 0) };
        assert!(ledger.check(&BTreeSet::new(), &[row], false).is_err());
    }

    #[test]
    fn what_is_required_ends_with_its_time_or_a_request() {
        let mut ledger = ledger();
        let required = |ledger: &Ledger, hosts, seen: &[LineId], days: i64| {
            let now = Timestamp(NOW.0 + days * DAY_NANOS);
            let seen = seen.iter().copied().collect();
            ledger.required(hosts, &seen, now).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(required(&ledger, 0b01, &[], 0), [0]);
        assert_eq!(required(&ledger, 0b10, &[], 0), [0; 0]);
        assert_eq!(required(&ledger, 0b10, &[1], 0), [1]);
        assert_eq!(required(&ledger, 0b01, &[1], 3), [0, 1]);
        assert_eq!(required(&ledger, 0b01, &[1], 4), [0; 0]);
        let (start, end) = (Timestamp(0), NOW);
        ledger.requests.push(Request { tag: 5, start, end, asked_at: NOW });
        assert_eq!(required(&ledger, 0b01, &[], 0), [0]);
        assert_eq!(required(&ledger, 0b01, &[], 1), [0; 0]);
    }
}
