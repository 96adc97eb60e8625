//! A block of snappy, written piece by piece.
//!
//! A push says the metadata of a log again with each of its lines, and that is most of a push. A
//! compressor of bytes has to find it again each time; here who writes says what is a repetition,
//! and only lines are searched, the cheap way. The form is that of
//! <https://github.com/google/snappy/blob/main/format_description.txt>.

/// Texts are compared in words of this many bytes, and nothing shorter is copied.
const WORD: usize = 8;
/// How many places of earlier texts are remembered, as a power of two: as many as the fastest cache
/// of a core holds.
const PLACES_BITS: u32 = 12;
/// After so many places in vain, one more is passed over at each step.
const PATIENCE_BITS: u32 = 5;
/// The kinds of elements, in the lowest two bits of their first byte.
const LITERAL: u8 = 0b00;
const COPY_NEAR: u8 = 0b01;
const COPY: u8 = 0b10;
const COPY_FAR: u8 = 0b11;
/// The most bytes of one copy.
const COPY_MAX: usize = 64;
/// The shortest copy that can follow another without being longer than what it saves.
const COPY_MIN: usize = 4;
/// The bounds of [`COPY_NEAR`]: its lengths end before the first, its distances before the second.
const NEAR_LEN: usize = 12;
const NEAR: usize = 1 << 11;
/// The longest literal whose length stands in its first byte.
const SHORT_LITERAL: usize = 60;

/// What is kept from one block to the next: memory alone.
#[derive(Debug)]
pub(super) struct Memory {
    bytes: Vec<u8>,
    places: Box<[Place]>,
}

/// A place in an earlier text, by the number of the text.
#[derive(Debug, Clone, Copy)]
struct Place {
    text: u32,
    offset: u32,
}

/// A block while it is written.
#[derive(Debug)]
pub(super) struct Block<'a, 'm> {
    bytes: &'m mut Vec<u8>,
    places: &'m mut [Place],
    texts: Vec<Text<'a>>,
    len: usize,
}

/// A text that was written, and where it begins in what the block stands for.
#[derive(Debug)]
struct Text<'a> {
    at: usize,
    bytes: &'a [u8],
}

impl Default for Memory {
    fn default() -> Self {
        Self { bytes: Vec::new(), places: vec![Place::NONE; 1 << PLACES_BITS].into() }
    }
}

