//! Properties of the parser: what is printed parses to the same tree, and nothing makes it panic.

use std::time::Duration;

use barogram_logql::ast::*;
use barogram_logql::{bytes, parse, parse_matchers, pretty};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn name() -> impl Strategy<Value = String> {
    // Reserved words cannot be names; those of functions can.
    let word = "[a-z_][a-z0-9_]{3,6}".prop_filter("reserved", |word| {
        let query = format!("{{{word}=\"x\"}}");
        parse(&query).is_ok()
    });
    prop_oneof![word, select(vec!["rate", "count", "ip", "bytes", "A1"]).prop_map(str::to_owned)]
}

fn text(value: impl Strategy<Value = String>) -> impl Strategy<Value = Text> {
    value.prop_map(|value| Text { value, span: Span::default() })
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(values).prop_map(str::to_owned)
}

const REGEXES: &[&str] = &["", ".+", "a|b", r"\d+[a-z\]]", "(?i)żółw\n", r"\Q.*\E"];
const RANGES: &[&str] = &["10.0.0.1", "10.0.0.0/8", "::1", "10.0.0.1-10.0.0.9"];

fn matcher() -> impl Strategy<Value = Matcher> {
    let plain = (select(&[MatchOp::Eq, MatchOp::NotEq][..]), any::<String>());
    let regex = (select(&[MatchOp::Re, MatchOp::NotRe][..]), one_of(REGEXES));
    (name(), prop_oneof![plain, regex]).prop_map(|(name, (op, value))| Matcher {
        name,
        op,
        value,
        span: Span::default(),
    })
}

fn selector() -> impl Strategy<Value = Selector> {
    vec(matcher(), 0..3).prop_map(|mut matchers| {
        // One must narrow the search down, or the query is refused.
        let (name, value) = ("app".to_owned(), "x".to_owned());
        matchers.push(Matcher { name, op: MatchOp::Eq, value, span: Span::default() });
        Selector { matchers, span: Span::default() }
    })
}

fn line_filter() -> impl Strategy<Value = LineFilter> {
    let of = |ops: &'static [LineFilterOp], strings: BoxedStrategy<Text>| {
        (select(ops), vec(strings.prop_map(LineMatch::Text), 1..4))
    };
    let contains = &[LineFilterOp::Contains, LineFilterOp::NotContains];
    let ip = text(one_of(RANGES)).prop_map(LineMatch::Ip);
    prop_oneof![
        of(contains, text(any::<String>()).boxed()),
        of(&[LineFilterOp::Re, LineFilterOp::NotRe], text(one_of(REGEXES)).boxed()),
        of(
            &[LineFilterOp::Pattern, LineFilterOp::NotPattern],
            text(one_of(&["", "<_> a", "x < y"])).boxed(),
        ),
        (select(&contains[..]), vec(ip, 1..3)),
    ]
    .prop_map(|(op, alternatives)| LineFilter { op, alternatives, span: Span::default() })
}

fn comparison<T: std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Comparison<T>> {
    (name(), select(CompareOp::ALL), value).prop_map(|(name, op, value)| Comparison {
        name,
        op,
        value,
        span: Span::default(),
    })
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<i32>().prop_map(f64::from), proptest::num::f64::NORMAL]
}

fn label_filter() -> impl Strategy<Value = LabelFilter> {
    let ip = (name(), any::<bool>(), text(one_of(RANGES))).prop_map(|(name, negated, range)| {
        LabelFilter::Ip { name, negated, range, span: Span::default() }
    });
    let leaf = prop_oneof![
        matcher().prop_map(LabelFilter::Matcher),
        comparison(number()).prop_map(LabelFilter::Number),
        comparison(any::<i64>().prop_map(SignedDuration)).prop_map(LabelFilter::Duration),
        // What is larger has no literal of its own: literals are read as floats. And all sizes in
        // queries are rounded.
        comparison((0..1_u64 << 53).prop_map(bytes::rounded)).prop_map(LabelFilter::Bytes),
        ip,
    ];
    leaf.prop_recursive(12, 24, 2, |inner| {
        let pair = (inner.clone(), inner).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
        prop_oneof![
            pair.clone().prop_map(|(a, b)| LabelFilter::And(a, b)),
            pair.prop_map(|(a, b)| LabelFilter::Or(a, b)),
        ]
    })
}

fn extractions(expressions: &'static [&'static str]) -> impl Strategy<Value = Vec<Extraction>> {
    let one = (name(), one_of(expressions)).prop_map(|(name, expression)| Extraction {
        name,
        expression,
        span: Span::default(),
    });
    vec(one, 0..3)
}

fn label_formats() -> impl Strategy<Value = Vec<LabelFormat>> {
    let source = prop_oneof![
        name().prop_map(LabelFormatSource::Rename),
        text(one_of(&["", "{{ .x }}", "a\"b"])).prop_map(LabelFormatSource::Template),
    ];
    vec((name(), source), 1..3).prop_map(|mut formats| {
        // A label may be set once.
        formats.dedup_by(|a, b| a.0 == b.0);
        let format = |(name, source)| LabelFormat { name, source, span: Span::default() };
        formats.into_iter().map(format).collect()
    })
}

