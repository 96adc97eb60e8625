//! Numbers as Go's `strconv.ParseFloat` reads them and as Go prints them.

use model::labels::Quoted;

/// Reads a number: decimal, hexadecimal with a `p` exponent, `Inf` or `NaN`, `_` between digits.
///
/// # Errors
/// In Go's words.
pub fn parse(text: &str) -> Result<f64, String> {
    let fail = |why: &str| format!("strconv.ParseFloat: parsing {}: {why}", Quoted(text));
    let plain = without_underscores(text).ok_or_else(|| fail("invalid syntax"))?;
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let value = hexadecimal(hex).ok_or_else(|| fail("invalid syntax"))?;
        return Ok(if plain.starts_with('-') { -value } else { value });
    }
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let value: f64 = match unsigned.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => plain.parse(),
        "nan" if unsigned.len() == plain.len() => plain.parse(),
        _ if is_number => plain.parse(),
        _ => return Err(fail("invalid syntax")),
    }
    .map_err(|_| fail("invalid syntax"))?;
    if value.is_infinite() && is_number {
        return Err(fail("value out of range"));
    }
    Ok(value)
}

/// Writes a number as Go's `%v`: the fewest digits that say it, with an exponent below 1e-4 and
/// from 1e21 on. Only the zero below zero is `-0.0`: `-0` is a duration where a query is read.
#[must_use]
pub fn format(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if magnitude == 0.0 && value.is_sign_negative() {
        return "-0.0".to_owned();
    }
    if magnitude == 0.0 || (1e-4..1e21).contains(&magnitude) {
        return format!("{value}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

/// The text without the underscores that Go allows between two digits.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_hexdigit);
    let fits = |(at, _)| is_digit(usize::checked_sub(at, 1)) && is_digit(Some(at + 1));
    text.match_indices('_').all(fits).then(|| text.replace('_', ""))
}

/// `1f.8p3`: the digits may have a point, the exponent must be there.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let exponent: i32 = exponent.parse().ok()?;
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    Some(value * 2_f64.powi(exponent.checked_sub(shift)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<f64, &str>) {
        let expect = expect.map_err(|why| format!("strconv.ParseFloat: parsing \"{text}\": {why}"));
        assert_eq!(parse(text), expect);
    }

    #[test]
    fn numbers() {
        check("5", Ok(5.0));
        check("-1.5e3", Ok(-1500.0));
        check(".5", Ok(0.5));
        check("5.", Ok(5.0));
        check("1_000.5", Ok(1000.5));
        check("0x1p-2", Ok(0.25));
        check("-0x1.8p1", Ok(-3.0));
        check("+Inf", Ok(f64::INFINITY));
        assert!(parse("nan").unwrap().is_nan());
    }

    #[test]
    fn refused() {
        for text in ["", "abc", "1_", "_1", "1__0", "0x1F", "-nan", "1e", "5 ", " 5", "."] {
            check(text, Err("invalid syntax"));
        }
        check("1e400", Err("value out of range"));
    }

    #[track_caller]
    fn check_format(value: f64, expect: &str) {
        assert_eq!(format(value), expect);
        assert_eq!(parse(expect), Ok(value));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in proptest::num::f64::NORMAL) {
            prop_assert_eq!(parse(&format(value)), Ok(value));
        }
    }

    #[test]
    fn formats() {
        check_format(7.0, "7");
        check_format(-0.5, "-0.5");
        check_format(1e20, "100000000000000000000");
        check_format(1e21, "1e+21");
        check_format(1.5e-7, "1.5e-07");
        check_format(f64::NEG_INFINITY, "-Inf");
        assert_eq!(format(f64::NAN), "NaN");
    }
}
