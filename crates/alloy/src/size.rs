//! Sizes in bytes: `1MiB`, `10MB`, `512`.

use std::fmt;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ByteSize(pub u64);

/// The units that Alloy knows, lowercase, with their bytes.
const UNITS: [(&str, u64); 20] = [
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("ki", 1 << 10),
    ("kib", 1 << 10),
    ("mi", 1 << 20),
    ("mib", 1 << 20),
    ("gi", 1 << 30),
    ("gib", 1 << 30),
    ("ti", 1 << 40),
    ("tib", 1 << 40),
    ("p", 1_000_000_000_000_000),
    ("pib", 1 << 50),
];

/// A size in bytes.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_size(text: &str) -> Result<ByteSize, String> {
    let wrong = || format!("\"{text}\" is no size, write one like \"1MiB\" or \"10MB\"");
    let trimmed = text.trim();
    let length = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (digits, unit) = trimmed.split_at(length);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    if let Ok(whole) = digits.parse::<u64>() {
        return whole.checked_mul(*factor).map(ByteSize).ok_or_else(wrong);
    }
    let number: f64 = digits.parse().map_err(|_| wrong())?;
    #[expect(clippy::cast_precision_loss, reason = "units are powers that a float holds")]
    let bytes = number * *factor as f64;
    if !(0.0..1.8e19).contains(&bytes) {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    let bytes = bytes as u64;
    Ok(ByteSize(bytes))
}

/// With the largest unit that leaves a whole number.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units.into_iter().find(|(_, bytes)| self.0 >= *bytes && self.0.is_multiple_of(*bytes))
        {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{}B", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let shown = parse_size(text).map_or_else(|error| error, |size| size.to_string());
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn sizes() {
        check("1MiB", "1MiB");
        check("10MB", "10000000B");
        check("1.5KiB", "1536B");
        check("512", "512B");
        check("100 mib", "100MiB");
        check("0", "0B");
        check("1XB", "\"1XB\" is no size, write one like \"1MiB\" or \"10MB\"");
        check("-1MB", "\"-1MB\" is no size, write one like \"1MiB\" or \"10MB\"");
        check("", "\"\" is no size, write one like \"1MiB\" or \"10MB\"");
        check("99999999TiB", "\"99999999TiB\" is no size, write one like \"1MiB\" or \"10MB\"");
    }
}
