//! Where a Python traceback, with the chain of its causes, begins and ends: a machine over lines.
//!
//! It takes only what the interpreter's own printer must have written. A message of several lines
//! ends the traceback at its first line, because nothing tells its second from the next record.

use serde::{Deserialize, Serialize};

use crate::line::recognise;

/// The line that opens a traceback.
const OPENING: &str = "Traceback (most recent call last):";
/// The line that opens the traceback of an exception group.
const GROUP_OPENING: &str = "  + Exception Group Traceback (most recent call last):";
/// The two sentences that tie one traceback to the next, each between two blank lines.
const LINKS: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

/// Follows the lines of one stream, in their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracker(State);

/// What a line is to the traceback that was open before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// No traceback is open, and the line opens none.
    Outside,
    /// The line opens a traceback; one that was open ended before it, without the lines that were
    /// [`Step::Maybe`].
    Begin,
    /// The line belongs to the open traceback, and so do the lines that were [`Step::Maybe`].
    Inside,
    /// The line belongs to the open traceback if a later one turns out to be [`Step::Inside`].
    Maybe,
    /// The line does not belong to the traceback, which ended before it, and before the lines that
    /// were [`Step::Maybe`].
    After,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    #[default]
    Outside,
    /// After the opening: a frame must follow.
    Opened,
    /// Among frames: more of them, or the exception.
    Frames,
    /// After the exception: a blank line may begin a link to the next traceback.
    Raised,
    /// After the blank line: the sentence must follow.
    Blank,
    /// After the sentence: a blank line must follow.
    Linked,
    /// After that blank line: the next traceback must open.
    Reopening,
    /// Inside an exception group, which its bars delimit.
    Group,
}

/// The most lines that may be [`Step::Maybe`] in a row: blank, sentence, blank.
pub const MAYBE_LINES_MAX: usize = 3;

/// Whether a line may open a traceback: it begins as one, whatever its end.
#[must_use]
pub fn may_begin(line: &[u8]) -> bool {
    line.starts_with(OPENING.as_bytes()) || line.starts_with(GROUP_OPENING.as_bytes())
}

impl Tracker {
    /// Whether a traceback is open, so that the next line may belong to it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0 != State::Outside
    }

    /// Takes the next line.
    pub fn feed(&mut self, line: &str) -> Step {
        let was_open = self.is_open();
        let (state, step) = self.0.next(line);
        self.0 = state;
        match step {
            Some(step) => step,
            None => self.start(line, was_open),
        }
    }

    /// A line that does not go on with what was open: it may open a traceback of its own.
    fn start(&mut self, line: &str, was_open: bool) -> Step {
        self.0 = match line {
            OPENING => State::Opened,
            GROUP_OPENING => State::Group,
            _ => State::Outside,
        };
        match (self.is_open(), was_open) {
            (true, _) => Step::Begin,
            (false, true) => Step::After,
            (false, false) => Step::Outside,
        }
    }
}

impl State {
    /// The state after a line that goes on with the traceback; no step when the line does not.
    fn next(self, line: &str) -> (Self, Option<Step>) {
        let to = |state, step| (state, Some(step));
        match self {
            Self::Opened if line.starts_with("  File \"") => to(Self::Frames, Step::Inside),
            Self::Frames if line.starts_with("  ") => to(Self::Frames, Step::Inside),
            Self::Frames if is_exception(line) && recognise(line).is_none() => {
                to(Self::Raised, Step::Inside)
            }
            Self::Raised if line.is_empty() => to(Self::Blank, Step::Maybe),
            Self::Blank if LINKS.contains(&line) => to(Self::Linked, Step::Maybe),
            Self::Linked if line.is_empty() => to(Self::Reopening, Step::Maybe),
            Self::Reopening if line == OPENING => to(Self::Opened, Step::Inside),
            Self::Reopening if line == GROUP_OPENING => to(Self::Group, Step::Inside),
            Self::Group if is_group_line(line) => to(Self::Group, Step::Inside),
            _ => (Self::Outside, None),
        }
    }
}

/// Whether a line names an exception as the interpreter prints it: `package.Name: message`, or the
/// name alone.
fn is_exception(line: &str) -> bool {
    let name = line.split_once(':').map_or(line, |(name, _)| name);
    let message = &line[name.len()..];
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let local = |piece: &str| piece == "<locals>" || part(piece);
    name.split('.').all(local)
        && (message.is_empty() || message == ":" || message.starts_with(": "))
}

/// Whether a line hangs on the bars of an exception group.
fn is_group_line(line: &str) -> bool {
    let bare = line.trim_start_matches(' ');
    line.starts_with("  ") && (bare.starts_with('|') || bare.starts_with("+-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line behind the letter of its step: o b i m a.
    #[track_caller]
    fn check(lines: &str) {
        let mut tracker = Tracker::default();
        let mut shown = String::new();
        for line in lines.lines() {
            let line = line.get(2..).unwrap_or("");
            let letter = match tracker.feed(line) {
                Step::Outside => 'o',
                Step::Begin => 'b',
                Step::Inside => 'i',
                Step::Maybe => 'm',
                Step::After => 'a',
            };
            shown.push_str(&format!("{letter} {line}\n"));
        }
        assert_eq!(shown, lines);
    }

    #[test]
    fn a_chain_is_one() {
        check(
            "o [2026-11-22T08:28:47.455+0000] {taskinstance.py:3313} ERROR - Task failed\n\
             b Traceback (most recent call last):\n\
             i   File \"/opt/airflow/dags/x.py\", line 35, in f\n\
             i     {}[\"token\"]\n\
             i     ~~^^^^^^^^^\n\
             i KeyError: 'token'\n\
             m \n\
             m During handling of the above exception, another exception occurred:\n\
             m \n\
             i Traceback (most recent call last):\n\
             i   File \"<string>\", line 2, in qsize\n\
             i sqlalchemy.exc.OperationalError: (psycopg2) gone\n\
             a [2026-11-22T08:28:47.512+0000] {taskinstance.py:1226} INFO - Marking\n\
             o next\n",
        );
    }

    #[test]
    fn only_what_the_interpreter_must_have_written() {
        // A blank line after the exception may be anybody's.
        check(
            "b Traceback (most recent call last):\n\
             i   File \"x.py\", line 1\n\
             i SyntaxError: invalid syntax\n\
             m \n\
             a something else\n",
        );
        // Another process wrote in between.
        check(
            "b Traceback (most recent call last):\n\
             i   File \"x.py\", line 1, in f\n\
             a INFO:     10.244.1.1 - \"GET /\"\n\
             o KeyError\n",
        );
        // Words that only look like an opening.
        check("b Traceback (most recent call last):\na Traceback: \no KeyError: 1\n");
        check("o a Traceback (most recent call last):\no   File \"x.py\", line 1\n");
        // One ends, the next begins.
        check(
            "b Traceback (most recent call last):\n\
             i   File \"x.py\", line 1, in f\n\
             i SystemExit\n\
             b Traceback (most recent call last):\n\
             i   File \"x.py\", line 2, in g\n\
             i x.<locals>.Gone: \n\
             a \tindented\n",
        );
    }

    #[test]
    fn exception_groups_hang_on_their_bars() {
        check(
            "b   + Exception Group Traceback (most recent call last):\n\
             i   |   File \"x.py\", line 1, in <module>\n\
             i   | ExceptionGroup: two (2 sub-exceptions)\n\
             i   +-+---------------- 1 ----------------\n\
             i     | ValueError: 1\n\
             i     +---------------- 2 ----------------\n\
             i     | ValueError: 2\n\
             i     +------------------------------------\n\
             a done\n",
        );
    }
}
