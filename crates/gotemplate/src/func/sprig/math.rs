//! `add1`, `until`, `seq` and their like.

use crate::func::decimal::{self, Operation};
use crate::func::function::{Failure, Function, Param};
use crate::func::number::{to_float, to_integer};
use crate::func::weight::check_count;
use crate::value::Value;

use Param::{Any, Int};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("add1", &[Any], |_, args| Ok(Value::Int64(to_integer(&args[0]).wrapping_add(1)))),
    Function::new("add1f", &[Any], |_, args| {
        Ok(Value::Float(decimal::fold(Operation::Add, to_float(&args[0]), &[1.0])?))
    }),
    Function::new("biggest", &[Any], |_, args| {
        Ok(Value::Int64(args.iter().map(to_integer).fold(i64::MIN, i64::max)))
    })
    .and_more(Any),
    Function::weighed("until", &[Int], |_, args| {
        let count = args[0].integer();
        Ok(integers(&steps(0, count, if count < 0 { -1 } else { 1 })?))
    }),
    Function::weighed("untilStep", &[Int, Int, Int], |_, args| {
        Ok(integers(&steps(args[0].integer(), args[1].integer(), args[2].integer())?))
    }),
    Function::weighed("seq", &[], |_, args| {
        let numbers: Vec<String> = sequence(args)?.iter().map(i64::to_string).collect();
        Ok(Value::owned(numbers.join(" ")))
    })
    .and_more(Int),
];

fn integers<'a>(numbers: &[i64]) -> Value<'a> {
    Value::List(numbers.iter().copied().map(Value::Int).collect())
}

/// From `start`, included, to `stop`, excluded; none if the step leads away from it.
fn steps(start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Failure> {
    let (from, distance) = (i128::from(start), i128::from(stop) - i128::from(start));
    let step = i128::from(step);
    if step == 0 || distance == 0 || (distance < 0) != (step < 0) {
        return Ok(Vec::new());
    }
    let count = (distance.abs() + step.abs() - 1) / step.abs();
    check_count(usize::try_from(count).unwrap_or(usize::MAX))?;
    let numbers = (0..count).map(|i| i64::try_from(from + i * step).unwrap_or(stop));
    Ok(numbers.collect())
}

/// `seq end`, `seq start end` or `seq start step end`, the end included, as the shell has it.
fn sequence(args: &[Value<'_>]) -> Result<Vec<i64>, Failure> {
    let numbers: Vec<i64> = args.iter().map(Value::integer).collect();
    let (start, step, end) = match numbers[..] {
        [end] => (1, None, end),
        [start, end] => (start, None, end),
        [start, step, end] => (start, Some(step), end),
        _ => return Ok(Vec::new()),
    };
    let towards = if end < start { -1 } else { 1 };
    steps(start, end.saturating_add(towards), step.unwrap_or(towards))
}
