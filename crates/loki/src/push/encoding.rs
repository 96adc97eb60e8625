//! Compression of bodies, with a cap on what comes out: a body is made by a stranger.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::push::error::PushError;

/// Decompresses a body by the name that `Content-Encoding` gives.
///
/// `deflate` is read raw, as Loki's agents write it, or with the zlib header of RFC 9110.
///
/// # Errors
/// When the encoding is not known, the bytes are broken, or more than `max` bytes come out.
pub fn inflate(encoding: &str, body: &[u8], max: usize) -> Result<Vec<u8>, PushError> {
    match encoding {
        "gzip" => read_all("gzip", MultiGzDecoder::new(body), max),
        "deflate" if is_zlib(body) => read_all("deflate", ZlibDecoder::new(body), max),
        "deflate" => read_all("deflate", DeflateDecoder::new(body), max),
        other => Err(PushError::ContentEncoding(other.to_owned())),
    }
}

/// Opens a snappy block. The length that it declares is checked before memory is taken for it.
pub(crate) fn unsnap(body: &[u8], max: usize) -> Result<Vec<u8>, PushError> {
    let corrupt = |e: snap::Error| PushError::Corrupt { encoding: "snappy", what: e.to_string() };
    if body.is_empty() {
        return Err(PushError::Corrupt { encoding: "snappy", what: "the body is empty".into() });
    }
    if snap::raw::decompress_len(body).map_err(corrupt)? > max {
        return Err(PushError::DecompressedTooLarge { limit: max });
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(corrupt)
}

fn read_all(encoding: &'static str, decoder: impl Read, max: usize) -> Result<Vec<u8>, PushError> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells "exactly the limit" from "above it".
    let mut limited = decoder.take(max as u64 + 1);
    let read = limited.read_to_end(&mut bytes);
    read.map_err(|e| PushError::Corrupt { encoding, what: e.to_string() })?;
    if bytes.len() > max {
        return Err(PushError::DecompressedTooLarge { limit: max });
    }
    Ok(bytes)
}

/// A zlib header names method 8 and, read as a number, is a multiple of 31 (RFC 1950). A raw block
/// cannot begin so: its low bits would be a stored block whose length check fails.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [cmf, flg, ..]
        if cmf & 0x0f == 8 && (u16::from(*cmf) << 8 | u16::from(*flg)) % 31 == 0)
}