impl Memory {
    /// Begins a block that stands for so many bytes.
    pub(super) fn begin<'a, 'm>(&'m mut self, len: u32) -> Block<'a, 'm> {
        self.places.fill(Place::NONE);
        self.bytes.clear();
        let mut rest = len;
        while rest >= 0x80 {
            self.bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
        Block { bytes: &mut self.bytes, places: &mut self.places, texts: Vec::new(), len: 0 }
    }
}

impl<'a> Block<'a, '_> {
    /// How much of what the block stands for is written.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The block.
    pub(super) fn end(self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Writes bytes that are like nothing before them.
    pub(super) fn literal(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.len += bytes.len();
        let last = bytes.len() - 1;
        if last < SHORT_LITERAL {
            self.bytes.push((last as u8) << 2 | LITERAL);
        } else {
            let width = (u64::BITS - last.leading_zeros()).div_ceil(8) as usize;
            self.bytes.push(((SHORT_LITERAL + width - 1) as u8) << 2 | LITERAL);
            self.bytes.extend_from_slice(&last.to_le_bytes()[..width]);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes once more what stands at this place.
    pub(super) fn again(&mut self, at: usize, len: usize) {
        let distance = self.len - at;
        self.len += len;
        let mut rest = len;
        while rest >= COPY_MAX + COPY_MIN {
            self.copy(distance, COPY_MAX);
            rest -= COPY_MAX;
        }
        if rest > COPY_MAX {
            self.copy(distance, rest - COPY_MIN);
            rest = COPY_MIN;
        }
        if rest > 0 {
            self.copy(distance, rest);
        }
    }

    /// Writes a text that may have much of an earlier one.
    pub(super) fn text(&mut self, bytes: &'a [u8]) {
        let text = self.texts.len() as u32;
        let begin = self.len;
        self.texts.push(Text { at: begin, bytes });
        let (mut written, mut at) = (0, 0);
        while let Some(word) = word(bytes, at) {
            let place = &mut self.places[slot(word)];
            let earlier = std::mem::replace(place, Place { text, offset: at as u32 });
            let Some((from, len)) = self.same(earlier, &bytes[at..]) else {
                at += 1 + ((at - written) >> PATIENCE_BITS);
                continue;
            };
            self.literal(&bytes[written..at]);
            self.again(from, len);
            at += len;
            written = at;
        }
        self.literal(&bytes[written..]);
    }

    /// Where in the block a place is, and how much there is the same as this, when it is enough.
    fn same(&self, place: Place, bytes: &[u8]) -> Option<(usize, usize)> {
        let text = self.texts.get(place.text as usize)?;
        let len = common(text.bytes.get(place.offset as usize..)?, bytes);
        (len >= WORD).then_some((text.at + place.offset as usize, len))
    }

    fn copy(&mut self, distance: usize, len: usize) {
        let element = |kind: u8| ((len - 1) as u8) << 2 | kind;
        if (COPY_MIN..NEAR_LEN).contains(&len) && distance < NEAR {
            let high = (distance >> 8) as u8;
            let element = high << 5 | ((len - COPY_MIN) as u8) << 2 | COPY_NEAR;
            self.bytes.extend_from_slice(&[element, distance as u8]);
        } else if let Ok(distance) = u16::try_from(distance) {
            let [low, high] = distance.to_le_bytes();
            self.bytes.extend_from_slice(&[element(COPY), low, high]);
        } else {
            self.bytes.push(element(COPY_FAR));
            self.bytes.extend_from_slice(&(distance as u32).to_le_bytes());
        }
    }
}

impl Place {
    /// In no text: that many texts have no place in a block.
    const NONE: Self = Self { text: u32::MAX, offset: 0 };
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk::<WORD>().map(|word| u64::from_le_bytes(*word))
}

/// Where a word is remembered.
fn slot(word: u64) -> usize {
    // An odd number with as many ones as zeros, near 2^64 divided by the golden ratio.
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES_BITS)) as usize
}

/// How many bytes are the same at the beginning of both.
fn common(one: &[u8], other: &[u8]) -> usize {
    let mut len = 0;
    while let (Some(one), Some(other)) = (word(one, len), word(other, len)) {
        if one != other {
            return len + ((one ^ other).trailing_zeros() / u8::BITS) as usize;
        }
        len += WORD;
    }
    let rest = one.iter().zip(other).skip(len);
    len + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is written.
    #[derive(Debug, Clone)]
    enum Piece {
        Literal(Vec<u8>),
        Text(Vec<u8>),
        /// A share of what is there, by place and length.
        Again(prop::sample::Index, prop::sample::Index),
    }

    /// Writes the pieces, and reads them with somebody else's reader.
    #[track_caller]
    fn check(memory: &mut Memory, pieces: &[Piece]) -> usize {
        let mut plain = Vec::<u8>::new();
        let mut places = Vec::new();
        for piece in pieces {
            let at = plain.len();
            match piece {
                Piece::Literal(bytes) | Piece::Text(bytes) => plain.extend(bytes),
                Piece::Again(from, len) if at > 0 => {
                    let from = from.index(at);
                    let len = len.index(at - from + 1);
                    plain.extend_from_within(from..from + len);
                    places.push((from, len));
                }
                Piece::Again(..) => {}
            }
        }
        let mut block = memory.begin(plain.len() as u32);
        let mut places = places.into_iter();
        for piece in pieces {
            match piece {
                Piece::Literal(bytes) => block.literal(bytes),
                Piece::Text(bytes) => block.text(bytes),
                Piece::Again(..) if block.len() > 0 => {
                    let (from, len) = places.next().unwrap();
                    block.again(from, len);
                }
                Piece::Again(..) => {}
            }
        }
        assert_eq!(block.len(), plain.len());
        let block = block.end();
        assert_eq!(snap::raw::Decoder::new().decompress_vec(&block).unwrap(), plain);
        block.len()
    }

    #[test]
    fn what_is_alike_is_copied() {
        let text = |text: &str| Piece::Text(text.into());
        let memory = &mut Memory::default();
        let line = "[2026-11-27T10:00:00] {etl.py:57} INFO - Processed 1 of 100000 records";
        let one = check(memory, &[text(line)]);
        assert!(one > line.len());
        let two = check(memory, &[text(line), text(&line.replace("Processed 1", "Processed 2"))]);
        assert!(two - one < 12, "{two} bytes for two lines, {one} for one");
        let spaces = check(memory, &[text(&" ".repeat(10_000))]);
        assert!(spaces < 600, "{spaces} bytes for spaces");
        // What an earlier block had is not copied from.
        assert_eq!(check(memory, &[text(line)]), one);
        let far = [text(line), Piece::Literal(vec![7; 70_000]), text(line)];
        assert!(check(memory, &far) < 70_000 + 2 * line.len());
    }

    #[test]
    fn lengths_and_distances_at_their_bounds() {
        for len in [1, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537, 1 << 24] {
            check(&mut Memory::default(), &[Piece::Literal(vec![b'x'; len])]);
        }
        for len in 1..=200 {
            for distance in [200, 2047, 2048, 65_535, 65_536] {
                let memory = &mut Memory::default();
                let plain: Vec<u8> = (0..distance).map(|at: usize| (at % 251) as u8).collect();
                let mut block = memory.begin((distance + len) as u32);
                block.literal(&plain);
                block.again(0, len);
                let read = snap::raw::Decoder::new().decompress_vec(&block.end()).unwrap();
                assert_eq!(read, [&plain, &plain[..len]].concat(), "{len} at {distance}");
            }
        }
    }

    fn piece() -> impl Strategy<Value = Piece> {
        let few = prop::collection::vec(0..3_u8, 0..300);
        let any_bytes = prop::collection::vec(any::<u8>(), 0..300);
        prop_oneof![
            any_bytes.prop_map(Piece::Literal),
            few.prop_map(Piece::Text),
            "(Processed|Skipped) [0-9]{1,3} of [0-9]{1,3} records.*"
                .prop_map(|text| Piece::Text(text.into())),
            (any::<prop::sample::Index>(), any::<prop::sample::Index>())
                .prop_map(|(from, len)| Piece::Again(from, len)),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(pieces in prop::collection::vec(piece(), 0..30)) {
            check(&mut Memory::default(), &pieces);
        }
    }
}
