//! What a byte is to a reader of logs.

/// A space, of which any number may pad a column.
pub(crate) const SPACE: u8 = 1;
/// What parts words: control characters, quotes, brackets, `=`, `,` and their like.
pub(crate) const MARK: u8 = 2;
/// What joins the parts of a word: `-`, `_`, `.`, `/`, `:` and their like.
pub(crate) const JOINT: u8 = 4;
/// A decimal digit.
pub(crate) const DIGIT: u8 = 8;
/// Any other byte: letters, and all that is not ASCII.
pub(crate) const LETTER: u8 = 16;
/// What stands in gaps.
pub(crate) const GAP: u8 = SPACE | MARK;

/// The class of a byte: one bit, so that the classes of a word's bytes are their union.
pub(crate) fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

const CLASSES: [u8; 256] = {
    let mut classes = [LETTER; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        classes[byte as usize] = match byte {
            b' ' => SPACE,
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'#'..=b'%' | b'*' | b'+' | b'-'..=b'/' | b':' | b'@' | b'^' | b'_' | b'~' => JOINT,
            _ => MARK,
        };
        byte += 1;
    }
    classes
};

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &str, expect: u8) {
        assert!(bytes.bytes().all(|byte| class(byte) == expect), "{bytes:?}");
    }

    #[test]
    fn every_printable_byte_has_its_class() {
        check(" ", SPACE);
        check("=,;\"'`()[]{}<>|&?!\\\t\n\r\0\x1b\x7f", MARK);
        check("#$%*+-./:@^_~", JOINT);
        check("0123456789", DIGIT);
        check("azAZéµ日", LETTER);
    }
}
