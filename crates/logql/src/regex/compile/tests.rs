//! What matches, what is refused, and with which words.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(pattern: &str, text: &str, expect: bool) {
    assert_eq!(Regex::new(pattern).unwrap().is_match(text), expect, "{pattern} in {text:?}");
}

#[test]
fn ascii_as_in_go() {
    check(r"^\d$", "5", true);
    check(r"^\d$", "٣", false);
    check(r"^\w$", "ż", false);
    check(r"^\W$", "ż", true);
    check(r"^\s$", "\x0b", false);
    check(r"^\s$", "\t", true);
    check(r"^\S$", "\u{a0}", true);
    check(r"\bb", "żb", true);
    check(r"a\Bb", "ab", true);
    check(r"^[\d\s]+$", "1 2", true);
    check(r"^[^\D]+$", "12", true);
}

#[test]
fn text_that_the_crate_would_read_otherwise() {
    check(r"^[a[b]$", "[", true);
    check(r"^[a&&b]+$", "&&", true);
    check(r"^[!--]+$", "-#", true);
    check(r"^[]a]+$", "]a", true);
    check(r"^[^]a]$", "b", true);
    check(r"^a{,5}$", "a{,5}", true);
    check("^x{$", "x{", true);
    check("^{}$", "{}", true);
    check(r"^\<\_$", "<_", true);
    check(r"^\101\0$", "A\0", true);
    check(r"\Qa.b\E+", "a.bbb", true);
    check(r"\Qa.b\E", "axb", false);
    check(r"\Q(", "(", true);
    check("^(?i)KEY=ż$", "key=Ż", true);
    check(r"^\x{1F600}\x41$", "😀A", true);
    check(r"^\p{^Greek}\pL\P{L}$", "ab1", true);
    check("^[[:alpha:]]+[[:^alpha:]]$", "ab1", true);
    check("(?P<1bad>x)", "x", true);
    check("(?P<a>x)(?P<a>y)", "xy", true);
    check("(?:a|b)*?c{2}$", "abcc", true);
    check("# &~-", "# &~-", true);
    check("^a(?i)*B$", "aab", true);
}

#[track_caller]
fn refused(pattern: &str, expect: &str) {
    let error = Regex::new(pattern).unwrap_err();
    assert_eq!(error, format!("error parsing regexp: {expect}"), "{pattern}");
}

#[test]
fn refused_in_the_words_of_go() {
    refused("(", "missing closing ): `(`");
    refused("a)", "unexpected ): `a)`");
    refused("[", "missing closing ]: `[`");
    refused("[a-", "missing closing ]: `[a-`");
    refused("x[]a", "missing closing ]: `[]a`");
    refused("[z-a]", "invalid character class range: `z-a`");
    refused("[[:foo:]]", "invalid character class range: `[:foo:]`");
    refused(r"\p{Foo}", r"invalid character class range: `\p{Foo}`");
    refused("*a", "missing argument to repetition operator: `*`");
    refused("a|+?", "missing argument to repetition operator: `+?`");
    refused("a**", "invalid nested repetition operator: `**`");
    refused("a{2}{3}", "invalid nested repetition operator: `{2}{3}`");
    refused("a{1001}", "invalid repeat count: `{1001}`");
    refused("a{2,1}", "invalid repeat count: `{2,1}`");
    refused("(?=x)", "invalid or unsupported Perl syntax: `(?=`");
    refused("(?x)a", "invalid or unsupported Perl syntax: `(?x`");
    refused("(?P=a)", "invalid or unsupported Perl syntax: `(?P`");
    refused("(?<!x)y", "invalid named capture: `(?<!x)y`");
    refused("(?P<x", "invalid named capture: `(?P<x`");
    refused("(?P<x y>a)", "invalid named capture: `(?P<x y>`");
    refused(r"\1", r"invalid escape sequence: `\1`");
    refused(r"\u0041", r"invalid escape sequence: `\u`");
    refused(r"\xZZ", r"invalid escape sequence: `\xZZ`");
    refused("a\\", "trailing backslash at end of expression: ``");
    refused("(a{1000}){1000}", "expression too large");
}

