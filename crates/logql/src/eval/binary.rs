//! `a + b`, `a > bool b`, `a and on(x) b`: two expressions at one step.

use std::collections::{HashMap, HashSet};

use model::Labels;

use crate::ast::{Binary, BinaryOp, Cardinality, Matching};

use super::combine::{Current, Sample};
use super::error::EvalError;

/// The result at one step.
pub(super) fn apply(binary: &Binary, left: Current, right: Current) -> Result<Current, EvalError> {
    Ok(match (left, right) {
        // Between numbers a comparison has always been 0 or 1: there is nothing to filter.
        (Current::Scalar(left), Current::Scalar(right)) => {
            Current::Scalar(calculate(binary.op, left, right))
        }
        (Current::Vector(left), Current::Scalar(right)) => {
            Current::Vector(with_number(binary, left, |value| (value, right)))
        }
        (Current::Scalar(left), Current::Vector(right)) => {
            Current::Vector(with_number(binary, right, |value| (left, value)))
        }
        (Current::Vector(left), Current::Vector(right)) => Current::Vector(match binary.op {
            BinaryOp::And => in_other(binary, left, &right, true),
            BinaryOp::Unless => in_other(binary, left, &right, false),
            BinaryOp::Or => {
                let mut all = left.clone();
                all.extend(in_other(binary, right, &left, false));
                all
            }
            _ => matched(binary, left, right)?,
        }),
    })
}

/// Each sample with a number. A comparison keeps the sample's own value.
fn with_number(
    binary: &Binary,
    samples: Vec<Sample>,
    sides: impl Fn(f64) -> (f64, f64),
) -> Vec<Sample> {
    let keep = |mut sample: Sample| {
        let (left, right) = sides(sample.value);
        sample.value = result(binary, left, right, sample.value)?;
        Some(sample)
    };
    samples.into_iter().filter_map(keep).collect()
}

/// The samples that have, or have not, a partner on the other side.
fn in_other(binary: &Binary, samples: Vec<Sample>, other: &[Sample], has: bool) -> Vec<Sample> {
    let matching = binary.matching.as_ref();
    let known: HashSet<Labels> =
        other.iter().map(|sample| signature(matching, &sample.labels)).collect();
    let keep = |sample: &Sample| known.contains(&signature(matching, &sample.labels)) == has;
    samples.into_iter().filter(keep).collect()
}

/// Arithmetic and comparisons between the samples of the two sides that match.
fn matched(
    binary: &Binary,
    left: Vec<Sample>,
    right: Vec<Sample>,
) -> Result<Vec<Sample>, EvalError> {
    let matching = binary.matching.as_ref();
    let card = matching.map_or(Cardinality::OneToOne, |matching| matching.card);
    let (many, one, side) = match card {
        Cardinality::OneToMany => (right, left, "left"),
        Cardinality::OneToOne | Cardinality::ManyToOne => (left, right, "right"),
    };
    let mut partners: HashMap<Labels, Sample> = HashMap::new();
    for sample in one {
        if partners.insert(signature(matching, &sample.labels), sample).is_some() {
            return Err(EvalError::ManyToMany { side });
        }
    }
    let mut seen = HashSet::new();
    let mut results = Vec::new();
    for sample in many {
        let signature = signature(matching, &sample.labels);
        let Some(partner) = partners.get(&signature) else { continue };
        let (left, right) = match card {
            Cardinality::OneToMany => (partner.value, sample.value),
            Cardinality::OneToOne | Cardinality::ManyToOne => (sample.value, partner.value),
        };
        let Some(value) = result(binary, left, right, left) else { continue };
        let labels = result_labels(matching, &sample.labels, &partner.labels);
        let (key, error) = match card {
            Cardinality::OneToOne => (signature, EvalError::ManyToOne),
            _ => (labels.clone(), EvalError::Ambiguous),
        };
        if !seen.insert(key) {
            return Err(error);
        }
        results.push(Sample { labels, value });
    }
    Ok(results)
}

/// The value of an operation, or nothing where a comparison filters the sample out.
fn result(binary: &Binary, left: f64, right: f64, kept: f64) -> Option<f64> {
    let value = calculate(binary.op, left, right);
    if !is_comparison(binary.op) || binary.return_bool {
        return Some(value);
    }
    (value != 0.0).then_some(kept)
}

fn is_comparison(op: BinaryOp) -> bool {
    use BinaryOp as Op;
    matches!(op, Op::Eq | Op::NotEq | Op::Gt | Op::Gte | Op::Lt | Op::Lte)
}

/// Two numbers; comparisons give 0 or 1. Division by zero gives NaN, unlike in Prometheus.
fn calculate(op: BinaryOp, left: f64, right: f64) -> f64 {
    let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
    match op {
        BinaryOp::Add => left + right,
        BinaryOp::Sub => left - right,
        BinaryOp::Mul => left * right,
        BinaryOp::Div | BinaryOp::Mod if right == 0.0 => f64::NAN,
        BinaryOp::Div => left / right,
        BinaryOp::Mod => left % right,
        BinaryOp::Pow => left.powf(right),
        BinaryOp::Eq => truth(left == right),
        BinaryOp::NotEq => truth(left != right),
        BinaryOp::Gt => truth(left > right),
        BinaryOp::Gte => truth(left >= right),
        BinaryOp::Lt => truth(left < right),
        BinaryOp::Lte => truth(left <= right),
        // The parser refuses a number beside one of these.
        BinaryOp::Or | BinaryOp::And | BinaryOp::Unless => f64::NAN,
    }
}

/// The labels by which samples of the two sides find each other.
fn signature(matching: Option<&Matching>, labels: &Labels) -> Labels {
    match matching {
        None => labels.clone(),
        Some(matching) => labels.filter(|name| is_named(&matching.labels, name) == matching.on),
    }
}

/// The labels of a result: those of the side that may have many, less what was not compared in a
/// one-to-one match, and with what `group_left` or `group_right` takes from the other side.
fn result_labels(matching: Option<&Matching>, many: &Labels, one: &Labels) -> Labels {
    let Some(matching) = matching else { return many.clone() };
    let own = many.iter().filter(|(name, _)| {
        let compared = matching.card != Cardinality::OneToOne
            || is_named(&matching.labels, name) == matching.on;
        compared && !is_named(&matching.include, name)
    });
    let taken = one.iter().filter(|(name, _)| is_named(&matching.include, name));
    Labels::new(own.chain(taken))
}

fn is_named(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known == name)
}
