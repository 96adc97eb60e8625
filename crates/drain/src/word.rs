//! What a word is in its line, by its letters and by what stands around it.

use crate::byte::{JOINT, LETTER, class};
use crate::token::Kind;

/// The keys whose value is the message of a record: structlog's, Docker's, Java's, Go's.
const MESSAGE_KEYS: [&str; 4] = ["event", "log", "message", "msg"];

const LEVELS: [&str; 9] =
    ["trace", "debug", "info", "notice", "warn", "warning", "error", "critical", "fatal"];

/// `GET` is in capitals, `OK`, `I` and `A` say little.
const CAPITALS_MIN: usize = 3;

/// A word between two gaps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The gap before the word.
    pub before: &'a str,
    /// The word.
    pub word: &'a str,
    /// The classes of its bytes, as one set.
    pub classes: u8,
    /// The gap behind it.
    pub after: &'a str,
    /// The word before it, if that is the key of this one.
    pub key: Option<&'a str>,
}

/// Whether the value of a key is the message of a record.
pub(crate) fn is_message_key(key: &str) -> bool {
    MESSAGE_KEYS.contains(&key)
}

impl<'a> Place<'a> {
    /// The word, if the value is the next word.
    pub(crate) fn as_key(&self) -> Option<&'a str> {
        let after = self.after.trim_end_matches(['"', '\'', '\\']);
        let is_direct = after.ends_with(['=', ':']) || after.ends_with(": ");
        (is_direct && self.is_key()).then_some(self.word)
    }

    /// Whether a value of this word follows: `word=`, `"word":`.
    pub(crate) fn is_key(&self) -> bool {
        let after = self.after.strip_prefix('\\').unwrap_or(self.after).as_bytes();
        match after {
            // A comparison, or the end of something in base64.
            [b'=', b'=', ..] => false,
            [b'=', ..] | [b'"' | b'\'', b':', ..] => self.key.is_none() && !self.word.is_empty(),
            _ => false,
        }
    }

    /// What the word is.
    pub(crate) fn kind(&self) -> Kind {
        if self.is_key() || self.word.is_empty() {
            return Kind::Key;
        }
        if self.is_level() {
            return Kind::Level;
        }
        let loose = match self.key {
            Some(key) if self.is_whole_value() => !is_message_key(key),
            _ => !self.is_prose(),
        };
        match loose {
            true => Kind::Loose,
            false if self.is_in_capitals() => Kind::Capitals,
            false => Kind::Plain,
        }
    }

    /// Whether the word is `name` in `<name>`, which LogQL takes for a capture wherever it stands.
    pub(crate) fn is_capture(&self) -> bool {
        self.before.ends_with('<')
            && self.after.starts_with('>')
            && !self.word.starts_with(|first: char| first.is_ascii_digit())
            && self.word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    /// Whether a value is this word and nothing else.
    fn is_whole_value(&self) -> bool {
        !self.before.ends_with(['"', '\'']) || self.after.starts_with(['"', '\'', '\\'])
    }

    /// Letters, behind which a full stop or a colon may stand.
    fn is_prose(&self) -> bool {
        let bytes = self.word.as_bytes();
        match self.classes {
            LETTER => true,
            classes if classes == LETTER | JOINT => {
                let (last, rest) = bytes.split_last().expect("a word with classes is not empty");
                matches!(last, b'.' | b':') && rest.iter().all(|byte| class(*byte) == LETTER)
            }
            _ => false,
        }
    }

    fn is_in_capitals(&self) -> bool {
        let mut bytes = self.word.bytes();
        self.word.len() >= CAPITALS_MIN && bytes.all(|byte| !byte.is_ascii_lowercase())
    }

    fn is_level(&self) -> bool {
        let word = self.word.strip_suffix(':').unwrap_or(self.word);
        (4..=8).contains(&word.len()) && LEVELS.iter().any(|l| l.eq_ignore_ascii_case(word))
    }
}
