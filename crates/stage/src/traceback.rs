//! `stage.traceback` (ours): joins the lines of a Python traceback, with the chain of its causes,
//! to one entry, of each label set for itself. It needs no settings.
//!
//! Only what the interpreter's own printer must have written is joined, and no two lines that are
//! further apart than [`GAP`]. A traceback that comes directly after a record of logging is its
//! `exc_info` and takes its level, as the label `level`, unless that is there. All other lines pass
//! as they are. It stands behind `stage.cri` or `stage.docker`, and before whatever gives one label
//! set to several logs.

use std::time::Duration;

use ::airflow::Level;
use ::airflow::line::{Form, recognise};
use ::airflow::traceback::{Step, Tracker};
use model::{Labels, Timestamp};

use crate::entry::Entry;
use crate::process::{Context, Flow, Process};
use crate::streams::{Holds, Streams};

/// How long a traceback waits for its next line.
const WAIT: Duration = Duration::from_secs(1);

/// How far two of its lines may be apart, in the time of the entries. Python writes all in one
/// call; half a second covers a process that is swapped out in the middle.
const GAP: Duration = Duration::from_millis(500);

/// How many lines one entry may have. A Python process stops at a thousand frames, of three lines
/// each at most.
const LINES_MAX: usize = 4096;

/// How many bytes one entry may have: what a Loki takes as a line by its defaults.
const BYTES_MAX: usize = 256 * 1024;

/// The label that says how bad it is.
const LEVEL: &str = "level";

/// The stage.
#[derive(Debug, Default)]
pub(crate) struct Traceback {
    streams: Streams<Stream>,
    /// No traceback is due before this.
    due: Option<Timestamp>,
}

/// What is known of a label set.
#[derive(Debug, Default)]
struct Stream {
    tracker: Tracker,
    /// The level of the line directly before, if it was the head of a record that a traceback may
    /// follow.
    before: Option<Level>,
    /// The traceback so far.
    open: Option<Entry>,
    /// How many lines it has.
    lines: usize,
    /// The level that it takes with its first frame.
    level: Option<Level>,
    /// Lines that belong to it only if its chain goes on after them.
    maybe: Vec<Entry>,
    /// The time of its last line.
    last: Timestamp,
    deadline: Timestamp,
}

impl Process for Traceback {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let stream = self.streams.of(&entry.labels);
        let mut ready = Vec::new();
        stream.expire(entry.timestamp, &mut ready);
        let step = stream.tracker.feed(&entry.line);
        if step == Step::Outside && ready.is_empty() {
            stream.before = level_of(&entry.line);
            return Flow::Next;
        }
        stream.take(step, std::mem::take(entry), &mut ready);
        if stream.holds() {
            stream.deadline = context.now + WAIT;
            self.due = Some(self.due.map_or(stream.deadline, |due| due.min(stream.deadline)));
        }
        if ready.is_empty() { Flow::Hold } else { Flow::Many(ready) }
    }

    fn tick(&mut self, context: &mut Context<'_>, out: &mut Vec<Entry>) {
        if self.due.is_none_or(|due| due > context.now) {
            return;
        }
        let open = self.streams.iter_mut().filter(|stream| stream.holds());
        open.filter(|stream| stream.deadline <= context.now).for_each(|stream| stream.cut(out));
        let open = self.streams.iter().filter(|stream| stream.holds());
        self.due = open.map(|stream| stream.deadline).min();
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        self.due
    }

    fn flush(&mut self, _context: &mut Context<'_>, out: &mut Vec<Entry>) {
        self.streams.iter_mut().for_each(|stream| stream.cut(out));
        self.due = None;
    }
}

impl Holds for Stream {
    fn holds(&self) -> bool {
        self.open.is_some()
    }
}

impl Stream {
    /// Ends a traceback that an entry of this time comes too late for.
    fn expire(&mut self, now: Timestamp, out: &mut Vec<Entry>) {
        if self.holds() && now.since(self.last) > GAP {
            self.cut(out);
        }
    }

