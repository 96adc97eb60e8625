//! Arithmetic: sprig's integer and decimal functions, and Loki's readers of sizes and durations.
//! Operands are converted leniently: what is no number is 0.

use super::decimal::{self, Operation};
use super::function::{Failure, Function, Param};
use super::number::{parse_bytes, parse_duration, to_float, to_integer};
use crate::value::Value;

use Param::{Any, Float, Int, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("int", &[Any], |_, args| Ok(Value::Int(to_integer(&args[0])))),
    Function::new("float64", &[Any], |_, args| Ok(Value::Float(to_float(&args[0])))),
    Function::new("add", &[], |_, args| Ok(integers(0, args, i64::wrapping_add))).and_more(Any),
    Function::new("sub", &[Any, Any], |_, args| {
        Ok(Value::Int64(to_integer(&args[0]).wrapping_sub(to_integer(&args[1]))))
    }),
    Function::new("mul", &[Any], |_, args| Ok(integers(1, args, i64::wrapping_mul))).and_more(Any),
    Function::new("div", &[Any, Any], |_, args| divided(args, i64::wrapping_div)),
    Function::new("mod", &[Any, Any], |_, args| divided(args, i64::wrapping_rem)),
    Function::new("addf", &[], |_, args| decimals(Operation::Add, 0.0, args)).and_more(Any),
    Function::new("subf", &[Any], |_, args| {
        decimals(Operation::Subtract, to_float(&args[0]), &args[1..])
    })
    .and_more(Any),
    Function::new("mulf", &[Any], |_, args| {
        decimals(Operation::Multiply, to_float(&args[0]), &args[1..])
    })
    .and_more(Any),
    Function::new("divf", &[Any], |_, args| {
        decimals(Operation::Divide, to_float(&args[0]), &args[1..])
    })
    .and_more(Any),
    Function::new("max", &[Any], |_, args| Ok(integers(i64::MIN, args, i64::max))).and_more(Any),
    Function::new("min", &[Any], |_, args| Ok(integers(i64::MAX, args, i64::min))).and_more(Any),
    Function::new("maxf", &[Any], |_, args| Ok(floats(args, f64::max))).and_more(Any),
    Function::new("minf", &[Any], |_, args| Ok(floats(args, f64::min))).and_more(Any),
    Function::new("ceil", &[Any], |_, args| Ok(Value::Float(to_float(&args[0]).ceil()))),
    Function::new("floor", &[Any], |_, args| Ok(Value::Float(to_float(&args[0]).floor()))),
    Function::new("round", &[Any, Int], |_, args| {
        let round_on = match args.get(2) {
            Some(Value::Float(round_on)) => *round_on,
            _ => 0.5,
        };
        Ok(Value::Float(round(to_float(&args[0]), args[1].integer(), round_on)))
    })
    .and_more(Float),
    Function::new("bytes", &[Str], |_, args| Ok(Value::Float(parse_bytes(args[0].bytes())?))),
    Function::new("duration", &[Str], |_, args| seconds(&args[0])),
    Function::new("duration_seconds", &[Str], |_, args| seconds(&args[0])),
];

fn seconds<'a>(text: &Value<'_>) -> Result<Value<'a>, Failure> {
    Ok(Value::Float(parse_duration(text.bytes())?))
}

fn integers<'a>(start: i64, args: &[Value<'_>], operation: fn(i64, i64) -> i64) -> Value<'a> {
    Value::Int64(args.iter().map(to_integer).fold(start, operation))
}

fn floats<'a>(args: &[Value<'_>], choose: fn(f64, f64) -> f64) -> Value<'a> {
    let numbers = args.iter().map(to_float);
    // Go's choice is NaN as soon as one of the numbers is.
    let chosen =
        numbers.reduce(|a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { choose(a, b) });
    Value::Float(chosen.unwrap_or(0.0))
}

fn divided<'a>(args: &[Value<'_>], divide: fn(i64, i64) -> i64) -> Result<Value<'a>, Failure> {
    let divisor = to_integer(&args[1]);
    if divisor == 0 {
        return Err("runtime error: integer divide by zero".into());
    }
    Ok(Value::Int64(divide(to_integer(&args[0]), divisor)))
}

fn decimals<'a>(
    operation: Operation,
    first: f64,
    rest: &[Value<'_>],
) -> Result<Value<'a>, Failure> {
    let rest: Vec<f64> = rest.iter().map(to_float).collect();
    Ok(Value::Float(decimal::fold(operation, first, &rest)?))
}

/// sprig's rounding: up where the rest is at least `round_on`, else down. The rest of a negative
/// number is negative, so that it is always rounded down.
fn round(value: f64, places: i64, round_on: f64) -> f64 {
    let power = 10_f64.powi(i32::try_from(places).unwrap_or(i32::MAX));
    let digit = power * value;
    let rounded = if digit.fract() >= round_on { digit.ceil() } else { digit.floor() };
    rounded / power
}
