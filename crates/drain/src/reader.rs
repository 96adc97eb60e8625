//! From a line to its words and gaps, and to its path in the tree, in one pass.

use crate::byte::{DIGIT, GAP, JOINT, MARK, class};
use crate::config::Config;
use crate::hash::PathHash;
use crate::json::Message;
use crate::mask::mask;
use crate::token::{Kind, Tokens};
use crate::tree::Path;
use crate::word::{Place, is_message_key};

/// Begins a terminal's colour, `\x1b[1;34m`, which belongs to a gap.
const ESCAPE: u8 = 0x1b;
/// `--` and `...` are words, `----` is a line.
const RULER_BYTES_MIN: usize = 4;

/// Reads one line after another into the same memory.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    tokens: Tokens,
    /// The word that is being read, with its variables replaced.
    masked: String,
    hash: PathHash,
}

impl Reader {
    /// The words and gaps of the last line.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Reads a line as far as it is mined, and gives its path. `None` when nothing of it is.
    pub(crate) fn read(&mut self, line: &str, config: &Config) -> Option<Path> {
        self.tokens.clear();
        self.hash = PathHash::default();
        let text = &line[..line.floor_char_boundary(usize::from(config.line_bytes_max))];
        let mut at = 0;
        let (mut before, mut key) = ("", None);
        let mut message = Message::of(line);
        while at < text.len() && self.tokens.len() < config.words_max {
            let (classes, word_end) = scan_word(text.as_bytes(), at);
            let end = scan_gap(text.as_bytes(), word_end);
            if end == text.len() && end < line.len() {
                // What the limit cuts in two belongs to the rest.
                break;
            }
            let (word, after) = (&text[at..word_end], &text[word_end..end]);
            let mut place = Place { before, word, classes, after, key };
            let next_key = place.as_key();
            let message_end = message.end(place.is_key() && is_message_key(word), after);
            let message_end = message_end.filter(|_| end < line.len());
            if let Some(bytes) = message_end {
                place.after = &after[..bytes];
            }
            self.push(&place, config);
            (before, key, at) = (after, next_key, word_end + place.after.len());
            if message_end.is_some() {
                break;
            }
        }
        self.tokens.is_cut = at < line.len();
        (!self.tokens.is_blank()).then(|| self.hash.path())
    }

    fn push(&mut self, place: &Place<'_>, config: &Config) {
        self.masked.clear();
        let has_digits = place.classes & DIGIT != 0;
        let is_open = place.word.len() > config.word_bytes_max
            || place.is_capture()
            || is_ruler(place)
            || (has_digits && mask(place.word, &mut self.masked));
        let word = match is_open {
            true => "",
            false if has_digits => &self.masked,
            false => place.word,
        };
        let kind = if is_open && !place.is_key() { Kind::Loose } else { place.kind() };
        self.hash.add(kind, word, place.after);
        self.tokens.push(kind, is_open, word, place.after);
    }
}

/// Whether a word is a line of hyphens, or of the carets under a line of Python.
fn is_ruler(place: &Place<'_>) -> bool {
    place.classes == JOINT && place.word.len() >= RULER_BYTES_MIN
}

/// The classes of the bytes of a word, and its end.
fn scan_word(bytes: &[u8], at: usize) -> (u8, usize) {
    let mut classes = 0;
    for (index, byte) in bytes[at..].iter().enumerate() {
        let class = class(*byte);
        if class & GAP != 0 {
            return (classes, at + index);
        }
        classes |= class;
    }
    (classes, bytes.len())
}

/// The end of a gap. A colon right behind a mark is part of it, as in `"key":"value"`.
fn scan_gap(bytes: &[u8], mut at: usize) -> usize {
    let mut before = 0;
    while let Some(byte) = bytes.get(at) {
        let class = class(*byte);
        let belongs = class & GAP != 0 || (*byte == b':' && before == MARK);
        if !belongs {
            break;
        }
        at += if *byte == ESCAPE { colour_bytes(&bytes[at..]) } else { 1 };
        before = class;
    }
    at
}

