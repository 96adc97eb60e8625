//! Where one answer ends and the next begins.
//!
//! Several lines may share a time, so the next answer must begin at the last time of the one before
//! and not after it. What both hold is taken out here.

use std::collections::BTreeMap;

use loki::query::Direction;
use loki::response::{LabelMap, StreamValues};
use model::Timestamp;

/// Lines of one time, with how often each was there.
type Counted = BTreeMap<(LabelMap, String), usize>;

/// The last time of what was seen, and the lines that have it.
#[derive(Debug)]
pub(super) struct Edge {
    direction: Direction,
    time: Option<Timestamp>,
    seen: Counted,
    /// Lines that the answer to come will hold once more.
    again: Counted,
}

impl Edge {
    pub(super) fn new(direction: Direction) -> Self {
        Self { direction, time: None, seen: Counted::new(), again: Counted::new() }
    }

    /// The last time that was seen.
    pub(super) fn time(&self) -> Option<Timestamp> {
        self.time
    }

    /// How many lines were seen that have it.
    pub(super) fn len(&self) -> usize {
        self.seen.values().sum()
    }

    /// Says that the next answer begins at the last time.
    pub(super) fn begin_again(&mut self) {
        self.again = self.seen.clone();
    }

    /// Takes out of an answer what was seen already, and remembers its own edge. Gives how many
    /// lines are left.
    pub(super) fn pass(&mut self, streams: &mut Vec<StreamValues>) -> usize {
        for stream in streams.iter_mut() {
            let (labels, edge) = (&stream.stream, self.time);
            stream.values.retain(|entry| {
                if self.again.is_empty() || Some(entry.timestamp) != edge {
                    return true;
                }
                let key = (labels.clone(), entry.line.clone());
                let Some(count) = self.again.get_mut(&key).filter(|count| **count > 0) else {
                    return true;
                };
                *count -= 1;
                false
            });
        }
        streams.retain(|stream| !stream.values.is_empty());
        self.remember(streams);
        streams.iter().map(|stream| stream.values.len()).sum()
    }

    fn remember(&mut self, streams: &[StreamValues]) {
        let times = streams.iter().flat_map(|stream| &stream.values).map(|entry| entry.timestamp);
        let (last, is_later): (_, fn(&Timestamp, &Timestamp) -> bool) = match self.direction {
            Direction::Forward => (times.max(), |new, old| new > old),
            Direction::Backward => (times.min(), |new, old| new < old),
        };
        let Some(last) = last else { return };
        if self.time.is_none_or(|time| is_later(&last, &time)) {
            self.time = Some(last);
            self.seen.clear();
            self.again.clear();
        }
        for stream in streams {
            let at_edge = stream.values.iter().filter(|entry| Some(entry.timestamp) == self.time);
            for entry in at_edge {
                *self.seen.entry((stream.stream.clone(), entry.line.clone())).or_default() += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use loki::response::StreamEntry;

    use super::*;

    /// Passes answers of one stream, each a list of times and lines. Shows what is left of each.
    #[track_caller]
    fn check(direction: Direction, answers: &[&[(i64, &str)]], expect: &[&str]) {
        let mut edge = Edge::new(direction);
        let mut left = Vec::new();
        for answer in answers {
            let entry = |(time, line): &(i64, &str)| StreamEntry {
                timestamp: Timestamp(*time),
                line: (*line).to_owned(),
                categories: None,
            };
            let values = answer.iter().map(entry).collect();
            let mut streams = vec![StreamValues { stream: LabelMap::new(), values }];
            edge.pass(&mut streams);
            let lines = streams.iter().flat_map(|stream| &stream.values).map(|e| e.line.as_str());
            left.push(lines.collect::<Vec<_>>().join(" "));
            edge.begin_again();
        }
        assert_eq!(left, expect);
    }

    #[test]
    fn what_two_answers_hold_is_given_once() {
        let (forward, backward) = (Direction::Forward, Direction::Backward);
        check(forward, &[&[(1, "a"), (2, "b")], &[(2, "b"), (3, "c")]], &["a b", "c"]);
        check(backward, &[&[(3, "c"), (2, "b")], &[(2, "b"), (1, "a")]], &["c b", "a"]);
        check(forward, &[&[(1, "a"), (2, "b")], &[(2, "c"), (2, "b")]], &["a b", "c"]);
    }

    #[test]
    fn equal_lines_of_one_time_are_counted() {
        let answers: &[&[_]] =
            &[&[(1, "a"), (1, "a")], &[(1, "a"), (1, "a"), (1, "a")], &[(1, "a")]];
        check(Direction::Forward, answers, &["a a", "a", ""]);
    }

    #[test]
    fn an_empty_answer_changes_nothing() {
        let answers: &[&[_]] = &[&[(1, "a")], &[], &[(1, "a"), (1, "b")]];
        check(Direction::Forward, answers, &["a", "", "b"]);
    }
}
