//! Bytes → physical lines, with where each begins and ends, however the bytes were chopped.

use std::borrow::Cow;

/// Splits the bytes of one file at newlines and holds the last line until its newline comes.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The line that has no newline yet, cut at `bytes_max`.
    rest: Vec<u8>,
    /// Where it begins in the file.
    start: u64,
    /// Where the next byte comes from.
    end: u64,
    /// NUL bytes at the beginning of the line that were left out.
    nuls: u64,
    bytes_max: usize,
}

/// One physical line, without its newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Physical<'a> {
    /// The bytes, cut at the limit.
    pub bytes: Cow<'a, [u8]>,
    /// Bytes that were cut off the end.
    pub cut: u64,
    /// Where it begins in the file.
    pub start: u64,
    /// Where what follows it begins.
    pub end: u64,
}

impl Splitter {
    /// A splitter for bytes from this place in a file on.
    pub fn new(start: u64, bytes_max: usize) -> Self {
        Self { rest: Vec::new(), start, end: start, nuls: 0, bytes_max }
    }

    /// Where the first line begins that was not given out.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Where the next byte comes from.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Whether no line is left without its newline.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes the next bytes and gives out the lines that they complete.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Physical<'_>)) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let line = &bytes[..at];
            if self.is_empty() && at <= self.bytes_max && line.first() != Some(&0) {
                // Nearly all lines are whole in what was read, and need not be copied.
                let end = self.end + at as u64 + 1;
                let start = std::mem::replace(&mut self.start, end);
                self.end = end;
                each(Physical { bytes: Cow::Borrowed(line), cut: 0, start, end });
            } else {
                self.hold(line);
                self.end += 1;
                each(self.give());
            }
            bytes = &bytes[at + 1..];
        }
        self.hold(bytes);
    }

    /// The last line of a file that ends without a newline.
    pub fn finish(&mut self) -> Option<Physical<'static>> {
        (!self.is_empty()).then(|| self.give())
    }

    fn hold(&mut self, bytes: &[u8]) {
        let bytes = self.skip_hole(bytes);
        let room = self.bytes_max - self.rest.len();
        self.rest.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.end += bytes.len() as u64;
    }

    /// Leaves out NUL bytes at the beginning of a line. A log that was truncated under a process
    /// that does not write at its end begins with a hole of them.
    fn skip_hole<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if !self.rest.is_empty() || bytes.first() != Some(&0) {
            return bytes;
        }
        let nuls = bytes.iter().take_while(|byte| **byte == 0).count();
        self.nuls += nuls as u64;
        self.end += nuls as u64;
        &bytes[nuls..]
    }

    fn give(&mut self) -> Physical<'static> {
        let bytes = std::mem::take(&mut self.rest);
        let newline = 1;
        let kept = bytes.len() as u64 + std::mem::take(&mut self.nuls) + newline;
        let cut = (self.end - self.start).saturating_sub(kept);
        let start = std::mem::replace(&mut self.start, self.end);
        Physical { bytes: Cow::Owned(bytes), cut, start, end: self.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(line: Physical<'_>) -> Physical<'static> {
        let Physical { bytes, cut, start, end } = line;
        Physical { bytes: Cow::Owned(bytes.into_owned()), cut, start, end }
    }

    #[track_caller]
    fn check(chunks: &[&str], finish: bool, expect: &[(&str, u64, u64)]) {
        let mut splitter = Splitter::new(100, 5);
        let mut lines = Vec::new();
        chunks
            .iter()
            .for_each(|chunk| splitter.feed(chunk.as_bytes(), |line| lines.push(owned(line))));
        if finish {
            lines.extend(splitter.finish().map(owned));
        }
        assert!(lines.is_sorted_by(|one, next| one.end == next.start), "for {chunks:?}");
        assert!(lines.last().is_none_or(|last| last.end == splitter.start()), "for {chunks:?}");
        let shown: Vec<_> = lines
            .iter()
            .map(|line| (std::str::from_utf8(&line.bytes).unwrap(), line.cut, line.start))
            .collect();
        assert_eq!(shown, expect, "for {chunks:?}");
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        check(&["a\nb\n"], false, &[("a", 0, 100), ("b", 0, 102)]);
        check(&["a", "", "b", "\n\nc"], false, &[("ab", 0, 100), ("", 0, 103)]);
        check(&["a\nb"], true, &[("a", 0, 100), ("b", 0, 102)]);
        check(&["a\n"], true, &[("a", 0, 100)]);
    }

    #[test]
    fn a_hole_is_left_out() {
        check(&["\0\0\0", "\0ab\0c\n\0\n"], false, &[("ab\0c", 0, 100), ("", 0, 109)]);
        check(&["\0\0\0\0\0\0\0abcdefg\n"], false, &[("abcde", 2, 100)]);
    }

    #[test]
    fn a_line_takes_no_more_than_its_bound() {
        check(&["1234567", "8\nx\n"], false, &[("12345", 3, 100), ("x", 0, 109)]);
    }
}
