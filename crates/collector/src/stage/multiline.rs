//! A Python traceback with the chain of its causes, joined into one entry.
//!
//! Only certain joins: within one lane, by the grammar of the interpreter's own printer
//! (`airflow::traceback`), and within [`TRACEBACK_GAP`](crate::limits::TRACEBACK_GAP).
//!
//! A traceback has no level of its own. When it comes directly after a record of the same lane it
//! is that record's `exc_info` (logging writes both in one call) and takes its level; else it has
//! none. An opening that no frame follows is no traceback.

use std::time::Duration;

use airflow::Level;
use airflow::attribute::Answer;
use airflow::line::{Form, recognise};
use airflow::traceback::{Step, Tracker};
use model::Timestamp;

use crate::stage::cri::Line;
use crate::stage::lane::{Lane, Lanes};

/// What becomes one entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The time of its first record.
    pub timestamp: Timestamp,
    /// Which stream it is of.
    pub lane: Lane,
    /// Its text, with newlines where lines were joined.
    pub text: String,
    /// Its level, if it has one.
    pub level: Option<Level>,
    /// Whose its first line is.
    pub answer: Answer,
    /// Where its first record begins in the file.
    pub start: u64,
    /// How many records it was made of.
    pub records: u64,
    /// Whether it lost an end that was too long.
    pub is_cut: bool,
}

/// Joins the tracebacks of each lane.
#[derive(Debug)]
pub struct Multiline {
    lanes: Lanes<Open>,
    /// The lane and the level of the line directly before, if it was the head of a record that a
    /// traceback may follow.
    before: Option<(Lane, Level)>,
    lines_max: usize,
    bytes_max: usize,
    gap: Duration,
}

#[derive(Debug, Default)]
struct Open {
    tracker: Tracker,
    traceback: Option<Joined>,
    /// The level of the record directly before, which it takes with its first frame.
    level: Option<Level>,
    lines: usize,
    last_timestamp: Timestamp,
    /// Lines that belong to the traceback only if its chain goes on after them.
    maybe: Vec<(Line, Answer)>,
}

impl Multiline {
    /// Joins at most so many lines and bytes into one entry, no two further apart than `gap`.
    pub fn new(lines_max: usize, bytes_max: usize, gap: Duration) -> Self {
        let lanes = Lanes::each(|_| Open::default());
        Self { lanes, before: None, lines_max, bytes_max, gap }
    }

    /// Where the open traceback of a lane begins.
    pub fn open_start(&self, lane: Lane) -> Option<u64> {
        self.lanes[lane].traceback.as_ref().map(|open| open.start)
    }

    /// The same open tracebacks, in a file that goes on with them: there they begin at its first
    /// byte.
    pub fn carried(mut self) -> Self {
        for lane in Lane::ALL {
            let Open { traceback, maybe, .. } = &mut self.lanes[lane];
            traceback.iter_mut().for_each(|joined| joined.start = 0);
            maybe.iter_mut().for_each(|(line, _)| line.start = 0);
        }
        self
    }

    /// Takes the next line, with whose it is, and gives out what is complete.
    pub fn take(&mut self, line: Line, answer: Answer, each: &mut impl FnMut(Joined)) {
        let before = self.before.take();
        let open = &mut self.lanes[line.lane];
        let last_timestamp = line.last_timestamp;
        match open.tracker.feed(&line.text) {
            Step::Outside => self.single(line, answer, each),
            Step::Begin => {
                let level = before.and_then(|(lane, level)| (lane == line.lane).then_some(level));
                self.end(line.lane, each);
                self.begin(line, answer, level);
            }
            Step::Inside => self.append(line, answer, each),
            Step::Maybe => {
                open.last_timestamp = last_timestamp;
                open.maybe.push((line, answer));
            }
            Step::After => {
                self.end(line.lane, each);
                self.single(line, answer, each);
            }
        }
    }

    /// Ends the tracebacks that a record of this time comes too late for.
    pub fn expire(&mut self, now: Timestamp, each: &mut impl FnMut(Joined)) {
        for lane in Lane::ALL {
            let open = &self.lanes[lane];
            if open.traceback.is_some() && now.since(open.last_timestamp) > self.gap {
                self.end(lane, each);
                self.lanes[lane].tracker = Tracker::default();
            }
        }
    }

    /// Ends the open traceback of a lane, if there is one, and lets go the lines that were held.
    pub fn end(&mut self, lane: Lane, each: &mut impl FnMut(Joined)) {
        let open = &mut self.lanes[lane];
        open.traceback.take().into_iter().for_each(&mut *each);
        open.lines = 0;
        let maybe = std::mem::take(&mut open.maybe);
        maybe.into_iter().for_each(|(line, answer)| each(joined(line, answer, None)));
    }

    /// Forgets what a lane has open as if its file ended: the next line begins anew.
    pub fn cut(&mut self, lane: Lane, each: &mut impl FnMut(Joined)) {
        self.end(lane, each);
        self.lanes[lane].tracker = Tracker::default();
    }

    fn single(&mut self, line: Line, answer: Answer, each: &mut impl FnMut(Joined)) {
        let head = recognise(&line.text);
        self.before = head
            .filter(|head| matches!(head.form, Form::Text | Form::Console | Form::Celery))
            .map(|head| (line.lane, head.level));
        each(joined(line, answer, head.map(|head| head.level)));
    }

    fn begin(&mut self, line: Line, answer: Answer, level: Option<Level>) {
        let open = &mut self.lanes[line.lane];
        open.lines = 1;
        open.level = level;
        open.last_timestamp = line.last_timestamp;
        open.traceback = Some(joined(line, answer, None));
    }

