//! A compressed log, read as if it were not.
//!
//! The kubelet compresses logs that it has moved aside. What was read of one before is skipped by
//! unpacking it, since a place in it can be found in no other way.

use std::fs::File;
use std::io::{self, Read, Seek};

use flate2::read::MultiGzDecoder;

use crate::limits::FINGERPRINT_BYTES_MAX;

/// Bytes that are unpacked at a time on the way to a place.
const SKIP_BYTES: u64 = 16 * 1024;

/// A file packed with gzip.
#[derive(Debug)]
pub struct Packed {
    decoder: MultiGzDecoder<File>,
    /// The first bytes of what is packed.
    head: Vec<u8>,
    /// Where the decoder is.
    at: u64,
    is_ended: bool,
}

impl Packed {
    /// What is in this file.
    pub fn new(file: File) -> io::Result<Self> {
        let mut decoder = MultiGzDecoder::new(file);
        let mut head = Vec::new();
        decoder.by_ref().take(FINGERPRINT_BYTES_MAX as u64).read_to_end(&mut head)?;
        let at = head.len() as u64;
        Ok(Self { decoder, head, at, is_ended: false })
    }

    /// The first bytes, as many as a fingerprint takes.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether all was read.
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Reads bytes from this place on; none at the end.
    pub fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if let Some(head) = usize::try_from(offset).ok().and_then(|from| self.head.get(from..))
            && !head.is_empty()
        {
            let count = head.len().min(buffer.len());
            buffer[..count].copy_from_slice(&head[..count]);
            return Ok(count);
        }
        if offset < self.at {
            self.rewind()?;
        }
        while self.at < offset {
            let wanted = (offset - self.at).min(SKIP_BYTES);
            let skipped = io::copy(&mut self.decoder.by_ref().take(wanted), &mut io::sink())?;
            self.at += skipped;
            if skipped == 0 {
                break;
            }
        }
        let count = self.decoder.read(buffer)?;
        self.at += count as u64;
        self.is_ended = count == 0;
        Ok(count)
    }

    fn rewind(&mut self) -> io::Result<()> {
        let mut file = self.decoder.get_ref().try_clone()?;
        file.rewind()?;
        (self.decoder, self.at) = (MultiGzDecoder::new(file), 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[track_caller]
    fn check(len: usize, offsets: &[u64]) {
        let plain: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let mut encoder = GzEncoder::new(tempfile::tempfile().unwrap(), Compression::fast());
        encoder.write_all(&plain).unwrap();
        let mut file = encoder.finish().unwrap();
        file.rewind().unwrap();
        let mut packed = Packed::new(file).unwrap();
        for offset in offsets {
            let (mut buffer, from) = ([0; 100], usize::try_from(*offset).unwrap());
            let count = packed.read_at(&mut buffer, *offset).unwrap();
            let expect = plain.get(from..).unwrap_or_default();
            assert_eq!(buffer[..count], expect[..count], "at {offset} of {len}");
            assert_eq!(count == 0, expect.is_empty(), "at {offset} of {len}");
            assert_eq!(packed.is_ended(), expect.is_empty(), "at {offset} of {len}");
        }
    }

    #[test]
    fn any_place_is_found() {
        check(10, &[0, 5, 10]);
        check(1000, &[0, 100, 300, 900, 500, 999, 1000]);
        check(100_000, &[50_000, 99_950, 10, 100_000]);
        check(0, &[0]);
    }
}
