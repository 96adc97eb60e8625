//! Tells code from comments and literals, byte by byte.
//!
//! All that the rules need of Rust's grammar is to know where a brace is a brace and a word is a
//! word. A lexer of a hundred lines answers that; a parser would add a minute to every fresh build.

/// What a byte of a Rust source belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything that is neither of the others, white space included.
    Code,
    /// A line or block comment, documentation included.
    Comment,
    /// A string or character literal of any sort, with its delimiters and the `r` of a raw one.
    Literal,
}

/// The kind of each byte.
pub fn classify(text: &str) -> Vec<Kind> {
    let mut scan = Scan { bytes: text.as_bytes(), kinds: vec![Kind::Code; text.len()], at: 0 };
    while scan.at < scan.bytes.len() {
        scan.step();
    }
    scan.kinds
}

/// Where `word` stands in `text` as a whole word, in bytes.
pub fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Whether a character can be part of a word.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Scan<'a> {
    bytes: &'a [u8],
    kinds: Vec<Kind>,
    at: usize,
}

impl Scan<'_> {
    /// Passes over one comment, literal, word or other byte.
    fn step(&mut self) {
        match &self.bytes[self.at..] {
            [b'/', b'/', ..] => self.mark(self.line_comment_end(), Kind::Comment),
            [b'/', b'*', ..] => self.mark(self.block_comment_end(), Kind::Comment),
            [b'"', ..] => self.mark(self.quoted_end(self.at + 1, b'"'), Kind::Literal),
            [b'\'', ..] => self.character(),
            [first, ..] if is_word_byte(*first) => self.word(),
            _ => self.at += 1,
        }
    }

    /// Gives all bytes up to `end` a kind and moves there.
    fn mark(&mut self, end: usize, kind: Kind) {
        self.kinds[self.at..end].fill(kind);
        self.at = end;
    }

    fn line_comment_end(&self) -> usize {
        self.find(self.at, b"\n").unwrap_or(self.bytes.len())
    }

    /// Block comments nest.
    fn block_comment_end(&self) -> usize {
        let mut depth = 0;
        let mut at = self.at;
        while at < self.bytes.len() {
            match &self.bytes[at..] {
                [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
                [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
            if depth == 0 {
                return at;
            }
        }
        self.bytes.len()
    }

    /// The byte after the closing delimiter of a literal with escapes.
    fn quoted_end(&self, mut at: usize, delimiter: u8) -> usize {
        while at < self.bytes.len() {
            match self.bytes[at] {
                b'\\' => at += 2,
                byte if byte == delimiter => return at + 1,
                _ => at += 1,
            }
        }
        self.bytes.len()
    }

    /// A character literal, or the quote that opens a lifetime.
    fn character(&mut self) {
        let start = self.at + 1;
        let end = match self.bytes.get(start) {
            Some(b'\\') => Some(self.quoted_end(start, b'\'')),
            Some(first) => {
                let after = start + utf8_length(*first);
                (self.bytes.get(after) == Some(&b'\'')).then_some(after + 1)
            }
            None => None,
        };
        match end {
            Some(end) => self.mark(end, Kind::Literal),
            None => self.at = start,
        }
    }

    /// A word; `r`, `br` and `cr` may open a raw string.
    fn word(&mut self) {
        let start = self.at;
        let rest = &self.bytes[start..];
        let length = rest.iter().take_while(|byte| is_word_byte(**byte)).count();
        self.at += length;
        if !matches!(&rest[..length], b"r" | b"br" | b"cr") {
            return;
        }
        let hashes = rest[length..].iter().take_while(|byte| **byte == b'#').count();
        if rest.get(length + hashes) == Some(&b'"') {
            let mut closing = vec![b'"'];
            closing.resize(hashes + 1, b'#');
            let body = self.at + hashes + 1;
            let end = self.find(body, &closing).map_or(self.bytes.len(), |at| at + closing.len());
            self.at = start;
            self.mark(end, Kind::Literal);
        }
    }

    fn find(&self, from: usize, needle: &[u8]) -> Option<usize> {
        let rest = self.bytes.get(from..)?;
        rest.windows(needle.len()).position(|window| window == needle).map(|at| from + at)
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// How many bytes the character has that begins with `first`.
fn utf8_length(first: u8) -> usize {
    match first {
        0x00..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, classify, words};

    /// Comments are shown as `c`, literals as `l`, code as itself.
    #[track_caller]
    fn check(text: &str, expect: &str) {
        let kinds = classify(text);
        let shown: String = text
            .char_indices()
            .map(|(at, c)| match kinds[at] {
                Kind::Code => c,
                Kind::Comment => 'c',
                Kind::Literal => 'l',
            })
            .collect();
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn comments() {
        check("a // b", "a cccc");
        check("a // b\nc", "a cccc\nc");
        check("/* a /* b */ c */ d", "ccccccccccccccccc d");
        check("/** open", "cccccccc");
        check("a / b * c", "a / b * c");
    }

    #[test]
    fn literals() {
        check(r#"f("a{", 1)"#, "f(llll, 1)");
        check(r#""\"{" {"#, "lllll {");
        check(r#"b"{" c"{""#, "blll clll");
        check(r##"r#"a"{"# }"##, "llllllll }");
        check(r#"br"\" }"#, "lllll }");
        check("r#type r", "r#type r");
        check("\"open", "lllll");
        check("\"// no comment\"", "lllllllllllllll");
    }

    #[test]
    fn characters_and_lifetimes() {
        check("'{' '\\'' '\\u{7d}'", "lll llll llllllll");
        check("'ä' b'x'", "lll blll");
        check("&'a str, 'static", "&'a str, 'static");
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
        check("'", "'");
    }

    #[test]
    fn whole_words() {
        let found: Vec<usize> = words("fn fnord fn_ _fn fn", "fn").collect();
        assert_eq!(found, [0, 17]);
    }
}