    /// Takes the next line, which is this to the traceback, and gives out what is complete.
    fn take(&mut self, step: Step, entry: Entry, out: &mut Vec<Entry>) {
        self.last = entry.timestamp;
        match step {
            Step::Begin => {
                self.end(out);
                self.level = self.before.take();
                self.lines = 1;
                self.open = Some(entry);
            }
            Step::Inside => self.append(entry, out),
            Step::Maybe => self.maybe.push(entry),
            Step::Outside | Step::After => {
                self.end(out);
                self.before = level_of(&entry.line);
                out.push(entry);
            }
        }
    }

    /// Joins a line, and those that were held before it; where that would become too large, it goes
    /// on in a second entry.
    fn append(&mut self, entry: Entry, out: &mut Vec<Entry>) {
        for mut next in std::mem::take(&mut self.maybe).into_iter().chain([entry]) {
            let Some(open) = &mut self.open else { continue };
            if self.lines == 1 {
                set_level(open, self.level);
            }
            self.lines += 1;
            let bytes = open.line.len() + 1 + next.line.len();
            if bytes > BYTES_MAX || self.lines > LINES_MAX {
                set_level(&mut next, self.level);
                out.push(std::mem::replace(open, next));
                self.lines = 1;
                continue;
            }
            open.line.push('\n');
            open.line.push_str(&next.line);
            open.origins.merge(next.origins);
        }
    }

    /// Gives out the open traceback, if there is one, and the lines that were held.
    fn end(&mut self, out: &mut Vec<Entry>) {
        out.extend(self.open.take());
        out.append(&mut self.maybe);
    }

    /// Ends the traceback whatever comes: the next line begins anew.
    fn cut(&mut self, out: &mut Vec<Entry>) {
        self.end(out);
        self.tracker = Tracker::default();
    }
}

/// The level of a line, if a traceback may follow it: logging writes the head of a record and its
/// traceback in one call, but a record of JSON holds its own.
fn level_of(line: &str) -> Option<Level> {
    let head = recognise(line)?;
    matches!(head.form, Form::Text | Form::Console | Form::Celery).then_some(head.level)
}

