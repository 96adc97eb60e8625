//! Which blocks a range of an object needs, and bytes from blocks and back. Pure.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// The size of a block, in bytes: about as much as an object store sends in the time that it takes
/// to answer at all, so that a smaller one would not come sooner.
pub(super) const BLOCK_BYTES: u64 = 1024 * 1024;

/// How many neighbouring blocks are fetched by one request. More would keep many readers waiting
/// for one answer, and a request that fails would cost more.
const RUN_BLOCKS_MAX: u64 = 16;

/// Which block of which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BlockKey {
    /// The path of the object.
    pub(super) object: Arc<str>,
    /// How many blocks are before it.
    pub(super) index: u64,
}

/// The bytes of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// None of them when the block is beyond the end of the object.
    pub(super) bytes: Bytes,
    /// The size of the whole object.
    pub(super) object_bytes: u64,
}

/// Objects divided into blocks of so many bytes; the last one of an object may be smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid(pub(super) u64);

impl Grid {
    /// The blocks that a range of bytes touches.
    pub(super) fn blocks(self, range: &Range<u64>) -> Range<u64> {
        range.start / self.0..range.end.div_ceil(self.0)
    }

    /// The bytes of a range of blocks, as if the object had no end.
    pub(super) fn bytes(self, blocks: &Range<u64>) -> Range<u64> {
        blocks.start.saturating_mul(self.0)..blocks.end.saturating_mul(self.0)
    }

    /// How many blocks an object has.
    pub(super) fn count(self, object_bytes: u64) -> u64 {
        object_bytes.div_ceil(self.0)
    }

    /// How many bytes a block of an object has.
    pub(super) fn length(self, index: u64, object_bytes: u64) -> u64 {
        object_bytes.saturating_sub(index.saturating_mul(self.0)).min(self.0)
    }

    /// The bytes of a range that lies in an object, from blocks that hold it.
    pub(super) fn assemble(self, blocks: &BTreeMap<u64, Block>, range: &Range<u64>) -> Bytes {
        let mut parts = blocks.range(self.blocks(range)).map(|(index, block)| {
            let (start, length) = (index * self.0, block.bytes.len() as u64);
            let from = range.start.saturating_sub(start).min(length);
            let to = range.end.saturating_sub(start).clamp(from, length);
            // Neither is more than the length, which came from a `usize`.
            block.bytes.slice(from as usize..to as usize)
        });
        match (parts.next(), parts.next()) {
            (None, _) => Bytes::new(),
            (Some(only), None) => only,
            (Some(first), Some(second)) => {
                let mut bytes = BytesMut::from(&first[..]);
                bytes.extend_from_slice(&second);
                parts.for_each(|part| bytes.extend_from_slice(&part));
                bytes.freeze()
            }
        }
    }
}

/// Blocks, in ascending order, as runs of neighbours, none longer than [`RUN_BLOCKS_MAX`].
pub(super) fn runs(indices: impl IntoIterator<Item = u64>) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for index in indices {
        match runs.last_mut() {
            Some(run) if run.end == index && run.end - run.start < RUN_BLOCKS_MAX => run.end += 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

/// Cuts the bytes of an object, from the beginning of a block on, into blocks with their numbers.
/// Each has memory of its own, so that a block that is kept does not keep its neighbours.
#[derive(Debug)]
pub(super) struct Cut<I> {
    chunks: I,
    /// What is left of the last chunk.
    chunk: Bytes,
    grid: Grid,
    index: u64,
    object_bytes: u64,
}

impl<I: Iterator<Item = Bytes>> Cut<I> {
    /// The blocks of these bytes, of which the first has this number.
    pub(super) fn new(chunks: I, grid: Grid, index: u64, object_bytes: u64) -> Self {
        Self { chunks, chunk: Bytes::new(), grid, index, object_bytes }
    }
}

impl<I: Iterator<Item = Bytes>> Iterator for Cut<I> {
    type Item = (u64, Block);

    fn next(&mut self) -> Option<(u64, Block)> {
        let (index, object_bytes) = (self.index, self.object_bytes);
        let length = usize::try_from(self.grid.length(index, object_bytes)).unwrap_or(0);
        let mut bytes = BytesMut::with_capacity(length);
        while bytes.len() < length {
            if self.chunk.is_empty() {
                self.chunk = self.chunks.next()?;
            }
            let part = self.chunk.len().min(length - bytes.len());
            bytes.extend_from_slice(&self.chunk.split_to(part));
        }
        self.index += 1;
        (length > 0).then(|| (index, Block { bytes: bytes.freeze(), object_bytes }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(indices: &[u64], expect: &[Range<u64>]) {
        assert_eq!(runs(indices.iter().copied()), expect);
    }

    #[test]
    fn neighbours_share_a_request() {
        check(&[], &[]);
        check(&[3, 5], &[3..4, 5..6]);
        check(&[0, 1, 2, 4, 6, 7], &[0..3, 4..5, 6..8]);
        check(&(1..20).collect::<Vec<_>>(), &[1..17, 17..20]);
    }

    proptest! {
        #[test]
        fn a_range_comes_out_of_its_blocks(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9),
            size in 1_u64..12,
            range in (0_u64..80, 0_u64..80),
        ) {
            let whole = chunks.concat();
            let length = whole.len() as u64;
            let start = range.0.min(length);
            let range = start..range.1.clamp(start, length);
            let grid = Grid(size);
            let chunks = chunks.into_iter().map(Bytes::from);
            let blocks: BTreeMap<u64, Block> = Cut::new(chunks, grid, 0, length).collect();
            prop_assert_eq!(blocks.len() as u64, grid.count(length));
            for (index, block) in &blocks {
                prop_assert_eq!(block.bytes.len() as u64, grid.length(*index, length));
            }
            let expect = &whole[range.start as usize..range.end as usize];
            prop_assert_eq!(&grid.assemble(&blocks, &range)[..], expect);
        }
    }
}
