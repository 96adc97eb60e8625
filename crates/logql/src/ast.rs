//! The syntax tree of LogQL. Every node that an error can point at carries its [`Span`].

use std::time::Duration;

pub use crate::operator::{BinaryOp, CompareOp, LineFilterOp, MatchOp, RangeOp, VectorOp};

/// Where a node stands in the query's text, in bytes, half-open.
///
/// Two spans are always equal, so that trees compare by what they mean and not by how their
/// query was laid out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From the first byte of `self` to the last of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

/// A whole query.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A query for lines.
    Log(LogExpr),
    /// A query for numbers.
    Metric(MetricExpr),
    /// A query for lines that ends in `| count`: numbers over the range that is asked for.
    Count(CountStage),
}

/// `{…} | count by (labels)`: our shorthand for `sum by (labels) (count_over_time({…}[range]))`
/// where the range is that of the request, which the text of a query does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct CountStage {
    /// The lines that are counted.
    pub log: LogExpr,
    /// `by (…)` or `without (…)`; without it there is one number for all.
    pub grouping: Option<Grouping>,
    /// From the `|` on.
    pub span: Span,
}

impl CountStage {
    /// The query it stands for when the request covers `range`.
    #[must_use]
    pub fn over(self, range: Duration) -> MetricExpr {
        let span = self.log.span.to(self.span);
        let counted = RangeAggregation {
            op: RangeOp::CountOverTime,
            param: None,
            log: self.log,
            unwrap: None,
            range,
            offset: SignedDuration(0),
            grouping: None,
            span,
        };
        MetricExpr::Aggregate(VectorAggregation {
            op: VectorOp::Sum,
            param: None,
            grouping: self.grouping,
            inner: Box::new(MetricExpr::Range(Box::new(counted))),
            span,
        })
    }
}

/// `{selector} stage stage …`
#[derive(Debug, Clone, PartialEq)]
pub struct LogExpr {
    /// The matchers between the braces.
    pub selector: Selector,
    /// The stages after it, in order.
    pub stages: Vec<Stage>,
    /// The whole of it.
    pub span: Span,
}

/// `{a="b", c=~"d"}`
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// The matchers, all of which must hold.
    pub matchers: Vec<Matcher>,
    /// With the braces.
    pub span: Span,
}

/// `name op "value"`
#[derive(Debug, Clone, PartialEq)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// How the value is compared.
    pub op: MatchOp,
    /// The value, or the regular expression (anchored at both ends).
    pub value: String,
    /// The whole of it.
    pub span: Span,
}

/// One stage of a log pipeline. One variant for each file of `pipeline/`.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// `|= "x" or "y"` and its kin.
    LineFilter(LineFilter),
    /// `| json` with or without expressions.
    Json(Vec<Extraction>),
    /// `| logfmt` with its flags, with or without expressions.
    Logfmt(Logfmt),
    /// `` | pattern `…` ``
    Pattern(Text),
    /// `` | regexp `…` ``
    Regexp(Text),
    /// `| unpack`
    Unpack,
    /// `| a = "b" and c > 5`
    LabelFilter(LabelFilter),
    /// `| line_format "…"`
    LineFormat(Text),
    /// `| label_format a=b, c="…"`
    LabelFormat(Vec<LabelFormat>),
    /// `| decolorize`
    Decolorize,
    /// `| drop a, b="x"`
    Drop(Vec<DropKeep>),
    /// `| keep a, b="x"`
    Keep(Vec<DropKeep>),
}

/// A string literal and where it stands (its quotes included).
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The string, unquoted.
    pub value: String,
    /// Where it stands.
    pub span: Span,
}

/// One line filter with the alternatives chained to it by `or`.
#[derive(Debug, Clone, PartialEq)]
pub struct LineFilter {
    /// The operator that all alternatives share.
    pub op: LineFilterOp,
    /// At least one. `|= a or b`: any of them; `!= a or b`: none of them.
    pub alternatives: Vec<LineMatch>,
    /// The whole of it.
    pub span: Span,
}

/// What a line filter looks for.
#[derive(Debug, Clone, PartialEq)]
pub enum LineMatch {
    /// A substring, regular expression or pattern, as the operator says.
    Text(Text),
    /// `ip("…")`
    Ip(Text),
}

/// `name="expression"` of `json` and `logfmt`; a bare `name` stands for `name="name"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Extraction {
    /// The label that is set.
    pub name: String,
    /// The path (json) or key (logfmt) that it is taken from.
    pub expression: String,
    /// The whole of it.
    pub span: Span,
}

/// `| logfmt --strict --keep-empty a, b="c"`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Logfmt {
    /// `--strict`
    pub strict: bool,
    /// `--keep-empty`
    pub keep_empty: bool,
    /// Empty: all keys.
    pub extractions: Vec<Extraction>,
}

/// A condition on labels.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelFilter {
    /// `a="b"`, `a=~"b"` …
    Matcher(Matcher),
    /// `a > 5`
    Number(Comparison<f64>),
    /// `a > 5s`
    Duration(Comparison<SignedDuration>),
    /// `a > 5KB`
    Bytes(Comparison<u64>),
    /// `a = ip("…")` (`negated`: `!=`)
    Ip {
        /// The label's name.
        name: String,
        /// Whether it must not be of that range.
        negated: bool,
        /// The address, CIDR or range.
        range: Text,
        /// The whole of it.
        span: Span,
    },
    /// `a and b`, `a, b`, `a b`
    And(Box<LabelFilter>, Box<LabelFilter>),
    /// `a or b`
    Or(Box<LabelFilter>, Box<LabelFilter>),
}

