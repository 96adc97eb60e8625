//! What is done with the series of range aggregations: the vector algebra of a metric query, step
//! by step.

use std::collections::BTreeMap;

use model::{Labels, Timestamp};

use crate::ast::{Binary, MetricExpr, RangeAggregation, VectorAggregation, VectorOp};

use super::aggregate;
use super::binary;
use super::error::EvalError;
use super::label_replace::LabelReplace;
use super::params::Steps;
use super::value::{Series, Value};

/// The range aggregations of a query, from left to right.
#[must_use]
pub fn leaves(expr: &MetricExpr) -> Vec<&RangeAggregation> {
    match expr {
        MetricExpr::Range(range) => vec![range],
        MetricExpr::Aggregate(aggregation) => leaves(&aggregation.inner),
        MetricExpr::LabelReplace(replace) => leaves(&replace.inner),
        MetricExpr::Binary(binary) => {
            let mut all = leaves(&binary.left);
            all.extend(leaves(&binary.right));
            all
        }
        MetricExpr::Number(_) | MetricExpr::Vector(_) => Vec::new(),
    }
}

/// The answer to a metric query whose range aggregations, in the order of [`leaves`], have these
/// series. Times of points must be steps.
///
/// # Errors
/// When series do not find each other, or an expression in the query cannot be compiled.
pub fn combine(
    expr: &MetricExpr,
    steps: &Steps,
    leaves: Vec<Vec<Series>>,
) -> Result<Value, EvalError> {
    let mut leaves = leaves.into_iter();
    let mut node = Node::new(expr, &mut leaves)?;
    if steps.is_instant() {
        return Ok(instant(expr, steps.start, node.at(steps.start)?));
    }
    let mut matrix: BTreeMap<Labels, Vec<(Timestamp, f64)>> = BTreeMap::new();
    for time in steps.iter() {
        match node.at(time)? {
            Current::Scalar(value) => {
                matrix.entry(Labels::default()).or_default().push((time, value));
            }
            Current::Vector(samples) => {
                for sample in samples {
                    matrix.entry(sample.labels).or_default().push((time, sample.value));
                }
            }
        }
    }
    let series = matrix.into_iter().map(|(labels, points)| Series { labels, points });
    Ok(Value::Matrix(series.collect()))
}

fn instant(expr: &MetricExpr, time: Timestamp, current: Current) -> Value {
    match current {
        Current::Scalar(value) => Value::Scalar(time, value),
        Current::Vector(mut samples) => {
            if !sorts(expr) {
                samples.sort_by(|a, b| a.labels.cmp(&b.labels));
            }
            let series = samples
                .into_iter()
                .map(|sample| Series { labels: sample.labels, points: vec![(time, sample.value)] });
            Value::Vector(series.collect())
        }
    }
}

/// One series at one step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) labels: Labels,
    pub(super) value: f64,
}

/// What an expression is worth at one step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Current {
    Scalar(f64),
    Vector(Vec<Sample>),
}

/// An expression, compiled, with the series of its leaves.
enum Node<'a> {
    Leaf(Leaf),
    Number(f64),
    Vector(f64),
    Aggregate(&'a VectorAggregation, Box<Self>),
    Binary(&'a Binary, Box<Self>, Box<Self>),
    LabelReplace(LabelReplace, Box<Self>),
}

impl<'a> Node<'a> {
    fn new(
        expr: &'a MetricExpr,
        leaves: &mut impl Iterator<Item = Vec<Series>>,
    ) -> Result<Self, EvalError> {
        Ok(match expr {
            MetricExpr::Range(_) => Self::Leaf(Leaf::new(leaves.next().unwrap_or_default())),
            MetricExpr::Number(value) => Self::Number(*value),
            MetricExpr::Vector(value) => Self::Vector(*value),
            MetricExpr::Aggregate(aggregation) => {
                Self::Aggregate(aggregation, Box::new(Self::new(&aggregation.inner, leaves)?))
            }
            MetricExpr::Binary(binary) => {
                let left = Box::new(Self::new(&binary.left, leaves)?);
                Self::Binary(binary, left, Box::new(Self::new(&binary.right, leaves)?))
            }
            MetricExpr::LabelReplace(replace) => {
                let inner = Box::new(Self::new(&replace.inner, leaves)?);
                Self::LabelReplace(LabelReplace::new(replace)?, inner)
            }
        })
    }

    /// What the expression is worth at a step. Steps are asked for in order.
    fn at(&mut self, time: Timestamp) -> Result<Current, EvalError> {
        Ok(match self {
            Self::Leaf(leaf) => Current::Vector(leaf.at(time)),
            Self::Number(value) => Current::Scalar(*value),
            Self::Vector(value) => {
                Current::Vector(vec![Sample { labels: Labels::default(), value: *value }])
            }
            Self::Aggregate(aggregation, inner) => {
                Current::Vector(aggregate::apply(aggregation, inner.at(time)?.into_vector()))
            }
            Self::Binary(operation, left, right) => {
                let (left, right) = (left.at(time)?, right.at(time)?);
                binary::apply(operation, left, right)?
            }
            Self::LabelReplace(replace, inner) => {
                Current::Vector(replace.apply(inner.at(time)?.into_vector()))
            }
        })
    }
}

impl Current {
    /// The samples; a number is one without labels.
    fn into_vector(self) -> Vec<Sample> {
        match self {
            Self::Scalar(value) => vec![Sample { labels: Labels::default(), value }],
            Self::Vector(samples) => samples,
        }
    }
}

/// The series of a range aggregation, and how far each has been read.
struct Leaf {
    series: Vec<(Series, usize)>,
}

impl Leaf {
    fn new(series: Vec<Series>) -> Self {
        Self { series: series.into_iter().map(|series| (series, 0)).collect() }
    }

    fn at(&mut self, time: Timestamp) -> Vec<Sample> {
        let samples = self.series.iter_mut().filter_map(|(series, next)| {
            let (at, value) = *series.points.get(*next)?;
            if at != time {
                return None;
            }
            *next += 1;
            Some(Sample { labels: series.labels.clone(), value })
        });
        samples.collect()
    }
}

/// Whether the order of the answer is the query's doing.
fn sorts(expr: &MetricExpr) -> bool {
    match expr {
        MetricExpr::Aggregate(aggregation) => {
            matches!(aggregation.op, VectorOp::Sort | VectorOp::SortDesc)
                || sorts(&aggregation.inner)
        }
        MetricExpr::LabelReplace(replace) => sorts(&replace.inner),
        MetricExpr::Binary(binary) => sorts(&binary.left) || sorts(&binary.right),
        MetricExpr::Range(_) | MetricExpr::Number(_) | MetricExpr::Vector(_) => false,
    }
}

#[cfg(test)]
mod tests;
