//! How much an export may become: what it says once, of a resource, is written to each record.

use crate::push::decode::PushLimits;
use crate::push::error::PushError;

/// Names and values, as they will be the metadata of an entry.
pub(super) type Pairs = Vec<(String, String)>;

/// What is left of a push's limits while an export is mapped.
///
/// Without it, a resource of 30 kB with ten thousand records of two bytes each would become 300 MB.
pub(super) struct Room {
    limits: PushLimits,
    bytes: usize,
    elements: usize,
}

impl Room {
    pub(super) fn new(limits: &PushLimits) -> Self {
        let (bytes, elements) = (limits.max_decompressed_size, limits.max_elements);
        Self { limits: *limits, bytes, elements }
    }

    /// Makes room for bytes of text.
    pub(super) fn take_bytes(&mut self, bytes: usize) -> Result<(), PushError> {
        let left = self.bytes.checked_sub(bytes);
        let limit = self.limits.max_decompressed_size;
        self.bytes = left.ok_or(PushError::DecompressedTooLarge { limit })?;
        Ok(())
    }

    /// Makes room for a record or scope and its pairs.
    pub(super) fn take(&mut self, pairs: &Pairs) -> Result<(), PushError> {
        let left = self.elements.checked_sub(1 + pairs.len());
        let limit = self.limits.max_elements;
        self.elements = left.ok_or(PushError::TooManyElements { limit })?;
        self.take_bytes(pairs.iter().map(|(name, value)| name.len() + value.len()).sum())
    }

    /// A copy of pairs, for which there is room.
    pub(super) fn copy(&mut self, pairs: &Pairs) -> Result<Pairs, PushError> {
        self.take(pairs)?;
        Ok(pairs.clone())
    }
}