#[test]
fn anchors() {
    let any = |pattern: &str, text: &str| {
        [Regex::new, Regex::anchored, Regex::of_selector]
            .map(|make| make(pattern).unwrap().is_match(text))
    };
    assert_eq!(any("a|b", "ac"), [true, false, false]);
    assert_eq!(any("a.c", "a\nc"), [false, false, true]);
    assert_eq!(any("(?i)ABC", "abc"), [true, true, true]);
}

#[test]
fn names_keep_their_numbers() {
    let regex = Regex::new("(a)(?P<x>b)(?:c)(?<y>d)(?P<x>e)").unwrap();
    let names: Vec<_> = regex.names().iter().map(|(n, name)| (*n, name.as_str())).collect();
    assert_eq!(names, [(2, "x"), (3, "y"), (4, "x")]);
    assert_eq!(&regex.captures("abcde").unwrap()[3], "d");
}

/// What Go says of expressions that are none.
const GO: [&str; 12] = [
    "invalid character class range",
    "invalid escape sequence",
    "invalid named capture",
    "invalid or unsupported Perl syntax",
    "invalid nested repetition operator",
    "invalid repeat count",
    "missing argument to repetition operator",
    "missing closing ]",
    "missing closing )",
    "unexpected )",
    "trailing backslash at end of expression",
    "expression too large",
];

/// Text that is more like an expression than random characters are.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "ż",
        "(",
        ")",
        "(?:",
        "(?i)",
        "(?s-i:",
        "(?P<n>",
        "(?<1>",
        "[",
        "]",
        "[^",
        "[:alpha:]",
        "-",
        "^",
        "$",
        ".",
        "*",
        "+?",
        "?",
        "{2}",
        "{2,}",
        "{,2}",
        "{",
        "}",
        "|",
        r"\d",
        r"\W",
        r"\b",
        r"\B",
        r"\A",
        r"\z",
        r"\pL",
        r"\p{^Greek}",
        r"\Q",
        r"\E",
        r"\x41",
        r"\x{e9}",
        r"\012",
        r"\n",
        r"\.",
        r"\-",
        "&&",
        "~~",
        "#",
        " ",
        "<",
        "\n",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..8)
        .prop_map(|pieces| pieces.concat())
}

/// Expressions that are simple enough for a shape now and then.
fn simple() -> impl Strategy<Value = String> {
    let part =
        prop_oneof![Just("."), Just("a"), Just("b"), Just("."), Just("[ab]"), Just("(a|ba)")];
    let times = prop_oneof![Just(""), Just("*"), Just("+"), Just("?")];
    let parts = proptest::collection::vec((part, times), 0..4);
    parts.prop_map(|parts| parts.iter().map(|(part, times)| format!("{part}{times}")).collect())
}

proptest! {
    #[test]
    fn any_text_is_an_expression_or_refused(pattern in any::<String>(), soup in soup()) {
        for pattern in [pattern, soup] {
            if let Err(error) = Regex::new(&pattern) {
                // What Go takes and the crate does not would show here, in words of the crate.
                prop_assert!(GO.iter().any(|code| error.contains(code)), "{}: {}", pattern, error);
            }
        }
    }

    #[test]
    fn quoted_text_stands_for_itself(text in r"[^\\]*") {
        let regex = Regex::of_selector(&format!(r"\Q{text}\E")).unwrap();
        prop_assert_eq!(regex.as_whole(), Whole::OneOf(vec![text]));
    }

    #[test]
    fn a_shape_says_the_same(pattern in simple(), text in "[abc\n]{0,6}") {
        let regex = Regex::new(&pattern).unwrap();
        let found = |strings: &[String]| strings.iter().any(|s| text.contains(s.as_str()));
        match regex.as_search() {
            Search::Anything => prop_assert!(regex.is_match(&text)),
            Search::ContainsAny(strings) => prop_assert_eq!(regex.is_match(&text), found(&strings)),
            Search::Requires(strings) => prop_assert!(!regex.is_match(&text) || found(&strings)),
            Search::Other => {}
        }
        let whole = Regex::of_selector(&pattern).unwrap();
        let expect = match whole.as_whole() {
            Whole::Anything => true,
            Whole::NonEmpty => !text.is_empty(),
            Whole::OneOf(strings) => strings.contains(&text),
            Whole::Prefix(prefix) => text.starts_with(&prefix),
            Whole::Other => whole.is_match(&text),
        };
        prop_assert_eq!(whole.is_match(&text), expect);
    }
}
