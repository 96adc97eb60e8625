//! When two numbers of two answers are the same.

use serde_json::Value;

/// The tolerance of sample values, relative.
pub(crate) const TOLERANCE: f64 = 1e-9;
/// The tolerance of times, relative.
pub(crate) const TIME_TOLERANCE: f64 = 1e-12;

/// A JSON number, or a text that holds one (`+Inf`, `NaN` …).
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether two values hold the same number, or are the same otherwise.
pub(crate) fn same(a: &Value, b: &Value, tolerance: f64) -> bool {
    let (Some(x), Some(y)) = (number(a), number(b)) else { return a == b };
    if x.is_nan() || y.is_nan() {
        return x.is_nan() && y.is_nan();
    }
    if x.is_infinite() || y.is_infinite() {
        return x == y;
    }
    (x - y).abs() <= (tolerance * x.abs().max(y.abs())).max(1e-12)
}

/// Whether two numbers differ by at most a share of the larger, or by 1.
pub(crate) fn near(a: f64, b: f64, share: f64) -> bool {
    (a - b).abs() <= (share * a.abs().max(b.abs())).max(1.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(a: &Value, b: &Value, expect: bool) {
        assert_eq!(same(a, b, TOLERANCE), expect, "{a} and {b}");
    }

    #[test]
    fn numbers_are_the_same_within_the_tolerance() {
        check(&json!("1"), &json!("1.0000000001"), true);
        check(&json!("1"), &json!("1.00000001"), false);
        check(&json!("NaN"), &json!("NaN"), true);
        check(&json!("+Inf"), &json!("-Inf"), false);
        check(&json!("+Inf"), &json!("+Inf"), true);
        check(&json!("abc"), &json!("abc"), true);
    }
}
