//! What an answer is made of.

use model::{Labels, Timestamp};

use crate::pipeline::ResultLabels;

/// Lines with the same labels, in the order of the query's direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStream {
    /// The labels after the pipeline.
    pub labels: ResultLabels,
    /// Time and line.
    pub entries: Vec<(Timestamp, String)>,
}

/// Numbers over time with the same labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What the numbers belong to.
    pub labels: Labels,
    /// At most one for each step, in the order of time.
    pub points: Vec<(Timestamp, f64)>,
}

/// The answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// To a log query.
    Streams(Vec<LogStream>),
    /// To a metric query over several steps, sorted by labels.
    Matrix(Vec<Series>),
    /// To a metric query at one instant: series of one point, sorted by labels unless the query
    /// sorts them by value.
    Vector(Vec<Series>),
    /// To a number at one instant.
    Scalar(Timestamp, f64),
}
