//! Floats as Go's `strconv.FormatFloat` writes them.

/// `%e`: one digit, `precision` decimals, an exponent of at least two digits.
pub(crate) fn exponential(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => with_exponent(mantissa, exponent),
        None => text,
    }
}

/// `%f`.
pub(crate) fn fixed(value: f64, precision: usize) -> String {
    format!("{value:.precision$}")
}

/// `%g` without a precision, also `%v`: the fewest digits that read back as the same number, with
/// an exponent below 1e-4 and from 1e6 on, which also `2^20` shows: `1.048576e+06`.
pub(crate) fn shortest(value: f64) -> String {
    if let Some(name) = special(value) {
        return name.to_owned();
    }
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let power: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&power) {
        return with_exponent(mantissa, exponent);
    }
    format!("{value}")
}

/// `%g` with a precision: that many significant digits, trailing zeros dropped.
pub(crate) fn significant(value: f64, precision: usize) -> String {
    if let Some(name) = special(value) {
        return name.to_owned();
    }
    let precision = precision.max(1);
    let text = format!("{value:.*e}", precision - 1);
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let power: i32 = exponent.parse().unwrap_or(0);
    let point = usize::try_from(power + 1).unwrap_or(0);
    let limit = if precision > digits && digits >= point { digits } else { precision };
    if power < -4 || usize::try_from(power).is_ok_and(|power| power >= limit) {
        return with_exponent(mantissa, exponent);
    }
    let decimals = i32::try_from(digits).unwrap_or(i32::MAX) - (power + 1);
    format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))
}

/// The names of what is not a number of the usual kind.
pub(crate) fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        None
    }
}

fn with_exponent(mantissa: &str, exponent: &str) -> String {
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

#[cfg(test)]
mod tests {
    use super::{exponential, shortest, significant};

    #[test]
    fn shortest_as_print_shows_it() {
        let cases = [
            (1.0, "1"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (100_000.0, "100000"),
            (1_048_576.0, "1.048576e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e100, "1e+100"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (-0.0, "-0"),
        ];
        for (value, expect) in cases {
            assert_eq!(shortest(value), expect, "{value}");
        }
    }

    #[test]
    fn significant_digits() {
        let cases = [
            (9.87654, 3, "9.88"),
            (100.0, 3, "100"),
            (1234.0, 3, "1.23e+03"),
            (0.00001234, 2, "1.2e-05"),
            (2.0, 5, "2"),
            (100_000.0, 2, "1e+05"),
        ];
        for (value, precision, expect) in cases {
            assert_eq!(significant(value, precision), expect, "{value} {precision}");
        }
    }

    #[test]
    fn exponents_have_two_digits() {
        assert_eq!(exponential(1.5, 6), "1.500000e+00");
        assert_eq!(exponential(1.5e-10, 1), "1.5e-10");
    }
}
