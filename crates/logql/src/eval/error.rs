//! Why a query that could be parsed has no answer.

use model::Labels;

use crate::pipeline::StageError;

/// A query that makes no sense with the data that it met. The texts are Loki's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// A stage that cannot be built.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// A line that went wrong and that no filter took out.
    #[error(
        "pipeline error: '{error}' for series: '{series}'.\n\
         Use a label filter to intentionally skip this error. (e.g | __error__!=\"{error}\").\n\
         To skip all potential errors you can match empty errors.(e.g __error__=\"\")\n\
         The label filter can also be specified after unwrap. \
         (e.g | unwrap latency | __error__=\"\" )\n"
    )]
    Pipeline {
        /// What went wrong.
        error: String,
        /// The series with the error in it.
        series: Labels,
    },
    /// Two series on the side that may have one.
    #[error(
        "found duplicate series on the {side} hand-side;many-to-many matching not allowed: \
         matching labels must be unique on one side"
    )]
    ManyToMany {
        /// `left` or `right`.
        side: &'static str,
    },
    /// Two series for one of the other side, without `group_left` or `group_right`.
    #[error(
        "multiple matches for labels: many-to-one matching must be explicit \
         (group_left/group_right)"
    )]
    ManyToOne,
    /// Two series for one of the other side that would become the same series.
    #[error("multiple matches for labels: grouping labels must ensure unique matches")]
    Ambiguous,
    /// A number as the argument of a function of series.
    #[error("{function} needs series, not a number: write vector(…) around it")]
    Literal {
        /// The function.
        function: &'static str,
    },
    /// `approx_topk`, which estimates what can be counted.
    #[error("approx_topk is not enabled: write topk, which is exact")]
    ApproxTopk,
    /// The expression of a `label_replace` is none.
    #[error("invalid regex in label_replace: {0}")]
    LabelReplace(String),
}
