//! A tree as a query on one line, as Loki prints it (in errors, plans and `format_query`).
//!
//! What is printed parses to the same tree. Where Loki's print would lose something (digits of a
//! size, a number that is not finite) ours says it in another way.

use std::fmt::{self, Display, Formatter};

use model::labels::Quoted;

use crate::ast::{
    Binary, Cardinality, Comparison, Conversion, CountStage, DropKeep, Expr, Extraction, Grouping,
    LabelFilter, LabelFormat, LabelFormatSource, LabelReplace, LineFilter, LineMatch, LogExpr,
    Logfmt, Matcher, Matching, MetricExpr, RangeAggregation, Selector, SignedDuration, Stage, Text,
    Unwrap, VectorAggregation,
};
use crate::{bytes, duration, float};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(log) => log.fmt(f),
            Self::Metric(metric) => metric.fmt(f),
            Self::Count(count) => count.fmt(f),
        }
    }
}

impl Display for LogExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.selector.fmt(f)?;
        self.stages.iter().try_for_each(|stage| write!(f, " {stage}"))
    }
}

impl Display for CountStage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} | count", self.log)?;
        self.grouping.iter().try_for_each(|grouping| write!(f, " {grouping}"))
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        list(f, &self.matchers, ", ")?;
        f.write_str("}")
    }
}

impl Display for Matcher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.name, self.op, Quoted(&self.value))
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Quoted(&self.value).fmt(f)
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineFilter(filter) => filter.fmt(f),
            Self::Json(paths) => extractions(f, "| json", paths),
            Self::Logfmt(logfmt) => logfmt.fmt(f),
            Self::Pattern(text) => write!(f, "| pattern {text}"),
            Self::Regexp(text) => write!(f, "| regexp {text}"),
            Self::Unpack => f.write_str("| unpack"),
            Self::LabelFilter(filter) => write!(f, "| {filter}"),
            Self::LineFormat(text) => write!(f, "| line_format {text}"),
            Self::LabelFormat(formats) => {
                f.write_str("| label_format ")?;
                list(f, formats, ",")
            }
            Self::Decolorize => f.write_str("| decolorize"),
            Self::Drop(labels) => {
                f.write_str("| drop ")?;
                list(f, labels, ",")
            }
            Self::Keep(labels) => {
                f.write_str("| keep ")?;
                list(f, labels, ",")
            }
        }
    }
}

impl Display for LineFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.op)?;
        list(f, &self.alternatives, " or ")
    }
}

impl Display for LineMatch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Ip(range) => write!(f, "ip({range})"),
        }
    }
}

impl Display for Logfmt {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("| logfmt")?;
        if self.strict {
            f.write_str(" --strict")?;
        }
        if self.keep_empty {
            f.write_str(" --keep-empty")?;
        }
        extractions(f, "", &self.extractions)
    }
}

impl Display for Extraction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, Quoted(&self.expression))
    }
}

impl Display for LabelFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matcher(matcher) => matcher.fmt(f),
            Self::Number(comparison) => compared(f, comparison, &float::format(comparison.value)),
            Self::Duration(comparison) => compared(f, comparison, &comparison.value),
            Self::Bytes(comparison) => compared(f, comparison, &bytes::format(comparison.value)),
            Self::Ip { name, negated, range, .. } => {
                let op = if *negated { "!=" } else { "=" };
                write!(f, "{name}{op}ip({range})")
            }
            Self::And(left, right) => match and_chain(self) {
                Some((operands, between)) => chain(f, &operands, between),
                None => write!(f, "( {left} , {right} )"),
            },
            Self::Or(left, right) => match or_chain(self) {
                Some(operands) => chain(f, &operands, " or "),
                None => write!(f, "( {left} or {right} )"),
            },
        }
    }
}

/// Loki puts each pair into parentheses. A chain longer than this is printed without them, or what
/// is printed could be nested more deeply than a query may be.
const PAIRS_MAX: usize = 8;

/// The conditions of a long chain, and what to print between them: `and` is read from the left,
/// the comma from the right.
fn and_chain(filter: &LabelFilter) -> Option<(Vec<&LabelFilter>, &'static str)> {
    let (mut from_left, mut first) = (Vec::new(), filter);
    while let LabelFilter::And(left, right) = first {
        from_left.push(&**right);
        first = left;
    }
    from_left.push(first);
    from_left.reverse();
    let (mut from_right, mut last) = (Vec::new(), filter);
    while let LabelFilter::And(left, right) = last {
        from_right.push(&**left);
        last = right;
    }
    from_right.push(last);
    [(from_left, " and "), (from_right, " , ")]
        .into_iter()
        .find(|(operands, _)| operands.len() > PAIRS_MAX)
}

fn or_chain(filter: &LabelFilter) -> Option<Vec<&LabelFilter>> {
    let (mut operands, mut first) = (Vec::new(), filter);
    while let LabelFilter::Or(left, right) = first {
        operands.push(&**right);
        first = left;
    }
    operands.push(first);
    operands.reverse();
    (operands.len() > PAIRS_MAX).then_some(operands)
}

fn chain(f: &mut Formatter<'_>, operands: &[&LabelFilter], between: &str) -> fmt::Result {
    f.write_str("( ")?;
    list(f, operands, between)?;
    f.write_str(" )")
}

impl Display for SignedDuration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&duration::format_go(*self))
    }
}

