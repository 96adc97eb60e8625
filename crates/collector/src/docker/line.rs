//! From messages to lines. An engine cuts a long line into messages, of which only the last ends
//! with a newline, and puts the time of the line before each of them.

use model::Timestamp;

use crate::docker::frame::{Frame, Source};
use crate::stamped::stamped;

/// A line as a container wrote it, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose it is.
    pub source: Source,
    /// When the engine got it.
    pub time: Timestamp,
    /// Its text, cut at the limit.
    pub text: Vec<u8>,
    /// Bytes that were cut off.
    pub cut: u64,
}

/// Joins messages, those of each stream for itself.
#[derive(Debug)]
pub struct Lines {
    /// Lines whose end has not come yet.
    open: [Option<Line>; 2],
    bytes_max: usize,
}

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is taken.
    Yes,
    /// It has no time: it is not a container's.
    Stray,
}

impl Lines {
    /// No line yet, and of each so many bytes at most.
    pub fn new(bytes_max: usize) -> Self {
        Self { open: [None, None], bytes_max }
    }

    /// Takes a message and gives out the lines that it completes.
    pub fn take(&mut self, frame: &Frame<'_>, mut each: impl FnMut(Line)) -> Taken {
        let slot = match frame.source {
            Source::Stdout => 0,
            Source::Stderr => 1,
            Source::Engine => return Taken::Stray,
        };
        let bytes = without_end(frame.bytes);
        let (open, stamped) = (self.open[slot].take(), stamped(bytes));
        let mut line = match (open, stamped) {
            (Some(open), Some((time, text))) if open.time == time => self.joined(open, text),
            (Some(open), None) => self.joined(open, bytes),
            (open, Some((time, text))) => {
                // The end of what is open was never written: the engine was killed, say.
                open.into_iter().for_each(&mut each);
                let line = Line { source: frame.source, time, text: Vec::new(), cut: 0 };
                self.joined(line, text)
            }
            (None, None) => return Taken::Stray,
        };
        line.cut += frame.cut;
        if frame.ends_line {
            each(line);
        } else {
            self.open[slot] = Some(line);
        }
        Taken::Yes
    }

    /// The lines whose end will never come, when a container has ended.
    pub fn finish(&mut self) -> impl Iterator<Item = Line> {
        std::mem::take(&mut self.open).into_iter().flatten()
    }

    fn joined(&self, mut line: Line, text: &[u8]) -> Line {
        let kept = text.len().min(self.bytes_max.saturating_sub(line.text.len()));
        line.text.extend_from_slice(&text[..kept]);
        line.cut += (text.len() - kept) as u64;
        line
    }
}

/// A message without its newline, and what a terminal writes before it.
fn without_end(bytes: &[u8]) -> &[u8] {
    let Some(bytes) = bytes.strip_suffix(b"\n") else { return bytes };
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages, each with the name of its stream before it, and the lines that come of them.
    #[track_caller]
    fn check(messages: &[&str], expect: &[&str]) {
        let (mut lines, mut out) = (Lines::new(12), Vec::new());
        for message in messages {
            let (source, text) = message.split_at(1);
            let source = match source {
                "o" => Source::Stdout,
                "e" => Source::Stderr,
                _ => Source::Engine,
            };
            let text = text.replace("AT", "2026-11-22T08:00:00");
            let (bytes, ends_line) = (text.as_bytes(), text.ends_with('\n'));
            let taken = lines.take(&Frame { source, bytes, cut: 0, ends_line }, |line| {
                out.push(line);
            });
            if taken == Taken::Stray {
                let (time, text) = (Timestamp(0), b"stray".to_vec());
                out.push(Line { source, time, text, cut: 0 });
            }
        }
        out.extend(lines.finish());
        let shown = out.iter().map(|it| {
            let text = String::from_utf8_lossy(&it.text);
            format!("{:?} {} {text:?} {}", it.source, it.time.0 % 1_000_000_000, it.cut)
        });
        assert_eq!(shown.collect::<Vec<_>>(), expect, "for {messages:?}");
    }

    #[test]
    fn lines() {
        check(&["oAT.1Z a b\n"], &[r#"Stdout 100000000 "a b" 0"#]);
        check(
            &["oAT.1Z a\r\n", "eAT.2Z \n"],
            &[r#"Stdout 100000000 "a" 0"#, r#"Stderr 200000000 "" 0"#],
        );
        check(
            &["oAT.1Z in ", "eAT.1Z other\n", "oAT.1Z three ", "oAT.1Z !\n"],
            &[r#"Stderr 100000000 "other" 0"#, r#"Stdout 100000000 "in three !" 0"#],
        );
        check(
            &["oAT.1Z in ", "otwo\n", "oAT.2Z next\n"],
            &[r#"Stdout 100000000 "in two" 0"#, r#"Stdout 200000000 "next" 0"#],
        );
        check(
            &["oAT.1Z cut of", "oAT.2Z next\n", "oAT.3Z open"],
            &[
                r#"Stdout 100000000 "cut of" 0"#,
                r#"Stdout 200000000 "next" 0"#,
                r#"Stdout 300000000 "open" 0"#,
            ],
        );
        check(&["oAT.1Z 0123456789", "oAT.1Z abcdef\n"], &[r#"Stdout 100000000 "0123456789ab" 4"#]);
        check(
            &["onothing\n", "sAT.1Z error grabbing logs\n"],
            &[r#"Stdout 0 "stray" 0"#, r#"Engine 0 "stray" 0"#],
        );
    }
}
