//! Why a request's parameters cannot be used: Loki's texts, with what to do about it.

/// A parameter that cannot be used. Every one is the sender's to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// A time in none of Loki's three forms.
    #[error(
        "could not parse '{name}' parameter: {value:?} is not a time; give Unix nanoseconds, Unix \
         seconds (at most 10 digits, or with a point) or RFC 3339"
    )]
    Time {
        /// The parameter.
        name: &'static str,
        /// What was sent.
        value: String,
    },
    /// A parameter that has no default is not there. Loki's words.
    #[error("{0} not set")]
    Missing(&'static str),
    /// `since` is not a duration.
    #[error(
        "could not parse 'since' parameter: not a valid duration string: {0:?}; write it like 1h30m"
    )]
    Since(String),
    /// A step or an interval is not a duration.
    #[error("cannot parse {0:?} to a valid duration; give seconds, or a duration like 1h30m")]
    Duration(String),
    /// The range ends before it starts.
    #[error("end timestamp must not be before or equal to start time; swap 'start' and 'end'")]
    EndBeforeStart,
    /// The step is not above zero.
    #[error(
        "zero or negative query resolution step widths are not accepted. Try a positive integer"
    )]
    Step,
    /// The step is too fine for the range.
    #[error(
        "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of \
         the step parameter"
    )]
    Resolution,
    /// The interval is negative.
    #[error("interval must be >= 0; leave it out to get all entries")]
    Interval,
    /// A count is not a whole number.
    #[error("the '{name}' parameter {value:?} is not a whole number")]
    Count {
        /// The parameter.
        name: &'static str,
        /// What was sent.
        value: String,
    },
    /// The limit is zero or negative.
    #[error("limit must be a positive value")]
    Limit,
    /// A tail that holds lines back for too long, or for less than no time.
    #[error("delay_for can't be greater than 5; give whole seconds from 0 to 5")]
    DelayFor,
    /// Neither forward nor backward.
    #[error("invalid direction '{0}'; use forward or backward")]
    Direction(String),
    /// Neither series nor labels.
    #[error("invalid aggregation option; aggregateBy is series or labels")]
    AggregateBy,
}