impl LabelFilter {
    /// The one label that it looks at; nothing for conditions that are joined.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Matcher(matcher) => Some(&matcher.name),
            Self::Number(number) => Some(&number.name),
            Self::Duration(duration) => Some(&duration.name),
            Self::Bytes(bytes) => Some(&bytes.name),
            Self::Ip { name, .. } => Some(name),
            Self::And(..) | Self::Or(..) => None,
        }
    }
}

/// `name op value`
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison<T> {
    /// The label's name.
    pub name: String,
    /// The operator.
    pub op: CompareOp,
    /// What the label's value is compared with.
    pub value: T,
    /// The whole of it.
    pub span: Span,
}

/// Nanoseconds; may be negative, as Go's durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignedDuration(pub i64);

/// One assignment of `label_format`.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelFormat {
    /// The label that is set.
    pub name: String,
    /// Where its value comes from.
    pub source: LabelFormatSource,
    /// The whole of it.
    pub span: Span,
}

/// The right-hand side of a `label_format`.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelFormatSource {
    /// `a=b`: `b` is renamed.
    Rename(String),
    /// `a="…"`: a template.
    Template(Text),
}

/// A name, or a matcher, of `drop` and `keep`.
#[derive(Debug, Clone, PartialEq)]
pub enum DropKeep {
    /// By name.
    Name(String),
    /// By name and value.
    Matcher(Matcher),
}

/// A query for numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricExpr {
    /// `rate({…}[5m])` and its kin: the leaves that read lines.
    Range(Box<RangeAggregation>),
    /// `sum by (a) (…)`
    Aggregate(VectorAggregation),
    /// `a + b`
    Binary(Box<Binary>),
    /// `5`
    Number(f64),
    /// `vector(5)`
    Vector(f64),
    /// `label_replace(v, "dst", "replacement", "src", "regex")`
    LabelReplace(LabelReplace),
}

/// `op(param, log | unwrap x [range] offset o) by (labels)`
#[derive(Debug, Clone, PartialEq)]
pub struct RangeAggregation {
    /// The function.
    pub op: RangeOp,
    /// The quantile of `quantile_over_time`.
    pub param: Option<f64>,
    /// The lines.
    pub log: LogExpr,
    /// How a line becomes a number, where the function needs one.
    pub unwrap: Option<Unwrap>,
    /// `[5m]`
    pub range: Duration,
    /// `offset 1h`; zero when there is none, may be negative.
    pub offset: SignedDuration,
    /// `by (…)` or `without (…)`.
    pub grouping: Option<Grouping>,
    /// The whole of it.
    pub span: Span,
}

/// `| unwrap conversion(label) | filter | filter`
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrap {
    /// The label.
    pub label: String,
    /// How its value is read.
    pub conversion: Conversion,
    /// Filters after it.
    pub filters: Vec<LabelFilter>,
    /// The whole of it.
    pub span: Span,
}

/// How `unwrap` reads a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Conversion {
    /// A number.
    None,
    /// `bytes(x)`: a size.
    Bytes,
    /// `duration(x)`: a duration, in seconds.
    Duration,
    /// `duration_seconds(x)`: the same.
    DurationSeconds,
}

/// `by (a, b)` or `without (a, b)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// `without` rather than `by`.
    pub without: bool,
    /// The labels.
    pub labels: Vec<String>,
}

/// `op by (labels) (param, inner)`
#[derive(Debug, Clone, PartialEq)]
pub struct VectorAggregation {
    /// The operator.
    pub op: VectorOp,
    /// The k of `topk`, `bottomk`, `approx_topk`.
    pub param: Option<u64>,
    /// `by (…)` or `without (…)`.
    pub grouping: Option<Grouping>,
    /// What is aggregated.
    pub inner: Box<MetricExpr>,
    /// The whole of it.
    pub span: Span,
}

/// `left op bool on(…) group_left(…) right`
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// `bool`: comparisons give 0 and 1 instead of filtering.
    pub return_bool: bool,
    /// How series of the two sides find each other.
    pub matching: Option<Matching>,
    /// The left side.
    pub left: MetricExpr,
    /// The right side.
    pub right: MetricExpr,
    /// The whole of it.
    pub span: Span,
}

/// `on (…) group_left (…)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// `on` rather than `ignoring`.
    pub on: bool,
    /// The labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// Which side may have many.
    pub card: Cardinality,
    /// The extra labels of `group_left` or `group_right`.
    pub include: Vec<String>,
}

/// Which side of a binary operation may have many series for one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cardinality {
    /// Neither.
    OneToOne,
    /// The left (`group_left`).
    ManyToOne,
    /// The right (`group_right`).
    OneToMany,
}

/// `label_replace(inner, "dst", "replacement", "src", "regex")`
#[derive(Debug, Clone, PartialEq)]
pub struct LabelReplace {
    /// The series.
    pub inner: Box<MetricExpr>,
    /// The label that is set.
    pub dst: String,
    /// Its value, with `$1` for groups.
    pub replacement: String,
    /// The label that is read.
    pub src: String,
    /// Anchored at both ends.
    pub regex: String,
    /// The whole of it.
    pub span: Span,
}
