//! A line's path through the tree, hashed on the way through the line.
//!
//! The hash is FNV-1a, which is the same in every process and costs little for a few bytes. Whoever
//! makes lines to collide puts them into one leaf, whose size has a limit, and what is found there
//! is compared by its text.

use crate::token::{Kind, gap_shape};
use crate::tree::Path;

/// What is known of the path.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PathHash {
    structure: Hash,
    first_word: Option<Hash>,
}

impl PathHash {
    /// Adds a word, with its variables replaced, and the gap behind it.
    pub(crate) fn add(&mut self, kind: Kind, word: &str, gap: &str) {
        match kind {
            Kind::Key | Kind::Level => self.structure.add(word.bytes()),
            Kind::Plain | Kind::Capitals if self.first_word.is_none() => {
                let mut hash = Hash::default();
                hash.add(word.bytes());
                self.first_word = Some(hash);
            }
            Kind::Plain | Kind::Capitals | Kind::Loose => {}
        }
        self.structure.add(gap_shape(gap));
    }

    /// The path of what was added.
    pub(crate) fn path(self) -> Path {
        let first_word = self.first_word.unwrap_or_default();
        Path { structure: self.structure.0, first_word: first_word.0 }
    }
}

#[derive(Debug, Clone, Copy)]
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    /// Adds a text, and its end.
    fn add(&mut self, bytes: impl Iterator<Item = u8>) {
        // No text has this byte: it is not UTF-8.
        const END: u8 = 0xff;
        for byte in bytes.chain([END]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
