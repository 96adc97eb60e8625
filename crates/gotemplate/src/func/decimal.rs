//! Decimal arithmetic for `addf` and its like: sprig computes them in decimals, so that
//! `addf 0.1 0.2` is 0.3.

/// Digits after the point that a division computes.
const DIVISION_PRECISION: i32 = 16;

/// `coefficient * 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    coefficient: i128,
    exponent: i32,
}

/// An operation of two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Decimal {
    /// The decimal that a float is written as; `None` for what has no digits.
    fn from_float(value: f64) -> Option<Self> {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let exponent: i32 = exponent.parse().ok()?;
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let coefficient: i128 = mantissa.replace('.', "").parse().ok()?;
        Some(Self { coefficient, exponent: exponent - i32::try_from(decimals).ok()? })
    }

    fn to_float(self) -> f64 {
        format!("{}e{}", self.coefficient, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// The same number with a smaller exponent, if there is room.
    fn rescaled(self, exponent: i32) -> Option<Self> {
        let digits = u32::try_from(self.exponent - exponent).ok()?;
        let coefficient = self.coefficient.checked_mul(10_i128.checked_pow(digits)?)?;
        Some(Self { coefficient, exponent })
    }

    fn add(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let (a, b) = (self.rescaled(exponent)?, other.rescaled(exponent)?);
        Some(Self { coefficient: a.coefficient.checked_add(b.coefficient)?, exponent })
    }

    fn multiply(self, other: Self) -> Option<Self> {
        Some(Self {
            coefficient: self.coefficient.checked_mul(other.coefficient)?,
            exponent: self.exponent + other.exponent,
        })
    }

    /// The quotient, its last digit rounded half away from zero.
    fn divide(self, other: Self) -> Option<Self> {
        let shift = self.exponent - other.exponent + DIVISION_PRECISION;
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        let (dividend, divisor) = if shift >= 0 {
            (self.coefficient.checked_mul(power)?, other.coefficient)
        } else {
            (self.coefficient, other.coefficient.checked_mul(power)?)
        };
        let (quotient, rest) = (dividend.checked_div(divisor)?, dividend.checked_rem(divisor)?);
        let rounds = rest.unsigned_abs() >= divisor.unsigned_abs() - rest.unsigned_abs();
        let away = if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
        let coefficient = if rounds && rest != 0 { quotient + away } else { quotient };
        Some(Self { coefficient, exponent: -DIVISION_PRECISION })
    }
}

/// The result of an operation on all the numbers, from left to right. What needs more than the 38
/// digits of an `i128` is computed in floats instead: the results differ in the last digit at most.
pub(super) fn fold(operation: Operation, first: f64, rest: &[f64]) -> Result<f64, String> {
    let refuse = |value: f64| {
        let name = crate::float::shortest(value);
        Err(format!("Cannot create a Decimal from {name}"))
    };
    if !first.is_finite() {
        return refuse(first);
    }
    let mut exact = Decimal::from_float(first);
    let mut rough = first;
    for &value in rest {
        if !value.is_finite() {
            return refuse(value);
        }
        if operation == Operation::Divide && value == 0.0 {
            return Err("decimal division by 0".to_owned());
        }
        let other = Decimal::from_float(value);
        exact = exact.zip(other).and_then(|(a, b)| match operation {
            Operation::Add => a.add(b),
            Operation::Subtract => a.add(Decimal { coefficient: -b.coefficient, ..b }),
            Operation::Multiply => a.multiply(b),
            Operation::Divide => a.divide(b),
        });
        rough = match operation {
            Operation::Add => rough + value,
            Operation::Subtract => rough - value,
            Operation::Multiply => rough * value,
            Operation::Divide => rough / value,
        };
    }
    Ok(exact.map_or(rough, Decimal::to_float))
}

#[cfg(test)]
mod tests {
    use super::{Operation, fold};

    #[track_caller]
    fn check(operation: Operation, numbers: &[f64], expect: f64) {
        let got = fold(operation, numbers[0], &numbers[1..]).unwrap();
        assert!(got == expect, "{operation:?} {numbers:?}: {got}");
    }

    #[test]
    fn decimals_do_not_show_binary_dust() {
        check(Operation::Add, &[0.1, 0.2], 0.3);
        check(Operation::Subtract, &[0.3, 0.1], 0.2);
        check(Operation::Multiply, &[0.1, 3.0], 0.3);
        check(Operation::Divide, &[1.0, 3.0], 0.333_333_333_333_333_3);
        check(Operation::Divide, &[2.0, 3.0], 0.666_666_666_666_666_7);
        check(Operation::Divide, &[-1.0, 8.0, 2.0], -0.0625);
    }

    #[test]
    fn what_has_too_many_digits_is_computed_in_floats() {
        check(Operation::Add, &[1e300, 1e-300], 1e300);
        check(Operation::Divide, &[1e300, 3.0], 1e300 / 3.0);
    }

    #[test]
    fn refusals() {
        assert_eq!(fold(Operation::Divide, 1.0, &[0.0]).unwrap_err(), "decimal division by 0");
        assert_eq!(
            fold(Operation::Add, f64::NAN, &[]).unwrap_err(),
            "Cannot create a Decimal from NaN"
        );
    }
}
