//! What is cut where, and what is no token.

use super::*;

fn tokens(text: &str) -> Result<Vec<Token>, ParseError> {
    let mut lexer = Lexer::new(text)?;
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next_token()?;
        if token.kind == TokenKind::End {
            return Ok(tokens);
        }
        tokens.push(token);
    }
}

#[track_caller]
fn check(text: &str, expect: &str) {
    let shown: Vec<_> = match tokens(text) {
        Err(error) => vec![error.to_string()],
        Ok(tokens) => tokens.iter().map(|token| show(&token.kind)).collect(),
    };
    assert_eq!(shown.join(" "), expect, "{text}");
}

fn show(kind: &TokenKind) -> String {
    match kind {
        TokenKind::Identifier(name) => format!("name:{name}"),
        TokenKind::String(text) => format!("{text:?}"),
        TokenKind::Number(text) => text.clone(),
        TokenKind::Duration(duration) => duration::format_go(*duration),
        TokenKind::Bytes(size) => format!("{size}B"),
        TokenKind::Range(range) => format!("[{}]", duration::format_prometheus(*range)),
        TokenKind::Flag(flag) => flag.clone(),
        other => other.to_string(),
    }
}

#[test]
fn selectors_and_filters() {
    check(r#"{a="b", c!~`\d`} |= "x""#, r#"{ name:a = "b" , name:c !~ "\\d" } |= "x""#);
    check("|~|>!>!=!~=~==>=<=<>|.", "|~ |> !> != !~ =~ == >= <= < > | .");
    check(
        "{a=\"b\"}# c\n| json // d\n/* e */ | LOGFMT --strict",
        "{ name:a = \"b\" } | json | logfmt --strict",
    );
}

#[test]
fn functions_only_where_they_are_called() {
    check("rate({} rate", "RATE ( { } name:rate");
    check("sum by (a) sum by a", "SUM by ( name:a ) name:sum by name:a");
    check("SUM without(a)", "SUM without ( name:a )");
    check("ip = ip(", "name:ip = ip (");
    check("count > 5 | count", "name:count > 5 | name:count");
    check("bytes(x) duration", "BYTES_CONV ( name:x ) name:duration");
}

#[test]
fn numbers_durations_sizes() {
    check("1 1.5 .5 1e3 1e 0x1p-2 1_000", "1 1.5 .5 1e3 1 name:e 0x1p-2 1_000");
    check("5m 1h30m 1.5ms 1d -5m 500µs", "5m0s 1h30m0s 1.5ms 24h0m0s -5m0s 500µs");
    check(
        "5KB 1.5MiB 10B 100kb 1mb 5zz 1h5",
        "5000B 1572864B 10B 100000B name:b 1m0s name:b 5 name:zz 1 name:h5",
    );
    check("- -1 1-2 --nosuch", "- - 1 1 - 2 - - name:nosuch");
    check("[5m][ 5m]", "parse error at line 0, col 5: not a valid duration string: \" 5m\"");
    check("[5m", "parse error at line 0, col 1: missing closing ']' in duration");
}

#[test]
fn strings() {
    check(r#""a\n\"\\\x41\101é\U0001F600\ud800""#, r#""a\n\"\\AAé😀�""#);
    check(r#""\xc5\xbc""#, "\"ż\"");
    check(r#""\xff""#, "parse error at line 1, col 1: invalid UTF-8 rune");
    check(r#""\777""#, "parse error at line 1, col 1: invalid syntax");
    check(r#" "\q""#, "parse error at line 1, col 2: invalid char escape");
    check(r#" "\u00""#, "parse error at line 1, col 2: invalid char escape");
    check("\n \"a", "parse error at line 2, col 2: literal not terminated");
    check("\"a\nb\"", "parse error at line 1, col 1: literal not terminated");
    check("`a\nb`", "\"a\\nb\"");
    check("`a", "parse error at line 1, col 1: literal not terminated");
    check("'abc'", "parse error at line 1, col 1: invalid char literal");
    check("'a'", "name:'a'");
}

#[test]
fn what_nobody_expects() {
    check("ż ; & @ !", "name:ż name:; name:& name:@ name:!");
    check("\0", "parse error at line 1, col 1: invalid character NUL");
    check("/* a", "parse error at line 1, col 1: comment not terminated");
    let long = " ".repeat(MAX_QUERY_BYTES + 1);
    check(&long, "parse error : input size too long (131073 > 131072)");
}

#[test]
fn places() {
    let places: Vec<_> = tokens("{a=\n \"ż\"} |= `b` [5m]")
        .unwrap()
        .iter()
        .map(|token| (token.position.line, token.position.col, token.span.start, token.span.end))
        .collect();
    let expect = [
        (1, 1, 0, 1),
        (1, 2, 1, 2),
        (1, 3, 2, 3),
        (2, 2, 5, 9),
        (2, 5, 9, 10),
        (0, 7, 11, 13),
        (2, 10, 14, 17),
        (0, 14, 18, 22),
    ];
    assert_eq!(places, expect);
}
