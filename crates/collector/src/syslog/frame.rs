//! Where messages end in a stream of bytes (RFC 6587): after as many bytes as are told before each,
//! or at a delimiter. Each message says by its first byte which it is.

/// Digits of a count of bytes. More are no count.
const COUNT_DIGITS_MAX: usize = 9;

/// Cuts a stream into messages.
#[derive(Debug)]
pub struct Framer {
    delimiter: u8,
    /// Whether messages may begin with a count of their bytes.
    has_counts: bool,
    bytes_max: usize,
    state: State,
    /// What is known of the message that is being read.
    bytes: Vec<u8>,
    is_cut: bool,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is made of, without its end.
    pub bytes: Vec<u8>,
    /// Whether its end is missing, since it was longer than it may be.
    pub is_cut: bool,
}

impl Frame {
    /// The message that these bytes are, of which so many are kept.
    #[must_use]
    pub fn new(bytes: &[u8], bytes_max: usize) -> Self {
        Self::ended(bytes[..bytes.len().min(bytes_max)].to_vec(), bytes.len() > bytes_max)
    }

    fn ended(mut bytes: Vec<u8>, is_cut: bool) -> Self {
        while bytes.last().is_some_and(|byte| b"\r\n\0".contains(byte)) {
            bytes.pop();
        }
        Self { bytes, is_cut }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a message.
    Between,
    /// Within a count.
    Count,
    /// So many bytes are to come.
    Counted(usize),
    /// Until a delimiter.
    Delimited,
}

impl Framer {
    /// Messages of so many bytes at most; what is longer is cut.
    #[must_use]
    pub fn new(delimiter: u8, has_counts: bool, bytes_max: usize) -> Self {
        let (state, bytes) = (State::Between, Vec::new());
        Self { delimiter, has_counts, bytes_max, state, bytes, is_cut: false }
    }

    /// Takes bytes, and returns the messages that are whole by now.
    pub fn push(&mut self, mut bytes: &[u8]) -> Vec<Frame> {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            bytes = self.step(bytes, &mut out);
        }
        out
    }

    /// What is left when nothing more comes.
    pub fn finish(&mut self) -> Option<Frame> {
        let is_message = self.state != State::Between && !self.bytes.is_empty();
        is_message.then(|| self.take())
    }

    /// Takes some bytes, and returns the others.
    fn step<'a>(&mut self, bytes: &'a [u8], out: &mut Vec<Frame>) -> &'a [u8] {
        let first = bytes[0];
        match self.state {
            State::Between if [self.delimiter, b'\n', b'\r'].contains(&first) => &bytes[1..],
            State::Between if self.has_counts && matches!(first, b'1'..=b'9') => {
                self.state = State::Count;
                bytes
            }
            State::Between => {
                self.state = State::Delimited;
                bytes
            }
            State::Count if first.is_ascii_digit() && self.bytes.len() < COUNT_DIGITS_MAX => {
                self.bytes.push(first);
                &bytes[1..]
            }
            State::Count if first == b' ' => {
                let count = std::mem::take(&mut self.bytes);
                let add = |count: usize, digit: &u8| count * 10 + usize::from(digit - b'0');
                self.state = State::Counted(count.iter().fold(0, add));
                &bytes[1..]
            }
            // It was no count: the line begins with a number.
            State::Count => {
                self.state = State::Delimited;
                bytes
            }
            State::Counted(left) => {
                let (taken, rest) = bytes.split_at(left.min(bytes.len()));
                self.keep(taken);
                self.state = State::Counted(left - taken.len());
                if left == taken.len() {
                    out.push(self.take());
                }
                rest
            }
            State::Delimited => {
                let end = memchr::memchr(self.delimiter, bytes);
                self.keep(&bytes[..end.unwrap_or(bytes.len())]);
                let Some(end) = end else { return &[] };
                out.push(self.take());
                &bytes[end + 1..]
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.bytes_max.saturating_sub(self.bytes.len());
        self.is_cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take(&mut self) -> Frame {
        self.state = State::Between;
        Frame::ended(std::mem::take(&mut self.bytes), std::mem::take(&mut self.is_cut))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The messages of a stream, with a mark behind those that are cut.
    fn frames(framer: &mut Framer, parts: &[&[u8]]) -> Vec<String> {
        let mut all: Vec<Frame> = parts.iter().flat_map(|part| framer.push(part)).collect();
        all.extend(framer.finish());
        let shown = |frame: &Frame| {
            let text = String::from_utf8_lossy(&frame.bytes).into_owned();
            if frame.is_cut { text + "…" } else { text }
        };
        all.iter().map(shown).collect()
    }

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        assert_eq!(frames(&mut Framer::new(b'\n', true, 8), &[text.as_bytes()]), expect);
    }

    #[test]
    fn messages_end_at_their_count_or_a_newline() {
        check("<1>a\n<1>b\r\n\n<1>c", &["<1>a", "<1>b", "<1>c"]);
        check("4 <1>a4 <1>b", &["<1>a", "<1>b"]);
        check("6 <1>a\nb<1>c\n4 <1>d\n5 <1>e\n", &["<1>a\nb", "<1>c", "<1>d", "<1>e"]);
        check("<1>abcdefgh\n<1>b\n", &["<1>abcde…", "<1>b"]);
        check("11 <1>abcdefgh4 <1>b", &["<1>abcde…", "<1>b"]);
        check("12:00 x\n3", &["12:00 x", "3"]);
        check("9 <1>a", &["<1>a"]);
        check("", &[]);
        let raw = frames(&mut Framer::new(0, false, 8), &[b"4 a\nb\0c\0"]);
        assert_eq!(raw, ["4 a\nb", "c"]);
    }

    proptest! {
        /// However the network cuts a stream, its messages are the same.
        #[test]
        fn parts_do_not_matter(
            text in "([0-9]{1,2} |<1>[a-z]{0,9}|\n|\r|[0-9]){0,12}",
            cut in 0..40_usize, more in 0..40_usize,
        ) {
            let bytes = text.as_bytes();
            let (first, rest) = bytes.split_at(cut.min(bytes.len()));
            let (second, third) = rest.split_at(more.min(rest.len()));
            let whole = frames(&mut Framer::new(b'\n', true, 8), &[bytes]);
            let parts = frames(&mut Framer::new(b'\n', true, 8), &[first, second, third]);
            prop_assert_eq!(whole, parts);
        }
    }
}
