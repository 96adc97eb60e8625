//! Which three characters stand together anywhere in the lines of a row group: a text with three
//! that never do is in none of its lines, so the row group need not be read.
//!
//! Letters are taken without their case, and all that is neither letter nor digit for one
//! character, so a set has few enough members to be kept as bits: 6 kB for 131,072 lines. Words of
//! people and programs have rare trigrams; numbers and ids have all of them, and gain nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The key of the sets in the Parquet file's key-value metadata.
pub(crate) const GRAMS_KEY: &str = "barogram.grams";
/// The version of the sets that are written, and the only one that is read.
const GRAMS_VERSION: u8 = 1;

/// Characters that are told apart: letters, digits, and one for the rest.
const CLASSES: usize = 26 + 10 + 1;
const WORDS: usize = (CLASSES * CLASSES * CLASSES).div_ceil(64);
const SET_BYTES: usize = WORDS * 8;
/// The most row groups that are read: more than a segment of the largest size has.
const SETS_MAX: usize = 100_000;
const ZSTD_LEVEL: i32 = 3;

/// The class of each byte.
const CLASS: [u8; 256] = {
    let mut classes = [36; 256];
    let mut byte = 0;
    while byte < 26 {
        classes[b'a' as usize + byte] = byte as u8;
        classes[b'A' as usize + byte] = byte as u8;
        byte += 1;
    }
    let mut digit = 0;
    while digit < 10 {
        classes[b'0' as usize + digit] = 26 + digit as u8;
        digit += 1;
    }
    classes
};

/// The trigrams of some lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grams(Box<[u64]>);

impl Grams {
    /// Those of no line.
    pub(crate) fn new() -> Self {
        Self(vec![0; WORDS].into())
    }

    /// Adds those of a line.
    pub(crate) fn add(&mut self, line: &[u8]) {
        for gram in grams(line) {
            self.0[gram / 64] |= 1 << (gram % 64);
        }
    }

    /// Whether any of the lines may contain a text.
    pub(crate) fn may_contain(&self, text: &[u8]) -> bool {
        grams(text).all(|gram| self.0[gram / 64] & (1 << (gram % 64)) != 0)
    }
}

/// The trigrams of a text, each as a number. It is made of three classes at hand and not of the
/// number before, for which the processor would have to wait at each byte.
fn grams(text: &[u8]) -> impl Iterator<Item = usize> {
    let class = |byte: &u8| usize::from(CLASS[usize::from(*byte)]);
    let (start, rest) = text.split_at(text.len().min(2));
    let mut before = (start.first().map_or(0, class), start.last().map_or(0, class));
    rest.iter().map(move |byte| {
        let (first, second) = before;
        let third = class(byte);
        before = (second, third);
        (first * CLASSES + second) * CLASSES + third
    })
}

/// The value under [`GRAMS_KEY`] for the sets of each row group.
pub(crate) fn to_text(sets: &[Grams]) -> std::io::Result<String> {
    let mut bytes = Vec::with_capacity(1 + sets.len() * SET_BYTES);
    bytes.push(GRAMS_VERSION);
    for word in sets.iter().flat_map(|set| &set.0) {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    Ok(STANDARD.encode(zstd::bulk::compress(&bytes, ZSTD_LEVEL)?))
}

/// Reads the value under [`GRAMS_KEY`]; `None` when it is not what this program can read, and then
/// nothing is left out.
pub(crate) fn parse(text: &str) -> Option<Vec<Grams>> {
    let packed = STANDARD.decode(text).ok()?;
    let bytes = zstd::bulk::decompress(&packed, 1 + SETS_MAX * SET_BYTES).ok()?;
    let (version, bytes) = bytes.split_first()?;
    if *version != GRAMS_VERSION || bytes.len() % SET_BYTES != 0 {
        return None;
    }
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    let set = |bytes: &[u8]| Grams(bytes.chunks_exact(8).map(word).collect());
    Some(bytes.chunks_exact(SET_BYTES).map(set).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(lines: &[&str]) -> Grams {
        let mut set = Grams::new();
        lines.iter().for_each(|line| set.add(line.as_bytes()));
        set
    }

    #[track_caller]
    fn check(lines: &[&str], text: &str, expect: bool) {
        assert_eq!(of(lines).may_contain(text.as_bytes()), expect, "{text:?} in {lines:?}");
    }

    #[test]
    fn a_text_with_other_trigrams_is_in_no_line() {
        check(&["the task failed"], "task", true);
        check(&["the task failed"], "TASK", true);
        check(&["the task failed"], "tasks", false);
        check(&["the task failed"], "killed", false);
        check(&["the task", "failed"], "task failed", false);
        check(&["a", "bc"], "abc", false);
        check(&[], "abc", false);
        // Too short to tell.
        check(&[], "ab", true);
        check(&[], "", true);
        // One for all others.
        check(&["a-b c"], "a:b", true);
        check(&["größe"], "gr", true);
    }

    proptest! {
        #[test]
        fn what_a_line_contains_may_be_there(line in ".{0,40}", from: usize, length in 0_usize..20) {
            let bytes = line.as_bytes();
            let from = from % (bytes.len() + 1);
            let part = &bytes[from..bytes.len().min(from + length)];
            prop_assert!(of(&[&line, "other"]).may_contain(part));
        }

        #[test]
        fn sets_round_trip(lines in prop::collection::vec(".{0,20}", 0..4)) {
            let sets: Vec<Grams> = lines.iter().map(|line| of(&[line])).collect();
            prop_assert_eq!(parse(&to_text(&sets).unwrap()), Some(sets));
        }
    }

    #[test]
    fn what_cannot_be_read_leaves_nothing_out() {
        assert_eq!(parse("%"), None);
        assert_eq!(parse(&STANDARD.encode(b"no zstd")), None);
        let pack = |bytes: &[u8]| STANDARD.encode(zstd::bulk::compress(bytes, 1).unwrap());
        assert_eq!(parse(&pack(&[2])), None);
        assert_eq!(parse(&pack(&[1, 0])), None);
    }
}
