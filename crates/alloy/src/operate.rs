//! What the operators between two values do.

use std::cmp::Ordering;

use crate::diag::Diagnostic;
use crate::limits::TEXT_BYTES_MAX;
use crate::operator::BinaryOperator;
use crate::secret::Secret;
use crate::source::Span;
use crate::value::{Number, Value};

/// `left op right`. Short-circuits were taken before.
pub(crate) fn binary(
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
    at: Span,
    left_span: Span,
    right_span: Span,
) -> Result<Value, Diagnostic> {
    use BinaryOperator as Op;
    if left.has_unknown() || right.has_unknown() {
        return Ok(Value::Unknown);
    }
    match operator {
        Op::Equal => return Ok(Value::Bool(left == right)),
        Op::NotEqual => return Ok(Value::Bool(left != right)),
        _ => {}
    }
    for (value, span) in [(left, left_span), (right, right_span)] {
        if !accepts(operator, value) {
            let wanted = match operator {
                Op::Or | Op::And => "bool",
                Op::Add => "a number, string or secret",
                Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
                    "a number or string"
                }
                _ => "number",
            };
            let found = value.type_name();
            let message = format!("\"{}\" wants {wanted}, found {found}", operator.text());
            return Err(Diagnostic::error(span, message));
        }
    }
    let result = match (left, right) {
        // The left one is false for `||` and true for `&&`.
        (Value::Bool(_), Value::Bool(right)) => Value::Bool(*right),
        (Value::Number(left), Value::Number(right)) => {
            number(operator, *left, *right).map_err(|m| Diagnostic::error(right_span, m))?
        }
        (Value::String(left), Value::String(right)) if operator != Op::Add => {
            Value::Bool(holds(operator, Some(left.cmp(right))))
        }
        _ => {
            return sum(left, right, at).unwrap_or_else(|| {
                let (left, right) = (left.type_name(), right.type_name());
                let message = format!("\"{}\" cannot join {left} and {right}", operator.text());
                let hint = "both operands must be of one type";
                Err(Diagnostic::error(at, message).hint(hint))
            });
        }
    };
    Ok(result)
}

fn accepts(operator: BinaryOperator, value: &Value) -> bool {
    use BinaryOperator as Op;
    match operator {
        Op::Or | Op::And => matches!(value, Value::Bool(_)),
        Op::Add => matches!(
            value,
            Value::Number(_) | Value::String(_) | Value::Secret(_) | Value::OptionalSecret { .. }
        ),
        Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
            matches!(value, Value::Number(_) | Value::String(_))
        }
        _ => matches!(value, Value::Number(_)),
    }
}

/// Strings and secrets one after the other: what has a secret in it is one.
fn sum(left: &Value, right: &Value, at: Span) -> Option<Result<Value, Diagnostic>> {
    let (first, second) = (text(left)?, text(right)?);
    if first.len() + second.len() > TEXT_BYTES_MAX {
        let message = format!("the string would have more than {TEXT_BYTES_MAX} bytes");
        return Some(Err(Diagnostic::error(at, message)));
    }
    let whole = format!("{first}{second}");
    let is_secret = |value: &Value| matches!(value, Value::Secret(_));
    let is_hidden = |value: &Value| matches!(value, Value::OptionalSecret { is_secret: true, .. });
    let both_optional =
        matches!((left, right), (Value::OptionalSecret { .. }, Value::OptionalSecret { .. }));
    Some(Ok(if is_secret(left) || is_secret(right) {
        Value::Secret(Secret::new(whole))
    } else if is_hidden(left) || is_hidden(right) || both_optional {
        let is_secret = is_hidden(left) || is_hidden(right);
        Value::OptionalSecret { text: Secret::new(whole), is_secret }
    } else {
        Value::string(whole)
    }))
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Secret(text) | Value::OptionalSecret { text, .. } => Some(text.expose()),
        _ => None,
    }
}

fn holds(operator: BinaryOperator, order: Option<Ordering>) -> bool {
    let Some(order) = order else { return false };
    match operator {
        BinaryOperator::Less => order.is_lt(),
        BinaryOperator::LessOrEqual => order.is_le(),
        BinaryOperator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn number(operator: BinaryOperator, left: Number, right: Number) -> Result<Value, String> {
    use BinaryOperator as Op;
    match operator {
        Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
            return Ok(Value::Bool(holds(operator, left.partial_cmp(&right))));
        }
        Op::Divide | Op::Remainder if right.to_f64() == 0.0 => {
            return Err("division by zero".to_owned());
        }
        _ => {}
    }
    let is_float = matches!(left, Number::Float(_)) || matches!(right, Number::Float(_));
    let whole = (!is_float).then(|| left.to_i128().zip(right.to_i128())).flatten();
    let Some((left, right)) = whole else {
        return float(operator, left.to_f64(), right.to_f64());
    };
    let result = match operator {
        Op::Add => left.checked_add(right),
        Op::Subtract => left.checked_sub(right),
        Op::Multiply => left.checked_mul(right),
        Op::Divide => left.checked_div(right),
        Op::Remainder => left.checked_rem(right),
        _ => power(left, right),
    };
    let number = result.and_then(|result| {
        let int = i64::try_from(result).map(Number::Int);
        int.or_else(|_| u64::try_from(result).map(Number::Uint)).ok()
    });
    let too_large = || format!("\"{}\" gives a whole number that is too large", operator.text());
    number.map(Value::Number).ok_or_else(too_large)
}

/// A power of whole numbers. With an exponent below zero it is the base, as Alloy has it.
fn power(base: i128, exponent: i128) -> Option<i128> {
    match (base, exponent) {
        (_, 0) | (1, _) => Some(1),
        (0, 1..) => Some(0),
        (-1, 1..) => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        (_, ..0) => Some(base),
        _ => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

fn float(operator: BinaryOperator, left: f64, right: f64) -> Result<Value, String> {
    use BinaryOperator as Op;
    let result = match operator {
        Op::Add => left + right,
        Op::Subtract => left - right,
        Op::Multiply => left * right,
        Op::Divide => left / right,
        Op::Remainder => left % right,
        _ => left.powf(right),
    };
    Ok(Value::Number(Number::Float(result)))
}