fn set_level(entry: &mut Entry, level: Option<Level>) {
    let is_there = |labels: &Labels| labels.get(LEVEL).is_some();
    if let Some(level) = level
        && !is_there(&entry.labels)
        && !is_there(&entry.metadata)
    {
        entry.labels = Labels::new(entry.labels.iter().chain([(LEVEL, level.as_str())]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::pipeline::Pipeline;
    use crate::testing::show;

    const OPENING: &str = "Traceback (most recent call last):";
    const FRAME: &str = "  File \"x.py\", line 1, in f";
    const LINK: &str = "During handling of the above exception, another exception occurred:";
    const ERROR: &str = "[2026-11-22T08:28:47.455+0000] {x.py:1} ERROR - failed";

    /// Lines of a stream each, at milliseconds of their own and of the clock; `tick` alone lets the
    /// time pass.
    #[track_caller]
    fn check(lines: &[(i64, &str, &str)], expect: &[&str]) {
        let mut pipeline = Pipeline::new(&[StageConfig::Traceback], 0).unwrap();
        let mut out = Vec::new();
        for (millis, stream, line) in lines {
            let now = Timestamp::from_millis(*millis);
            if *line == "tick" {
                pipeline.tick(now, &mut out);
            } else {
                let labels = Labels::parse(stream).unwrap();
                pipeline.process(Entry::new(labels, now, *line), now, &mut out);
            }
        }
        pipeline.flush(Timestamp::MAX, &mut out);
        assert_eq!(pipeline.next_deadline(), None);
        let shown = |entry: &Entry| {
            let millis = entry.timestamp.as_nanos() / 1_000_000;
            let entry = Entry { timestamp: Timestamp(0), ..entry.clone() };
            format!("{millis} {}", show(&entry).replace('\n', "/"))
        };
        assert_eq!(out.iter().map(shown).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn a_traceback_is_one_entry_with_the_level_of_its_record() {
        let lines = [ERROR, OPENING, FRAME, "KeyError: 'x'", "next"];
        let [error, ..] = lines;
        check(
            &lines.map(|line| (0, "{}", line)),
            &[
                &format!("0 {{}} {error}"),
                &format!("0 {{level=\"error\"}} {OPENING}/{FRAME}/KeyError: 'x'"),
                "0 {} next",
            ],
        );
    }

    #[test]
    fn a_level_that_is_there_stays() {
        let lines = [ERROR, OPENING, FRAME, "KeyError"];
        check(
            &lines.map(|line| (0, "{level=\"x\"}", line)),
            &[
                &format!("0 {{level=\"x\"}} {ERROR}"),
                &format!("0 {{level=\"x\"}} {OPENING}/{FRAME}/KeyError"),
            ],
        );
    }

    #[test]
    fn a_chain_is_one_entry_and_what_follows_it_is_not_of_it() {
        let lines = [OPENING, FRAME, "A", "", LINK, "", OPENING, FRAME, "B: b", "", "other"];
        check(
            &lines.map(|line| (0, "{}", line)),
            &[
                &format!("0 {{}} {OPENING}/{FRAME}/A//{LINK}//{OPENING}/{FRAME}/B: b"),
                "0 {} ",
                "0 {} other",
            ],
        );
    }

    #[test]
    fn an_opening_alone_is_a_line() {
        let lines = [ERROR, OPENING, "no frame", OPENING, OPENING];
        check(
            &lines.map(|line| (0, "{}", line)),
            &[
                &format!("0 {{}} {ERROR}"),
                &format!("0 {{}} {OPENING}"),
                "0 {} no frame",
                &format!("0 {{}} {OPENING}"),
                &format!("0 {{}} {OPENING}"),
            ],
        );
    }

    #[test]
    fn streams_do_not_mix() {
        let (a, b) = ("{s=\"a\"}", "{s=\"b\"}");
        check(
            &[(0, a, OPENING), (0, b, "x"), (0, a, FRAME), (0, b, FRAME), (0, a, "E")],
            &[
                "0 {s=\"b\"} x",
                &format!("0 {{s=\"b\"}} {FRAME}"),
                &format!("0 {{s=\"a\"}} {OPENING}/{FRAME}/E"),
            ],
        );
    }

    #[test]
    fn a_traceback_does_not_wait_for_ever() {
        let open = [(0, "{}", OPENING), (100, "{}", FRAME)];
        let joined = format!("0 {{}} {OPENING}/{FRAME}");
        let ticked = [(1099, "{}", "tick"), (1100, "{}", "tick"), (1100, "{}", FRAME)];
        check(&[&open[..], &ticked].concat(), &[&joined, &format!("1100 {{}} {FRAME}")]);
        let late = [(601, "{}", "E: too late")];
        check(&[&open[..], &late].concat(), &[&joined, "601 {} E: too late"]);
        let in_time = [(600, "{}", "E: in time")];
        check(&[&open[..], &in_time].concat(), &[&format!("{joined}/E: in time")]);
    }

    #[test]
    fn one_that_is_too_large_goes_on_in_a_second_entry() {
        let long = format!("  {}", "x".repeat(BYTES_MAX / 2));
        let lines = [ERROR, OPENING, FRAME, &long, &long, "E"].map(|line| (0, "{}", line));
        let level = "{level=\"error\"}";
        check(
            &lines,
            &[
                &format!("0 {{}} {ERROR}"),
                &format!("0 {level} {OPENING}/{FRAME}/{long}"),
                &format!("0 {level} {long}/E"),
            ],
        );
    }
}
