//! A block as a file: its name, its bytes, and the checks that make anything else a miss. The
//! bytes are described in `docs/formats/cache.md`.

use std::fmt;

use bytes::Bytes;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::block::{Block, BlockKey, Grid};

/// The first bytes of every file.
const MAGIC: [u8; 8] = *b"baroblk\n";
/// The version of the files. A file of another one is a miss.
const CACHE_VERSION: u32 = 1;
/// The size of what is before the path, in bytes.
const HEADER_BYTES: usize = 40;
/// Where the checksum is in it.
const CHECKSUM_AT: usize = 32;
/// The ending of the name of a file that is being written.
pub(super) const UNFINISHED: &str = ".tmp";

/// The name of a block's file. Two objects may share one, for what little it is worth: the file
/// says whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileName {
    object: u128,
    index: u64,
}

impl FileName {
    /// The name of this block's file.
    pub(super) fn of(key: &BlockKey) -> Self {
        Self { object: xxh3_128(key.object.as_bytes()), index: key.index }
    }

    /// The first and the last name of an object's files.
    pub(super) fn range_of(object: &str) -> std::ops::RangeInclusive<Self> {
        let object = xxh3_128(object.as_bytes());
        Self { object, index: 0 }..=Self { object, index: u64::MAX }
    }

    /// Reads what `Display` writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (object, index) = text.strip_suffix(".block")?.split_once('-')?;
        let object = u128::from_str_radix(object, 16).ok()?;
        let name = Self { object, index: index.parse().ok()? };
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{}.block", self.object, self.index)
    }
}

/// What stands in the file before the block's bytes.
pub(super) fn head(key: &BlockKey, block: &Block) -> Vec<u8> {
    let path = key.object.as_bytes();
    let mut head = Vec::with_capacity(HEADER_BYTES + path.len());
    head.extend_from_slice(&MAGIC);
    head.extend_from_slice(&CACHE_VERSION.to_le_bytes());
    head.extend_from_slice(&u32::try_from(path.len()).unwrap_or(u32::MAX).to_le_bytes());
    head.extend_from_slice(&key.index.to_le_bytes());
    head.extend_from_slice(&block.object_bytes.to_le_bytes());
    head.extend_from_slice(&[0; 8]);
    head.extend_from_slice(path);
    let checksum = checksum(&head, &block.bytes).to_le_bytes();
    head[CHECKSUM_AT..HEADER_BYTES].copy_from_slice(&checksum);
    head
}

/// The block in a file, if it is the one that is asked for and whole.
pub(super) fn parse(key: &BlockKey, grid: Grid, file: Vec<u8>) -> Option<Block> {
    let end = HEADER_BYTES + key.object.len();
    if file.len() < end {
        return None;
    }
    let mut file = Bytes::from(file);
    let bytes = file.split_off(end);
    let object_bytes = u64::from_le_bytes(file[24..32].try_into().ok()?);
    let block = Block { bytes, object_bytes };
    // What is asked for has one head only, with magic, version, path and checksum in it.
    let whole = block.bytes.len() as u64 == grid.length(key.index, object_bytes);
    (whole && head(key, &block) == file).then_some(block)
}

fn checksum(head: &[u8], bytes: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&head[..CHECKSUM_AT]);
    hash.update(&head[HEADER_BYTES..]);
    hash.update(bytes);
    hash.digest()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(object: &str, index: u64) -> BlockKey {
        BlockKey { object: object.into(), index }
    }

    /// Twenty bytes in blocks of eight.
    fn file(key: &BlockKey) -> (Block, Vec<u8>) {
        let bytes = (0..Grid(8).length(key.index, 20)).map(|i| i as u8).collect::<Vec<_>>();
        let block = Block { bytes: bytes.into(), object_bytes: 20 };
        let file = [&head(key, &block)[..], &block.bytes].concat();
        (block, file)
    }

    #[test]
    fn version_1_has_these_bytes() {
        let (_, file) = file(&key("tenants/a/b.parquet", 2));
        let expect = [
            &b"baroblk\n"[..],
            &[1, 0, 0, 0],
            &[19, 0, 0, 0],
            &[2, 0, 0, 0, 0, 0, 0, 0],
            &[20, 0, 0, 0, 0, 0, 0, 0],
            &[0x3e, 0xa6, 0x23, 0x23, 0x18, 0xc5, 0x60, 0x53],
            b"tenants/a/b.parquet",
            &[0, 1, 2, 3],
        ];
        assert_eq!(file, expect.concat());
    }

    #[track_caller]
    fn check(asked: &BlockKey, grid: Grid, found: bool) {
        let (block, file) = file(&key("a", 1));
        assert_eq!(parse(asked, grid, file), found.then_some(block));
    }

    #[test]
    fn only_the_block_that_is_asked_for_is_read() {
        check(&key("a", 1), Grid(8), true);
        check(&key("b", 1), Grid(8), false);
        check(&key("aa", 1), Grid(8), false);
        check(&key("", 1), Grid(8), false);
        check(&key("a", 0), Grid(8), false);
        check(&key("a", 1), Grid(4), false);
    }

    proptest! {
        #[test]
        fn whatever_happens_to_a_file_makes_it_a_miss(at in 0_usize..49, bit in 0_u8..8) {
            let key = key("a", 1);
            let (block, mut file) = file(&key);
            prop_assert_eq!(parse(&key, Grid(8), file.clone()), Some(block));
            prop_assert_eq!(parse(&key, Grid(8), file[..at].to_vec()), None);
            prop_assert_eq!(parse(&key, Grid(8), [&file[..], &[0]].concat()), None);
            file[at] ^= 1 << bit;
            prop_assert_eq!(parse(&key, Grid(8), file), None);
        }

        #[test]
        fn names_round_trip(object: u128, index: u64) {
            let name = FileName { object, index };
            prop_assert_eq!(FileName::parse(&name.to_string()), Some(name));
            prop_assert_eq!(FileName::parse(&format!("{name}{UNFINISHED}")), None);
        }
    }
}