/// How long the colour is that a text begins with; 1 if it is none.
fn colour_bytes(text: &[u8]) -> usize {
    let Some([b'[', codes @ ..]) = text.get(1..) else { return 1 };
    let digits = codes.iter().position(|byte| !byte.is_ascii_digit() && *byte != b';');
    digits.filter(|at| codes[*at] == b'm').map_or(1, |at| "\x1b[".len() + at + "m".len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::VARIABLE;
    use crate::token::Part;

    fn letter(kind: Kind) -> char {
        match kind {
            Kind::Key => 'K',
            Kind::Level => '!',
            Kind::Plain => 'P',
            Kind::Capitals => 'C',
            Kind::Loose => 'L',
        }
    }

    /// Each word with a letter for its kind, and each gap, parted by points.
    fn shown(line: &str, config: &Config) -> String {
        let mut reader = Reader::default();
        let path = reader.read(line, config);
        let part = |part: Part<'_>| {
            let word = part.word.replace(VARIABLE, "<_>");
            let word = if part.token.word_open { "<_>" } else { &word };
            format!("{}|{word}|{}", letter(part.token.kind), part.gap)
        };
        let parts: Vec<_> = reader.tokens().parts().map(part).collect();
        let rest = if reader.tokens().is_cut { "…" } else { "" };
        if path.is_some() { parts.join("·") + rest } else { "none".to_owned() }
    }

    #[track_caller]
    fn check(line: &str, expect: &str) {
        assert_eq!(shown(line, &Config::default()), expect, "{line:?}");
    }

    #[test]
    fn words_and_gaps() {
        check("Done, see a.b", "P|Done|, ·P|see| ·L|a.b|");
        check("  x", "K||  ·P|x|");
        check("12 rows: 7ms", "L|<_>| ·P|rows:| ·L|<_>|");
        check("\x1b[1;34mPOST\x1b[0m", "K||\x1b[1;34m·C|POST|\x1b[0m");
        check("\x1b[2J", "K||\x1b[·L|<_>|");
        check("x ---- y -- z", "P|x| ·L|<_>| ·P|y| ·L|--| ·P|z|");
        check(" \t", "none");
    }

    #[test]
    fn keys_and_values() {
        check("a=b, c=12", "K|a|=·L|b|, ·K|c|=·L|<_>|");
        check(r#"{"a":"b c"}"#, r#"K||{"·K|a|":"·P|b| ·P|c|"}"#);
        check(r#"{\"a\": \"b\"}"#, r#"K||{\"·K|a|\": \"·L|b|\"}"#);
        check("a= b=c", "K|a|= ·K|b|=·L|c|");
        check("YWJj== a == b", "P|YWJj|== ·P|a| == ·P|b|");
        check("x=y=z", "K|x|=·L|y|=·P|z|");
    }

    #[test]
    fn messages_are_prose_and_end_json_lines() {
        check("msg=a.b x=a.b", "K|msg|=·P|a.b| ·K|x|=·L|a.b|");
        check(r#"{"msg":"a b","c":1}"#, r#"K||{"·K|msg|":"·P|a| ·P|b|"…"#);
        check(r#"{"msg":"[a]","c":1}"#, r#"K||{"·K|msg|":"[·P|a|]"…"#);
        check(r#"{"msg":"a"}"#, r#"K||{"·K|msg|":"·P|a|"}"#);
        check(r#"{"msg":"","c":1}"#, r#"K||{"·K|msg|":""…"#);
    }

    #[test]
    fn levels() {
        check("WARNING: x", "!|WARNING:| ·P|x|");
        check("level=info", "K|level|=·!|info|");
    }

    #[test]
    fn what_logql_would_take_for_a_capture_is_a_variable() {
        check("in <module> <a-b> <1>", "P|in| <·L|<_>|> <·L|a-b|> <·L|<_>|>");
    }

    #[test]
    fn the_rest_is_cut_off_between_words() {
        let config = Config { line_bytes_max: 4, ..Config::default() };
        assert_eq!(shown("ab cd", &config), "P|ab| …");
        assert_eq!(shown("a  cd", &config), "P|a|  …");
        assert_eq!(shown("abcd ", &config), "none");
        let config = Config { words_max: 1, ..config };
        assert_eq!(shown("a b", &config), "P|a| …");
    }
}