    /// Joins a line, and those that were held before it, to the open traceback; where that would
    /// become too large, it goes on in a second entry.
    fn append(&mut self, line: Line, answer: Answer, each: &mut impl FnMut(Joined)) {
        let open = &mut self.lanes[line.lane];
        let maybe = std::mem::take(&mut open.maybe);
        for (line, answer) in maybe.into_iter().chain([(line, answer)]) {
            open.last_timestamp = line.last_timestamp;
            open.lines += 1;
            let Some(traceback) = &mut open.traceback else { continue };
            traceback.level = open.level;
            let bytes = traceback.text.len() + 1 + line.text.len();
            if bytes > self.bytes_max || open.lines > self.lines_max {
                let next = joined(line, answer, open.level);
                each(std::mem::replace(traceback, next));
                open.lines = 1;
                continue;
            }
            traceback.text.push('\n');
            traceback.text.push_str(&line.text);
            traceback.records += line.records;
            traceback.is_cut |= line.is_cut;
        }
    }
}

/// An entry of one line.
fn joined(line: Line, answer: Answer, level: Option<Level>) -> Joined {
    let Line { timestamp, lane, text, start, records, is_cut, .. } = line;
    Joined { timestamp, lane, text, level, answer, start, records, is_cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENING: &str = "Traceback (most recent call last):";
    const LINK: &str = "During handling of the above exception, another exception occurred:";
    const ERROR: &str = "[2026-11-22T08:28:47.455+0000] {x.py:1} ERROR - failed";

    /// Lines with their time, as `o…` or `e…` by their lane; entries with their level, and `+`
    /// where they have a newline.
    #[track_caller]
    fn check(lines: &[(i64, &str)], expect: &[&str]) {
        let mut multiline = Multiline::new(6, 1000, Duration::from_millis(500));
        let mut shown = Vec::new();
        let mut each = |joined: Joined| {
            let level = joined.level.map_or("-", Level::as_str);
            let text = joined.text.replace('\n', "+");
            shown.push(format!("{} {} {level} {text}", joined.start, joined.records));
        };
        for (at, (millis, line)) in lines.iter().enumerate() {
            let lane = if line.starts_with('o') { Lane::Stdout } else { Lane::Stderr };
            let timestamp = Timestamp::from_millis(*millis);
            multiline.expire(timestamp, &mut each);
            let (text, start) = (line[1..].to_owned(), at as u64);
            let line = Line {
                timestamp,
                last_timestamp: timestamp,
                lane,
                text,
                start,
                records: 1,
                is_cut: false,
            };
            multiline.take(line, Answer::Now(None), &mut each);
        }
        Lane::ALL.iter().for_each(|lane| multiline.end(*lane, &mut each));
        assert_eq!(shown, expect, "for {lines:?}");
    }

    #[test]
    fn a_traceback_is_one_entry_with_the_level_of_its_record() {
        let (error, opening) = (format!("o{ERROR}"), format!("o{OPENING}"));
        check(
            &[(0, &error), (0, &opening), (0, "o  File \"x\""), (0, "oKeyError"), (0, "onext")],
            &[
                &format!("0 1 error {ERROR}"),
                &format!("1 3 - {OPENING}+  File \"x\"+KeyError").replace('-', "error"),
                "4 1 - next",
            ],
        );
    }

    #[test]
    fn an_opening_alone_is_a_line() {
        let (error, opening) = (format!("o{ERROR}"), format!("o{OPENING}"));
        let expect = [format!("0 1 error {ERROR}"), format!("1 1 - {OPENING}")];
        check(
            &[(0, &error), (0, &opening), (0, "oKeyError")],
            &[&expect[0], &expect[1], "2 1 - KeyError"],
        );
    }

    #[test]
    fn another_lane_is_another_matter() {
        let (error, opening) = (format!("o{ERROR}"), format!("e{OPENING}"));
        check(
            &[(0, &error), (0, &opening), (1, "oout"), (1, "e  File \"x\""), (2, "eKeyError")],
            &[
                &format!("0 1 error {ERROR}"),
                "2 1 - out",
                &format!("1 3 - {OPENING}+  File \"x\"+KeyError"),
            ],
        );
    }

    #[test]
    fn what_was_held_is_let_go_or_joined() {
        let (opening, link) = (format!("o{OPENING}"), format!("o{LINK}"));
        let lines = [(0, &*opening), (0, "o  File \"x\""), (0, "oKeyError"), (0, "o"), (0, &*link)];
        let head = format!("0 3 - {OPENING}+  File \"x\"+KeyError");
        check(&lines, &[&head, "3 1 - ", &format!("4 1 - {LINK}")]);
        let more = [(0, "o"), (0, &*opening), (0, "o  File \"y\"")];
        // Six lines are the bound of this test: the rest is an entry of its own.
        check(
            &[&lines[..], &more].concat(),
            &[
                &format!("0 6 - {OPENING}+  File \"x\"+KeyError++{LINK}+"),
                &format!("6 2 - {OPENING}+  File \"y\""),
            ],
        );
    }

    #[test]
    fn late_lines_are_not_joined() {
        let opening = format!("o{OPENING}");
        check(
            &[(0, &opening), (500, "o  File \"x\""), (1001, "o  File \"y\"")],
            &[&format!("0 2 - {OPENING}+  File \"x\""), "2 1 -   File \"y\""],
        );
    }
}
