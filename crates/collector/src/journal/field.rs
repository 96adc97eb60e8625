//! A field of an entry: its name and its value, packed or not.

use std::io::Read;

use crate::limits::{JOURNAL_FIELD_BYTES_MAX, JOURNAL_PACKED_BYTES_MAX};

/// A field. Bytes that are no text are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, as in `_SYSTEMD_UNIT`.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// How a field is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    None,
    /// By a method of old that is not read here.
    Xz,
    /// By LZ4, behind the number of its bytes.
    Lz4,
    /// By Zstandard.
    Zstd,
}

impl Packing {
    /// The packing that the flags of an object tell.
    #[must_use]
    pub fn of_flags(flags: u8) -> Option<Self> {
        match flags & 7 {
            0 => Some(Self::None),
            1 => Some(Self::Xz),
            2 => Some(Self::Lz4),
            4 => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// The field that these bytes are, cut where it is too long.
///
/// # Errors
/// Why they are none.
pub fn parse(packing: Packing, bytes: &[u8]) -> Result<Field, &'static str> {
    let unpacked;
    let bytes = match packing {
        Packing::None => bytes,
        Packing::Xz => return Err("a field is packed with xz, which is not read"),
        Packing::Lz4 => {
            unpacked = lz4(bytes)?;
            &unpacked
        }
        Packing::Zstd => {
            unpacked = zstd(bytes)?;
            &unpacked
        }
    };
    let at = memchr::memchr(b'=', bytes).ok_or("a field has no name")?;
    let name = std::str::from_utf8(&bytes[..at]).map_err(|_| "the name of a field is no text")?;
    let end = bytes.len().min(at + 1 + JOURNAL_FIELD_BYTES_MAX);
    let value = String::from_utf8_lossy(&bytes[at + 1..end]).into_owned();
    Ok(Field { name: name.to_owned(), value })
}

fn lz4(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (size, block) = bytes.split_at_checked(8).ok_or("a packed field is too short")?;
    let size = u64::from_le_bytes(size.try_into().expect("there are eight of them"));
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size > JOURNAL_PACKED_BYTES_MAX {
        return Err("a packed field is too long");
    }
    lz4_flex::block::decompress(block, size).map_err(|_| "a field is packed wrongly")
}

fn zstd(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let wrong = |_| "a field is packed wrongly";
    let mut out = Vec::new();
    // The name and the value; what is beyond is cut.
    let most = JOURNAL_FIELD_BYTES_MAX as u64 + 1024;
    let decoder = zstd::stream::read::Decoder::new(bytes).map_err(wrong)?;
    decoder.take(most).read_to_end(&mut out).map_err(wrong)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(packing: Packing, bytes: &[u8], expect: Result<(&str, usize), &str>) {
        let found = parse(packing, bytes);
        let found = found.as_ref().map(|field| (field.name.as_str(), field.value.len()));
        assert_eq!(found.map_err(|why| *why), expect, "{packing:?}");
    }

    #[test]
    fn fields_are_unpacked() {
        let long = format!("MESSAGE={}", "x".repeat(2 * JOURNAL_FIELD_BYTES_MAX));
        let cut = Ok(("MESSAGE", JOURNAL_FIELD_BYTES_MAX));
        check(Packing::None, b"A=b=c", Ok(("A", 3)));
        check(Packing::None, long.as_bytes(), cut);
        check(Packing::None, b"A", Err("a field has no name"));
        let mut packed = (long.len() as u64).to_le_bytes().to_vec();
        packed.extend(lz4_flex::block::compress(long.as_bytes()));
        check(Packing::Lz4, &packed, cut);
        packed[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        check(Packing::Lz4, &packed, Err("a packed field is too long"));
        check(Packing::Lz4, b"x", Err("a packed field is too short"));
        let packed = zstd::encode_all(long.as_bytes(), 1).unwrap();
        check(Packing::Zstd, &packed, cut);
        check(Packing::Zstd, &packed[..10], Err("a field is packed wrongly"));
        check(Packing::Xz, b"", Err("a field is packed with xz, which is not read"));
    }
}
