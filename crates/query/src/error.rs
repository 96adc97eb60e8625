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
            Self::Memory { .. } => ErrorKind::TooLarge,
            Self::Store(_) => ErrorKind::Retry,
            Self::Plan(_) => ErrorKind::Internal,
        }
    }

    /// Sorts what came out of a plan; `budget` is the memory that the query had.
    pub(crate) fn from_plan(error: DataFusionError, budget: usize) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Memory { budget, source: error },
            _ => Self::unwrap_store(error),
        }
    }

    /// A store's error travels through DataFusion as `External`; this takes it out again.
    fn unwrap_store(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(source) => match source.downcast::<store::Error>() {
                Ok(error) => Self::Store(*error),
                Err(source) => Self::Plan(DataFusionError::External(source)),
            },
            other => Self::Plan(other),
        }
    }
}
