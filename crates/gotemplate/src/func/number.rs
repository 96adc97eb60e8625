//! Text and values as numbers: sprig's lenient conversions, where what is no number is 0, and
//! Loki's strict ones for sizes and durations.

use crate::literal;
use crate::quote::quote;
use crate::value::{Value, lossy};

/// A value as an integer: text by Go's rules for literals, its decimals dropped.
pub(super) fn to_integer(value: &Value<'_>) -> i64 {
    match value {
        Value::Bool(truth) => i64::from(*truth),
        Value::Int(_) | Value::Int64(_) | Value::Byte(_) => value.integer(),
        #[expect(clippy::cast_possible_truncation, reason = "the conversion is what is asked for")]
        Value::Float(number) => *number as i64,
        Value::Str(text) => std::str::from_utf8(text).map_or(0, text_to_integer),
        _ => 0,
    }
}

/// A value as a float.
pub(super) fn to_float(value: &Value<'_>) -> f64 {
    match value {
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        #[expect(clippy::cast_precision_loss, reason = "Go converts it in the same way")]
        Value::Int(_) | Value::Int64(_) | Value::Byte(_) => value.integer() as f64,
        Value::Float(number) => *number,
        Value::Str(text) => {
            std::str::from_utf8(text).ok().and_then(literal::parse_float).unwrap_or(0.0)
        }
        _ => 0.0,
    }
}

fn text_to_integer(text: &str) -> i64 {
    let whole = match text.split_once('.') {
        Some((whole, decimals)) if decimals.bytes().all(|b| b.is_ascii_digit()) => whole,
        _ => text,
    };
    literal::parse_int(whole).unwrap_or(0)
}

/// A size such as `1.5MiB`, in bytes.
pub(super) fn parse_bytes(text: &[u8]) -> Result<f64, String> {
    let text = lossy(text);
    let end = text.find(|c: char| !(c.is_numeric() || c == '.' || c == ',')).unwrap_or(text.len());
    let digits = text[..end].replace(',', "");
    let Some(number) = literal::parse_float(&digits) else {
        let digits = quote(digits.as_bytes(), false);
        return Err(format!("strconv.ParseFloat: parsing {digits}: invalid syntax"));
    };
    let unit = text[end..].trim().to_lowercase();
    let Some(factor) = unit_factor(&unit) else {
        return Err(format!("unhandled size name: {unit}"));
    };
    let size = number * factor;
    if size >= 18_446_744_073_709_551_615.0 {
        return Err(format!("too large: {text}"));
    }
    Ok(size.trunc())
}

/// `k` and `kb` are powers of 1000, `ki` and `kib` powers of 1024.
fn unit_factor(unit: &str) -> Option<f64> {
    let Some(prefix) = unit.strip_suffix('b').or(Some(unit)).filter(|prefix| !prefix.is_empty())
    else {
        return Some(1.0);
    };
    let (letter, base) = match prefix.strip_suffix('i') {
        Some(letter) => (letter, 1024_f64),
        None => (prefix, 1000_f64),
    };
    let power = match letter {
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

/// A duration such as `1h2.5s`, in seconds.
pub(super) fn parse_duration(text: &[u8]) -> Result<f64, String> {
    let nanos = parse_nanos(text)?;
    let total = nanos.unsigned_abs();
    #[expect(clippy::cast_precision_loss, reason = "seconds are at most 9.3e9")]
    let seconds = (total / 1_000_000_000) as f64 + (total % 1_000_000_000) as f64 / 1e9;
    Ok(if nanos < 0 { -seconds } else { seconds })
}

/// A duration in nanoseconds, as Go's `time.ParseDuration` reads it.
pub(super) fn parse_nanos(text: &[u8]) -> Result<i64, String> {
    let whole = lossy(text);
    let shown = quote(text, true);
    let invalid = || format!("time: invalid duration {shown}");
    let mut rest = whole.strip_prefix(['+', '-']).unwrap_or(&whole);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let number = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (digits, decimals) = rest[..number].split_once('.').unwrap_or((&rest[..number], ""));
        // A second point ends the number, and no unit begins with one.
        if (digits.is_empty() && decimals.is_empty()) || decimals.contains('.') {
            return Err(invalid());
        }
        rest = &rest[number..];
        let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = &rest[..end];
        rest = &rest[end..];
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {shown}"));
        }
        let Some(factor) = unit_nanos(unit) else {
            let unit = quote(unit.as_bytes(), true);
            return Err(format!("time: unknown unit {unit} in duration {shown}"));
        };
        let part = part_nanos(digits, decimals, factor).ok_or_else(invalid)?;
        total = total.checked_add(part).filter(|sum| *sum <= 1 << 63).ok_or_else(invalid)?;
    }
    if whole.starts_with('-') {
        return Ok(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The nanoseconds of one number with its unit; what is smaller is cut off.
fn part_nanos(digits: &str, decimals: &str, factor: u64) -> Option<u64> {
    let whole: u64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let nanos = whole.checked_mul(factor).filter(|nanos| *nanos <= 1 << 63)?;
    // Beyond 18 digits nothing is left of any unit.
    let decimals = &decimals[..decimals.len().min(18)];
    if decimals.is_empty() {
        return Some(nanos);
    }
    let fraction: u64 = decimals.parse().ok()?;
    let scale = 10_f64.powi(i32::try_from(decimals.len()).unwrap_or(18));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "Go computes the fraction in floats, too"
    )]
    let part = (fraction as f64 * (factor as f64 / scale)) as u64;
    nanos.checked_add(part)
}