fn stage() -> impl Strategy<Value = Stage> {
    let labels = || {
        let label =
            prop_oneof![name().prop_map(DropKeep::Name), matcher().prop_map(DropKeep::Matcher),];
        vec(label, 1..3)
    };
    let logfmt = (any::<bool>(), any::<bool>(), extractions(&["a", "\"b c\""]))
        .prop_map(|(strict, keep_empty, extractions)| Logfmt { strict, keep_empty, extractions });
    prop_oneof![
        line_filter().prop_map(Stage::LineFilter),
        extractions(&["a", "a.b[0]", "[\"x y\"]"]).prop_map(Stage::Json),
        logfmt.prop_map(Stage::Logfmt),
        text(one_of(&["<a> <_>", "x=<a>"])).prop_map(Stage::Pattern),
        text(one_of(&["(?P<a>.*)", "(?<b>x)(c)"])).prop_map(Stage::Regexp),
        Just(Stage::Unpack),
        label_filter().prop_map(Stage::LabelFilter),
        text(one_of(&["", "{{ .x | ToUpper }}", "a`\n"])).prop_map(Stage::LineFormat),
        label_formats().prop_map(Stage::LabelFormat),
        Just(Stage::Decolorize),
        labels().prop_map(Stage::Drop),
        labels().prop_map(Stage::Keep),
    ]
}

fn log() -> impl Strategy<Value = LogExpr> {
    (selector(), vec(stage(), 0..4)).prop_map(|(selector, mut stages)| {
        // `drop a != "b"` is a matcher of drop: no query gives a filter of lines after the name.
        stages.dedup_by(|next, stage| ends_in_name(stage) && starts_with_not(next));
        LogExpr { selector, stages, span: Span::default() }
    })
}

fn ends_in_name(stage: &Stage) -> bool {
    matches!(stage, Stage::Drop(labels) | Stage::Keep(labels)
        if matches!(labels.last(), Some(DropKeep::Name(_))))
}

fn starts_with_not(stage: &Stage) -> bool {
    matches!(stage, Stage::LineFilter(filter)
        if matches!(filter.op, LineFilterOp::NotContains | LineFilterOp::NotRe))
}

fn grouping() -> impl Strategy<Value = Grouping> {
    (any::<bool>(), vec(name(), 0..3)).prop_map(|(without, labels)| Grouping { without, labels })
}

fn unwrap() -> impl Strategy<Value = Unwrap> {
    let conversions =
        [Conversion::None, Conversion::Bytes, Conversion::Duration, Conversion::DurationSeconds];
    (name(), select(conversions.to_vec()), vec(label_filter(), 0..2)).prop_map(
        |(label, conversion, filters)| Unwrap { label, conversion, filters, span: Span::default() },
    )
}

fn range() -> impl Strategy<Value = MetricExpr> {
    let parts = (
        select(RangeOp::ALL),
        0.0..1.0,
        log(),
        unwrap(),
        any::<bool>(),
        0..10_000_000_000_u64,
        prop_oneof![Just(0), any::<i64>()],
        option::of(grouping()),
    );
    parts.prop_map(|(op, param, log, unwrap, wants_unwrap, millis, offset, grouping)| {
        let has_unwrap = op.allows_unwrap() && (wants_unwrap || !op.allows_lines());
        MetricExpr::Range(Box::new(RangeAggregation {
            op,
            param: (op == RangeOp::QuantileOverTime).then_some(param),
            log,
            unwrap: has_unwrap.then_some(unwrap),
            range: Duration::from_millis(millis),
            offset: SignedDuration(offset),
            grouping: grouping.filter(|_| op.allows_grouping()),
            span: Span::default(),
        }))
    })
}

fn metric() -> impl Strategy<Value = MetricExpr> {
    let leaf = prop_oneof![
        4 => range(),
        1 => number().prop_map(|number| MetricExpr::Vector(number.abs())),
        1 => number().prop_map(MetricExpr::Number),
    ];
    leaf.prop_recursive(5, 12, 2, |inner| {
        let aggregate = (select(VectorOp::ALL), 1..100_u64, option::of(grouping()), inner.clone());
        let binary =
            (select(BinaryOp::ALL), any::<bool>(), option::of(matching()), inner.clone(), inner);
        prop_oneof![aggregate.prop_map(aggregated), binary.prop_map(combined)]
    })
}

fn matching() -> impl Strategy<Value = Matching> {
    let card = [Cardinality::OneToOne, Cardinality::ManyToOne, Cardinality::OneToMany].to_vec();
    (any::<bool>(), vec(name(), 0..3), select(card), vec(name(), 0..2)).prop_map(
        |(on, labels, card, mut include)| {
            if card == Cardinality::OneToOne {
                include.clear();
            }
            Matching { on, labels, card, include }
        },
    )
}