impl Display for LabelFormat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.source {
            LabelFormatSource::Rename(from) => write!(f, "{}={from}", self.name),
            LabelFormatSource::Template(text) => write!(f, "{}={text}", self.name),
        }
    }
}

impl Display for DropKeep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Matcher(matcher) => matcher.fmt(f),
        }
    }
}

impl Display for MetricExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::Aggregate(aggregation) => aggregation.fmt(f),
            Self::Binary(binary) => binary.fmt(f),
            Self::Number(number) => literal(f, *number),
            Self::Vector(number) => vector(f, *number),
            Self::LabelReplace(replace) => replace.fmt(f),
        }
    }
}

impl Display for RangeAggregation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.op)?;
        if let Some(param) = self.param {
            write!(f, "{},", float::format(param))?;
        }
        self.log.fmt(f)?;
        self.unwrap.iter().try_for_each(|unwrap| write!(f, " {unwrap}"))?;
        write!(f, "[{}]", duration::format_prometheus(self.range))?;
        if self.offset.0 != 0 {
            write!(f, " offset {}", self.offset)?;
        }
        f.write_str(")")?;
        self.grouping.iter().try_for_each(|grouping| write!(f, " {grouping}"))
    }
}

impl Display for Unwrap {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.conversion {
            Conversion::None => write!(f, "| unwrap {}", self.label),
            Conversion::Bytes => write!(f, "| unwrap bytes({})", self.label),
            Conversion::Duration => write!(f, "| unwrap duration({})", self.label),
            Conversion::DurationSeconds => write!(f, "| unwrap duration_seconds({})", self.label),
        }?;
        self.filters.iter().try_for_each(|filter| write!(f, " | {filter}"))
    }
}

impl Display for Grouping {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.without { "without (" } else { "by (" })?;
        list(f, &self.labels, ",")?;
        f.write_str(")")
    }
}

impl Display for VectorAggregation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.op.fmt(f)?;
        self.grouping.iter().try_for_each(|grouping| write!(f, " {grouping}"))?;
        f.write_str("(")?;
        self.param.iter().try_for_each(|param| write!(f, "{param},"))?;
        write!(f, "{})", self.inner)
    }
}

impl Display for Binary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut chain = vec![self];
        while let Some(Binary { left: MetricExpr::Binary(left), .. }) = chain.last() {
            // What is read from the left needs no parentheses on its left.
            if left.op.precedence() != self.op.precedence() || left.op.is_right_associative() {
                break;
            }
            chain.push(left);
        }
        if chain.len() < PAIRS_MAX {
            return write!(f, "({} {} {})", self.left, Operator(self), self.right);
        }
        let first = chain.last().map_or(&self.left, |binary| &binary.left);
        write!(f, "({first}")?;
        for binary in chain.iter().rev() {
            write!(f, " {} {}", Operator(binary), binary.right)?;
        }
        f.write_str(")")
    }
}

/// The operator of a binary expression with what modifies it: `> bool on (a) group_left (b)`.
pub(crate) struct Operator<'a>(pub(crate) &'a Binary);

impl Display for Operator<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.op.fmt(f)?;
        if self.0.return_bool {
            f.write_str(" bool")?;
        }
        self.0.matching.iter().try_for_each(|matching| write!(f, " {matching}"))
    }
}

impl Display for Matching {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.on { "on (" } else { "ignoring (" })?;
        list(f, &self.labels, ",")?;
        f.write_str(match self.card {
            Cardinality::OneToOne => return f.write_str(")"),
            Cardinality::ManyToOne => ") group_left (",
            Cardinality::OneToMany => ") group_right (",
        })?;
        list(f, &self.include, ",")?;
        f.write_str(")")
    }
}

impl Display for LabelReplace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "label_replace({}", self.inner)?;
        for argument in [&self.dst, &self.replacement, &self.src, &self.regex] {
            write!(f, ",{}", Quoted(argument))?;
        }
        f.write_str(")")
    }
}

/// Things with something between them.
fn list<T: Display>(f: &mut Formatter<'_>, items: &[T], between: &str) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        f.write_str(if i == 0 { "" } else { between })?;
        item.fmt(f)?;
    }
    Ok(())
}

fn extractions(f: &mut Formatter<'_>, stage: &str, items: &[Extraction]) -> fmt::Result {
    f.write_str(stage)?;
    if !items.is_empty() {
        f.write_str(" ")?;
    }
    list(f, items, ",")
}

fn compared<T>(
    f: &mut Formatter<'_>,
    comparison: &Comparison<T>,
    value: &impl Display,
) -> fmt::Result {
    write!(f, "{}{}{value}", comparison.name, comparison.op)
}

/// A number; one that is not finite has no literal, but folding a sum gives it back.
fn literal(f: &mut Formatter<'_>, number: f64) -> fmt::Result {
    if number.is_nan() {
        f.write_str("(0 / 0)")
    } else if number.is_infinite() {
        write!(f, "({}1e+308 * 10)", if number < 0.0 { "-" } else { "" })
    } else {
        f.write_str(&float::format(number))
    }
}

/// `vector(1.000000)`, with more digits where six do not say it.
fn vector(f: &mut Formatter<'_>, number: f64) -> fmt::Result {
    let six = format!("{number:.6}");
    if float::parse(&six) == Ok(number) {
        write!(f, "vector({six})")
    } else {
        write!(f, "vector({})", float::format(number))
    }
}
