//! What stands around a body, by the first byte of an input.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// How the rest of an input becomes a body. A fuzzer does not learn to compress, so in half of the
/// cases it is done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// As it is, and said to be so.
    Bare,
    /// As it is, and said to be compressed.
    Claimed,
    /// Compressed here.
    Packed,
}

impl Envelope {
    /// The envelope that the first byte of an input names, and the other bytes. Bit 7 is left for
    /// the target: it tells between two forms of a body.
    #[must_use]
    pub fn open(input: &[u8]) -> Option<(Self, bool, &[u8])> {
        let (first, rest) = input.split_first()?;
        let envelope = match first & 3 {
            0 => Self::Bare,
            1 => Self::Claimed,
            _ => Self::Packed,
        };
        Some((envelope, first & 0x80 != 0, rest))
    }

    /// The `Content-Encoding` and the body.
    #[must_use]
    pub fn gzip(self, bytes: &[u8]) -> (Option<&'static str>, Vec<u8>) {
        match self {
            Self::Bare => (None, bytes.to_vec()),
            Self::Claimed => (Some("gzip"), bytes.to_vec()),
            Self::Packed => {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
                gzip.write_all(bytes).expect("memory takes what is written");
                (Some("gzip"), gzip.finish().expect("memory takes what is written"))
            }
        }
    }
}