fn aggregated(
    (op, param, grouping, inner): (VectorOp, u64, Option<Grouping>, MetricExpr),
) -> MetricExpr {
    let has_param = matches!(op, VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk);
    let is_grouped = !matches!(op, VectorOp::ApproxTopk | VectorOp::Sort | VectorOp::SortDesc);
    MetricExpr::Aggregate(VectorAggregation {
        op,
        param: has_param.then_some(param),
        grouping: grouping.filter(|_| is_grouped),
        inner: Box::new(inner),
        span: Span::default(),
    })
}

fn combined(
    (op, return_bool, matching, left, right): (
        BinaryOp,
        bool,
        Option<Matching>,
        MetricExpr,
        MetricExpr,
    ),
) -> MetricExpr {
    // Two literals are folded, and a set has none: these trees do not come from a query.
    let is_number = |side: &MetricExpr| matches!(side, MetricExpr::Number(_));
    let (left, right) = match (is_number(&left), is_number(&right)) {
        (true, true) => (MetricExpr::Vector(1.0), right),
        _ => (left, right),
    };
    let op =
        if op.is_logical() && (is_number(&left) || is_number(&right)) { BinaryOp::Add } else { op };
    let span = Span::default();
    MetricExpr::Binary(Box::new(Binary { op, return_bool, matching, left, right, span }))
}

fn tree() -> impl Strategy<Value = Expr> {
    let count = (log(), option::of(grouping())).prop_map(|(log, grouping)| CountStage {
        log,
        grouping,
        span: Span::default(),
    });
    prop_oneof![
        2 => log().prop_map(Expr::Log),
        2 => metric().prop_map(Expr::Metric),
        1 => count.prop_map(Expr::Count),
    ]
}

/// Text that is more like a query than random characters are.
fn words() -> impl Strategy<Value = String> {
    let words = [
        "{",
        "}",
        "{a=\"b\"}",
        "(",
        ")",
        "[5m]",
        "[",
        "]",
        ",",
        "=",
        "==",
        "!=",
        "=~",
        "!~",
        "|=",
        "|~",
        "|>",
        "|",
        "| json",
        "| logfmt",
        "--strict",
        "| x > 5",
        "| unwrap x",
        "\"s\"",
        "`s`",
        "\"",
        "'",
        "\\",
        "sum",
        "by (a)",
        "rate(",
        "topk(2, ",
        "vector(1)",
        "ip(\"::1\")",
        "count",
        "and",
        "or",
        "unless",
        "+",
        "-",
        "^",
        "bool",
        "on (a)",
        "group_left",
        "offset",
        "1",
        "1.5e",
        "5m",
        "-5m",
        "5KB",
        "# c\n",
        "/*",
        "ż",
        "\0",
        "label_replace(",
        "a",
        "\n",
        "| drop a",
        "| label_format a=b",
        "| line_format \"{{\"",
        "| pattern \"<a>\"",
        "| regexp \"(?P<a>\"",
    ];
    vec(select(words.to_vec()), 0..12).prop_map(|words| words.join(" "))
}

/// Reads a text in all ways; a span in an error must be a part of the text.
fn read(text: &str) {
    for error in [parse(text).err(), parse_matchers(text).err()].into_iter().flatten() {
        if let Some(span) = error.span {
            assert!(text.get(span.start..span.end).is_some(), "{text:?}: {error:?}");
        }
    }
    if let Ok(tree) = parse(text) {
        let printed = tree.to_string();
        assert_eq!(parse(&printed).map(|tree| tree.to_string()), Ok(printed), "{text:?}");
    }
}

/// Found by the fuzz target `logql_parse`: what they print was another thing or nothing at all.
#[test]
fn zeros_print_as_what_they_are() {
    read(r#"{a="b"} | logfmt | size > 0MB"#);
    read("-1 * 0");
    let below_zero = parse(r#"{a="b"} | logfmt | x > -0.0"#);
    assert_eq!(below_zero.clone().map(|tree| parse(&tree.to_string())), Ok(below_zero));
}

proptest! {
    #[test]
    fn a_printed_tree_parses_to_itself(tree in tree()) {
        let printed = tree.to_string();
        prop_assert_eq!(parse(&printed), Ok(tree.clone()), "{}", printed);
        let laid_out = pretty(&tree);
        prop_assert_eq!(parse(&laid_out), Ok(tree), "{}", laid_out);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(text in words()) {
        read(&text);
    }

    #[test]
    fn any_broken_query_is_read_or_refused(
        tree in tree(),
        cut in any::<proptest::sample::Index>(),
        length in 0..8_usize,
        put in "\\PC{0,4}",
    ) {
        let characters: Vec<char> = tree.to_string().chars().collect();
        let at = cut.index(characters.len());
        let (before, after) = characters.split_at(at);
        let after = after.iter().skip(length).copied();
        let text: String = before.iter().copied().chain(put.chars()).chain(after).collect();
        read(&text);
    }
}
