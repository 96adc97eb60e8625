//! Sizes in bytes as people write them, `1.5KB`, `2 MiB`: the notation of Go's humanize package.

use crate::float;

/// Reads a size. Units are not case-sensitive; `K` is 1000, `Ki` 1024; commas between digits are
/// passed over; a fraction of a byte is dropped.
///
/// # Errors
/// In Go's words, when it is not a size.
pub fn parse(text: &str) -> Result<u64, String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let number = float::parse(&number.replace(',', ""))?;
    let unit = unit.trim().to_lowercase();
    let size = unit_size(&unit).ok_or_else(|| format!("unhandled size name: {unit}"))?;
    let size = number * size;
    if size >= u64::MAX as f64 {
        return Err(format!("too large: {text}"));
    }
    // The number is finite, not negative and in range: the cast drops the fraction alone.
    Ok(size as u64)
}

/// A size as a query compares with it: Loki writes a query anew before it runs it, and a size in a
/// query is therefore rounded to what [`format`] can say in three digits. `1KiB` is 1000 bytes.
#[must_use]
pub fn rounded(size: u64) -> u64 {
    parse(&short(size)).unwrap_or(size)
}

/// Writes a size as Loki prints it in a query, `1.5kB`, where that says it exactly; otherwise in
/// bytes.
#[must_use]
pub fn format(size: u64) -> String {
    if size == 0 {
        // Where a query is read, `0B` begins a binary number, as in Go.
        return "0kB".to_owned();
    }
    let short = short(size);
    if parse(&short) == Ok(size) { short } else { format!("{size}B") }
}

/// Three digits at most, with the largest decimal unit that leaves a whole part.
fn short(size: u64) -> String {
    if size < 10 {
        return format!("{size}B");
    }
    let power = (size.ilog10() / 3).min(6);
    let unit = ["B", "kB", "MB", "GB", "TB", "PB", "EB"][power as usize];
    let value = (size as f64 / 1000_f64.powi(power as i32) * 10.0 + 0.5).floor() / 10.0;
    if value < 10.0 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

fn unit_size(unit: &str) -> Option<f64> {
    let (prefix, base) = match unit.strip_suffix('b').unwrap_or(unit) {
        prefix if prefix.ends_with('i') => (&prefix[..prefix.len() - 1], 1024_f64),
        prefix => (prefix, 1000_f64),
    };
    let power = match prefix {
        "" if base == 1000.0 => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        "e" => 6,
        _ => return None,
    };
    Some(base.powi(power))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<u64, &str>) {
        assert_eq!(parse(text), expect.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn sizes() {
        check("0", Ok(0));
        check("5B", Ok(5));
        check("1.5KB", Ok(1500));
        check("1.5 KiB", Ok(1536));
        check("1,024", Ok(1024));
        check("2mib", Ok(2_097_152));
        check("3 g", Ok(3_000_000_000));
        check("1.9", Ok(1));
        check("-3KB", Err("strconv.ParseFloat: parsing \"\": invalid syntax"));
        check("", Err("strconv.ParseFloat: parsing \"\": invalid syntax"));
        check("5XB", Err("unhandled size name: xb"));
        check("5ib", Err("unhandled size name: ib"));
        check("20EB", Err("too large: 20EB"));
    }

    #[track_caller]
    fn check_format(size: u64, expect: &str) {
        assert_eq!(format(size), expect);
        assert_eq!(parse(expect), Ok(size));
    }

    #[track_caller]
    fn check_rounded(text: &str, expect: u64) {
        assert_eq!(rounded(parse(text).unwrap()), expect, "{text}");
    }

    #[test]
    fn rounds() {
        check_rounded("7B", 7);
        check_rounded("1KiB", 1000);
        check_rounded("2.9MiB", 3_000_000);
        check_rounded("12345B", 12_000);
        check_rounded("999999B", 1_000_000);
    }

    proptest! {
        #[test]
        fn rounding_twice_is_rounding_once(size: u64) {
            prop_assert_eq!(rounded(rounded(size)), rounded(size));
        }

        #[test]
        fn what_is_written_reads_back(size in 0..1_u64 << 53) {
            prop_assert_eq!(parse(&format(size)), Ok(size));
        }
    }

    #[test]
    fn formats() {
        check_format(0, "0kB");
        check_format(42, "42B");
        check_format(1000, "1.0kB");
        check_format(5000, "5.0kB");
        check_format(1_234_567, "1234567B");
        check_format(20_000_000, "20MB");
        check_format(999_999, "999999B");
    }
}
