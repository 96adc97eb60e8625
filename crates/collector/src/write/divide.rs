//! Finding out which part of a refused push is at fault: it is pushed in halves.
//!
//! A store refuses a whole push, or parts of it, with one status. What is sound of it must not be
//! put aside with the rest; and what was stored already is the same when it comes again.

use model::Stream;

use crate::limits::DIVIDE_PUSHES_MAX;

/// The pieces of one refused batch that were not dealt with yet.
#[derive(Debug, Default)]
pub struct Pieces {
    /// The next is the last.
    rest: Vec<Vec<Stream>>,
    pushes: u32,
}

impl Pieces {
    /// The next piece, in the order of the batch.
    pub fn pop(&mut self) -> Option<Vec<Stream>> {
        self.rest.pop()
    }

    /// What becomes of a refused piece: its halves come next, or, where it cannot be divided or has
    /// cost enough, it is given back to be put aside.
    pub fn refuse(&mut self, piece: Vec<Stream>) -> Option<Vec<Stream>> {
        if self.pushes >= DIVIDE_PUSHES_MAX {
            return Some(piece);
        }
        match halves(piece) {
            Ok((first, second)) => {
                self.pushes += 2;
                self.rest.extend([second, first]);
                None
            }
            Err(piece) => Some(piece),
        }
    }
}

/// Two halves: of the streams, or of the only stream's entries. One entry is given back.
fn halves(mut streams: Vec<Stream>) -> Result<(Vec<Stream>, Vec<Stream>), Vec<Stream>> {
    if streams.len() > 1 {
        let second = streams.split_off(streams.len() / 2);
        return Ok((streams, second));
    }
    match streams.pop() {
        Some(mut stream) if stream.entries.len() > 1 => {
            let entries = stream.entries.split_off(stream.entries.len() / 2);
            let second = Stream { labels: stream.labels.clone(), entries };
            Ok((vec![stream], vec![second]))
        }
        stream => Err(stream.into_iter().collect()),
    }
}

#[cfg(test)]
mod tests {
    use model::{Entry, Labels, Timestamp};

    use super::*;

    /// Divides streams, each a text of which a letter is an entry; whatever has an `x` is refused.
    #[track_caller]
    fn check(streams: &[&str], stored: &str, aside: &str) {
        let stream = |(at, text): (usize, &&str)| Stream {
            labels: Labels::new([("no", at.to_string())]),
            entries: text.chars().map(|line| Entry::new(Timestamp(0), line.to_string())).collect(),
        };
        let whole: Vec<Stream> = streams.iter().enumerate().map(stream).collect();
        let mut pieces = Pieces { rest: vec![whole], pushes: 0 };
        let text = |piece: &[Stream]| -> String {
            piece.iter().flat_map(|it| it.entries.iter().map(|entry| &*entry.line)).collect()
        };
        let (mut seen, mut put_aside) = (String::new(), String::new());
        while let Some(piece) = pieces.pop() {
            if !text(&piece).contains('x') {
                seen += &text(&piece);
            } else if let Some(piece) = pieces.refuse(piece) {
                put_aside += &text(&piece);
            }
        }
        assert_eq!((seen.as_str(), put_aside.as_str()), (stored, aside), "for {streams:?}");
    }

    #[test]
    fn only_what_is_at_fault_is_put_aside() {
        check(&["abc", "dxe", "fgh"], "abcdefgh", "x");
        check(&["x"], "", "x");
        check(&["xx", "a", "x"], "a", "xxx");
        check(&["abcdefgh"], "abcdefgh", "");
        check(&[], "", "");
    }

    #[test]
    fn a_batch_of_faults_does_not_become_a_flood() {
        let all = "x".repeat(10_000);
        let stream = Stream {
            labels: Labels::new([("a", "b")]),
            entries: all.chars().map(|_| Entry::new(Timestamp(0), "x")).collect(),
        };
        let mut pieces = Pieces { rest: vec![vec![stream]], pushes: 0 };
        let (mut pushes, mut aside) = (0, 0);
        while let Some(piece) = pieces.pop() {
            pushes += 1;
            aside += pieces.refuse(piece).map_or(0, |piece| piece[0].entries.len());
        }
        assert_eq!(aside, 10_000, "all of it is put aside");
        assert!(pushes <= DIVIDE_PUSHES_MAX + 2, "{pushes} pushes");
    }
}
