//! Why a query has no answer: few kinds for the caller, rich inside.

use std::time::Duration;

use datafusion_common::DataFusionError;
use logql::eval::EvalError;
use logql::pipeline::StageError;

/// What the caller should do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The query is at fault: change it.
    BadRequest,
    /// The query ran out of time: narrow it.
    Timeout,
    /// The query ran out of its memory budget: narrow it.
    TooLarge,
    /// The store could not be read now: ask again.
    Retry,
    /// A defect: tell the operator.
    Internal,
}

/// A query has read as many bytes of lines as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the query would read too many bytes (limit: {limit}); consider adding more specific stream \
     selectors or reduce the time range of the query"
)]
pub struct BytesRead {
    /// How many it may read.
    pub limit: u64,
}

/// A query that failed. The text is for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Log queries have no single time. Loki's words.
    #[error(
        "log queries are not supported as an instant query type, please change your query to a \
         range query type"
    )]
    InstantLog,
    /// A stage that cannot be built.
    #[error("{0}")]
    Stage(#[from] StageError),
    /// The evaluation found the query at fault.
    #[error("{0}")]
    Eval(#[from] EvalError),
    /// The query's time is over.
    #[error(
        "request timed out after {}s, decrease the duration of the request or add more label \
         matchers (prefer exact match over regex match) to reduce the amount of data processed",
        .0.as_secs_f64()
    )]
    Timeout(Duration),
    /// The query's memory budget is used up.
    #[error(
        "the query needs more than its memory budget of {budget} bytes: narrow its time range, add \
         label matchers, or aggregate by fewer labels"
    )]
    Memory {
        /// The budget.
        budget: usize,
        /// DataFusion's account of who asked for how much.
        source: DataFusionError,
    },
    /// The query has read as many bytes as it may.
    #[error("{0}")]
    BytesRead(#[from] BytesRead),
    /// A range aggregation, or the answer, has too many series. Loki's words.
    #[error(
        "maximum number of series ({limit}) reached for a single query; consider reducing query \
         cardinality by adding more specific stream selectors, reducing the time range, or \
         aggregating results with functions like sum(), count() or topk()"
    )]
    Series {
        /// How many there may be.
        limit: usize,
    },
    /// The store could not be read.
    #[error("failed to read the store: {0}")]
    Store(#[from] store::Error),
    /// A plan failed in a way that no query should be able to cause.
    #[error("failed to run the query's plan: {0}")]
    Plan(DataFusionError),
}

impl Error {
    /// What the caller should do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InstantLog | Self::Stage(_) | Self::Eval(_) => ErrorKind::BadRequest,
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::Memory { .. } | Self::BytesRead(_) | Self::Series { .. } => ErrorKind::TooLarge,
            Self::Store(_) => ErrorKind::Retry,
            Self::Plan(_) => ErrorKind::Internal,
        }
    }

    /// Sorts what came out of a plan; `budget` is the memory that the query had.
    pub(crate) fn from_plan(error: DataFusionError, budget: usize) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Memory { budget, source: error },
            _ => Self::unwrap_external(error),
        }
    }

    /// Errors that are not DataFusion's travel through it as `External`; this takes them out again.
    fn unwrap_external(error: DataFusionError) -> Self {
        let DataFusionError::External(source) = error else { return Self::Plan(error) };
        let source = match source.downcast::<BytesRead>() {
            Ok(error) => return Self::BytesRead(*error),
            Err(source) => source,
        };
        match source.downcast::<store::Error>() {
            Ok(error) => Self::Store(*error),
            Err(source) => Self::Plan(DataFusionError::External(source)),
        }
    }
}
