//! From the bytes of a log to frames: an engine tells both streams of a container over one
//! connection, each message behind eight bytes that say whose it is and how long.

/// Whose a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The container's output.
    Stdout,
    /// The container's output of errors.
    Stderr,
    /// The engine's own.
    Engine,
}

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Whose it is.
    pub source: Source,
    /// What it says, cut at the limit.
    pub bytes: &'a [u8],
    /// Bytes that were cut off.
    pub cut: u64,
    /// Whether it ends with a newline.
    pub ends_line: bool,
}

/// Takes a log apart, however its bytes were chopped.
#[derive(Debug)]
pub struct Frames {
    head: [u8; 8],
    head_len: usize,
    source: Source,
    /// Bytes of the message that are still to come.
    left: usize,
    content: Vec<u8>,
    cut: u64,
    last: Option<u8>,
    bytes_max: usize,
}

impl Frames {
    /// At the beginning of a log, of whose messages so many bytes are kept.
    pub fn new(bytes_max: usize) -> Self {
        let (content, source) = (Vec::new(), Source::Engine);
        Self { head: [0; 8], head_len: 0, source, left: 0, content, cut: 0, last: None, bytes_max }
    }

    /// Takes the next bytes and gives out the messages that they complete.
    ///
    /// # Errors
    /// What is wrong with them: then nothing that follows can be understood.
    pub fn feed(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(Frame<'_>),
    ) -> Result<(), &'static str> {
        while !bytes.is_empty() {
            if self.head_len < self.head.len() {
                let count = bytes.len().min(self.head.len() - self.head_len);
                self.head[self.head_len..][..count].copy_from_slice(&bytes[..count]);
                self.head_len += count;
                bytes = &bytes[count..];
                if self.head_len < self.head.len() {
                    return Ok(());
                }
                self.begin()?;
            }
            let count = bytes.len().min(self.left);
            self.hold(&bytes[..count]);
            bytes = &bytes[count..];
            self.left -= count;
            if self.left == 0 {
                let ends_line = self.last == Some(b'\n');
                let (source, cut) = (self.source, self.cut);
                each(Frame { source, bytes: &self.content, cut, ends_line });
                self.content.clear();
                (self.head_len, self.cut, self.last) = (0, 0, None);
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), &'static str> {
        let [source, 0, 0, 0, len @ ..] = self.head else {
            return Err("its log is not told in frames");
        };
        self.source = match source {
            0 | 1 => Source::Stdout,
            2 => Source::Stderr,
            3 => Source::Engine,
            _ => return Err("its log is not told in frames"),
        };
        self.left = u32::from_be_bytes(len) as usize;
        Ok(())
    }

    fn hold(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(self.bytes_max - self.content.len());
        self.content.extend_from_slice(&bytes[..kept]);
        self.cut += (bytes.len() - kept) as u64;
        self.last = bytes.last().copied().or(self.last);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(source: u8, text: &[u8]) -> Vec<u8> {
        let len = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[source, 0, 0, 0], &len[..], text].concat()
    }

    fn fed(pieces: &[&[u8]], bytes_max: usize) -> Result<Vec<String>, &'static str> {
        let (mut frames, mut out) = (Frames::new(bytes_max), Vec::new());
        for piece in pieces {
            frames.feed(piece, |it| {
                let text = String::from_utf8_lossy(it.bytes);
                out.push(format!("{:?} {text:?} {} {}", it.source, it.cut, it.ends_line));
            })?;
        }
        Ok(out)
    }

    #[test]
    fn frames() {
        let log = [framed(1, b"a\n"), framed(2, b"bcdef\n"), framed(1, b""), framed(3, b"x")];
        let expect = [
            r#"Stdout "a\n" 0 true"#,
            r#"Stderr "bcd" 3 true"#,
            r#"Stdout "" 0 false"#,
            r#"Engine "x" 0 false"#,
        ];
        let expect: Vec<String> = expect.map(str::to_owned).to_vec();
        assert_eq!(fed(&[&log.concat()], 3), Ok(expect));
        assert!(fed(&[b"2026-11-22T08:00:00Z a line of a terminal"], 9).is_err());
        assert!(fed(&[&framed(4, b"")], 9).is_err());
    }

    proptest! {
        #[test]
        fn however_it_is_chopped(
            texts in prop::collection::vec((1..4_u8, "[a\n]{0,9}"), 0..9),
            cuts in prop::collection::vec(0..100_usize, 0..9),
        ) {
            let frames = texts.iter().map(|(source, text)| framed(*source, text.as_bytes()));
            let log = frames.collect::<Vec<_>>().concat();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|it| it.min(log.len())).collect();
            cuts.extend([0, log.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|it| &log[it[0]..it[1]]).collect();
            prop_assert_eq!(fed(&pieces, 5).unwrap(), fed(&[&log], 5).unwrap());
        }
    }
}
