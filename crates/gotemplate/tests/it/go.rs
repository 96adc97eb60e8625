//! The language and its functions as Go and sprig define them, where Loki's recorded answers say
//! nothing.

use crate::scope::{Row, render};

fn row() -> Row {
    let fields =
        [("a", "alpha"), ("json", r#"{"b":{"c":[1,2.5,"x",null,true]},"k":"v"}"#), ("n", "12")];
    let mut row = Row::new(&fields);
    row.line = "the line".into();
    row.timestamp = 1_768_457_006_012_345_678;
    row.now = 1_768_457_066_000_000_000;
    row
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (template, expect) in cases {
        assert_eq!(render("t", template, &row()), Ok((*expect).to_owned()), "{template}");
    }
}

#[track_caller]
fn check_error(cases: &[(&str, &str)]) {
    for (template, expect) in cases {
        assert_eq!(render("t", template, &row()), Err((*expect).to_owned()), "{template}");
    }
}

#[test]
fn text_and_trimming() {
    check(&[
        ("", ""),
        ("x {{- 1 -}} y", "x1y"),
        ("x {{- /* c */ -}} y", "xy"),
        ("x\n\t{{- 1}}", "x1"),
        ("{{-1}}", "-1"),
        ("{{\n1\n}}", "1"),
        ("}} {", "}} {"),
    ]);
}

#[test]
fn values() {
    check(&[
        ("{{ .a }}{{ .missing }}", "alpha"),
        ("{{ $.a }}", "alpha"),
        (
            "{{ 'a' }} {{ '\\n' }} {{ 0b11 }} {{ 0o17 }} {{ 1_000 }} {{ -5 }} {{ 1.5e3 }}",
            "97 10 3 15 1000 -5 1500",
        ),
        ("{{ `raw\\n` }} {{ \"q\\t\\u017c\" }}", "raw\\n q\tż"),
        ("{{ true }} {{ false }}", "true false"),
        ("{{ (fromJson .json).b.c }}", "[1 2.5 x <nil> true]"),
        ("{{ (fromJson .json).nope }}", "<no value>"),
        ("{{ fromJson .json }}", "map[b:map[c:[1 2.5 x <nil> true]] k:v]"),
        ("{{ with fromJson .json }}{{ .k }}{{ $.a }}{{ end }}", "valpha"),
        ("{{ 1e21 }} {{ 1e6 }} {{ 123456.0 }} {{ 0.00001 }}", "1e+21 1e+06 123456 1e-05"),
    ]);
    let row = Row::new(&[("x", "1"), ("y", "2")]);
    assert_eq!(render("t", "{{.}} {{len .}} {{index . `y`}}", &row).unwrap(), "map[x:1 y:2] 2 2");
}

#[test]
fn pipelines_and_variables() {
    check(&[
        ("{{ .a | upper | printf `%s-%d` `x` }}", "x-%!d(string=ALPHA)"),
        ("{{ (print 1 2) | len }}", "3"),
        ("{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21"),
        ("{{ with $x := 5 }}{{ $x }}{{ . }}{{ end }}", "55"),
        ("{{ if $x := .missing }}{{ else }}[{{ $x }}]{{ end }}", "[]"),
        ("{{ $x := fromJson .json }}{{ $x.b.c | len }}", "5"),
    ]);
}

#[test]
fn control() {
    check(&[
        ("{{ if 0 }}a{{ else if .missing }}b{{ else if .a }}c{{ else }}d{{ end }}", "c"),
        ("{{ with .missing }}a{{ else with .a }}{{ . }}{{ end }}", "alpha"),
        (
            "{{ range $i, $e := (fromJson .json).b.c }}{{ $i }}={{ $e }};{{ end }}",
            "0=1;1=2.5;2=x;3=<no value>;4=true;",
        ),
        ("{{ range $k, $v := fromJson .json }}{{ $k }};{{ end }}", "b;k;"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ range $i := 3 }}{{ $i }}{{ else }}none{{ end }}", "012"),
        ("{{ range 0 }}x{{ else }}none{{ end }}", "none"),
        ("{{ range fromJson `null` }}x{{ else }}none{{ end }}", "none"),
        (
            "{{ range 9 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if gt . 3 }}{{ break }}{{ end }}{{ . }}{{ end }}",
            "023",
        ),
        ("{{ $n := 0 }}{{ range 3 }}{{ $n = add $n . }}{{ end }}{{ $n }}", "3"),
        ("{{ define `t` }}<{{ . }}{{ $ }}>{{ end }}{{ template `t` .a }}", "<alphaalpha>"),
        ("{{ template `t` }}{{ define `t` }}<{{ . }}>{{ end }}", "<<no value>>"),
        ("{{ block `t` .a }}<{{ . }}>{{ end }}", "<alpha>"),
    ]);
}

#[test]
fn built_in_functions() {
    check(&[
        ("{{ and 1 0 2 }}{{ and 1 2 }}{{ or 0 `` 3 }}{{ or 0 `` }}{{ not 0 }}", "023true"),
        ("{{ or 1 (index 5 5) }}", "1"),
        ("{{ 0 | or 0 }} {{ 7 | and 1 }}", "0 7"),
        (
            "{{ eq 1 2 1 }} {{ ne `a` `b` }} {{ lt 1.5 2.5 }} {{ le 2 2 }} {{ gt `b` `a` }} {{ ge 1 2 }}",
            "true true true true true false",
        ),
        ("{{ eq (len .a) (add 2 3) }}", "true"),
        ("{{ index (fromJson .json) `b` `c` 1 }} {{ index .a 0 }}", "2.5 97"),
        (
            "{{ slice .a 1 3 }} {{ slice .a 3 }} {{ slice (fromJson .json).b.c 1 3 }}",
            "lp ha [2.5 x]",
        ),
        ("{{ print 1 2 `a` `b` 3 4 }}|{{ println 1 `a` 2 }}", "1 2ab3 4|1 a 2\n"),
        ("{{ html `a\"'&<>` }} {{ html 1 `<` }}", "a&#34;&#39;&amp;&lt;&gt; 1&lt;"),
        ("{{ js `it's \"<a=b>\" \\` }}", r#"it\'s \"\u003Ca\u003Db\u003E\" \\"#),
        ("{{ urlquery `a b&c/ż` }}", "a+b%26c%2F%C5%BC"),
    ]);
}

#[test]
fn printf_verbs() {
    check(&[
        (
            "{{ printf `%d %5d|%-5d|%05d %+d % d %x %X %#x %o %O %b %c %q %U` 42 42 42 42 42 42 42 42 42 42 42 42 65 65 65 }}",
            "42    42|42   |00042 +42  42 2a 2A 0x2a 52 0o52 101010 A 'A' U+0041",
        ),
        (
            "{{ printf `%s|%8s|%-8s|%.3s|%q|%x|% X|%v` .a .a .a .a .a .a .a .a }}",
            "alpha|   alpha|alpha   |alp|\"alpha\"|616c706861|61 6C 70 68 61|alpha",
        ),
        (
            "{{ printf `%f %.2f %8.3f|%-8.1f|%08.3f %+.1f %e %E %g %G` 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1e20 }}",
            "1.500000 1.50    1.500|1.5     |0001.500 +1.5 1.500000e+00 1.500000E+00 1.5 1E+20",
        ),
        (
            "{{ printf `%t %v %T %T %T %T` true false 1 1.5 .a (add 1 1) }}",
            "true false int float64 string int64",
        ),
        ("{{ printf `%d%%` 5 }}", "5%"),
        ("{{ printf `%*d|%-*d|%.*f` 5 1 5 1 2 1.234 }}", "    1|1    |1.23"),
        ("{{ printf `%[2]d %[1]d` 1 2 }}", "2 1"),
        ("{{ printf `%d %s` 1 }}", "1 %!s(MISSING)"),
        ("{{ printf `%d` 1 2 `x` }}", "1%!(EXTRA int=2, string=x)"),
        (
            "{{ printf `%s %d %t %f` 1 `x` 1 `y` }}",
            "%!s(int=1) %!d(string=x) %!t(int=1) %!f(string=y)",
        ),
        ("{{ printf `%z %` 1 }}", "%!z(int=1) %!(NOVERB)"),
        ("{{ printf `%v %d %s` nil nil nil }}", "<nil> %!d(<nil>) %!s(<nil>)"),
        (
            "{{ printf `%v %q %s` (fromJson `[1,\"a\"]`) (fromJson `[\"a\"]`) (fromJson `[1]`) }}",
            "[1 a] [\"a\"] [%!s(float64=1)]",
        ),
        ("{{ printf `%q %+q %#q` \"ż\\n\\x01\" `ż` `ż` }}", "\"ż\\n\\x01\" \"\\u017c\" `ż`"),
        (
            "{{ printf `%#v %#v %#v` .a 1 (fromJson `{\"a\":[1,null]}`) }}",
            "\"alpha\" 1 map[string]interface {}{\"a\":[]interface {}{1, interface {}(nil)}}",
        ),
        ("{{ printf `%6.2f%%|%x|%5t` 99.5 -42 true }}", " 99.50%|-2a| true"),
        ("{{ printf `%3c|%-3c|%03d|%+05d` 65 66 -7 7 }}", "  A|B  |-07|+0007"),
        ("{{ printf `%.3g %.10g %6.0f|` 1234.5678 1234.5678 2.5 }}", "1.23e+03 1234.5678      2|"),
    ]);
}

#[test]
fn strings() {
    check(&[
        ("{{ trunc 2 .a }} {{ trunc -2 .a }} {{ trunc 99 .a }} {{ trunc 0 .a }}|", "al ha alpha |"),
        (
            "{{ substr 1 3 .a }} {{ substr -1 3 .a }} {{ substr 2 -1 .a }} {{ substr 2 99 .a }}",
            "lp alp pha pha",
        ),
        (
            "{{ alignLeft 7 .a }}|{{ alignRight 7 .a }}|{{ alignLeft 2 .a }}|{{ alignRight 2 .a }}|{{ alignLeft -1 .a }}",
            "alpha  |  alpha|al|ha|alpha",
        ),
        ("{{ indent 2 \"a\\nb\" }}|{{ nindent 1 `x` }}", "  a\n  b|\n x"),
        (
            "{{ replace `a` `b` .a }} {{ Replace .a `a` `b` 1 }} {{ Replace .a `` `-` 2 }} {{ replace `` `-` `żó` }}",
            "blphb blpha -a-lpha -ż-ó-",
        ),
        (
            "{{ title `hello wOrld_x it's` }} {{ upper `straße` }} {{ lower `ŻÓŁW` }}",
            "Hello WOrld_x It'S STRAßE żółw",
        ),
        (
            "{{ trimAll `-` `--x-` }} {{ trimPrefix `x` `xy` }} {{ trimSuffix `y` `xy` }} {{ TrimLeft `aab` `a` }} {{ TrimRight `baa` `a` }}",
            "x y x b b",
        ),
        (
            "{{ contains `ph` .a }} {{ hasPrefix `al` .a }} {{ hasSuffix `x` .a }}",
            "true true false",
        ),
        ("{{ repeat 3 `ab` }} {{ repeat 0 `x` }}|", "ababab |"),
        ("{{ trim \"\\u00a0 x\\t\" }}|", "x|"),
        (
            "{{ b64enc `a` }} {{ b64dec `YQ==` }} {{ b64dec `YQ` }} {{ b64dec `Y!==` }}",
            "YQ== a illegal base64 data at input byte 0 illegal base64 data at input byte 1",
        ),
        ("{{ urlencode `a b/ż` }} {{ urldecode `a+b%2F` }}", "a+b%2F%C5%BC a b/"),
        (
            "{{ regexReplaceAll `(\\w)(l)` .a `$2${1}x$$` }} {{ regexReplaceAllLiteral `a` .a `$0` }} {{ count `a|l` .a }}",
            "lax$pha $0lph$0 3",
        ),
        ("{{ regexReplaceAll `a*` `baac` `x` }}", "xbxcx"),
        ("{{ printf `%x` (trunc 1 `ż`) }} {{ len (trunc 1 `ż`) }}", "c5 1"),
    ]);
}

#[test]
fn numbers() {
    check(&[
        (
            "{{ int `12.7` }} {{ int `x` }} {{ int ` 1` }} {{ int true }} {{ int 3.9 }} {{ int `0x1f` }}",
            "12 0 0 1 3 31",
        ),
        ("{{ float64 `1.5` }} {{ float64 `` }} {{ float64 3 }}", "1.5 0 3"),
        (
            "{{ add 1 `2` 3.9 }} {{ sub 5 `2` }} {{ mul 2 3 4 }} {{ div 7 2 }} {{ mod -7 3 }} {{ add }}",
            "6 3 24 3 -1 0",
        ),
        (
            "{{ addf 0.1 0.2 }} {{ subf 1 0.9 }} {{ mulf 1.1 1.1 }} {{ divf 10 4 }}",
            "0.3 0.1 1.21 2.5",
        ),
        ("{{ max 1 5 3 }} {{ min 4 2 8 }} {{ maxf 1.5 2 }} {{ minf `0.5` 2 }}", "5 2 2 0.5"),
        (
            "{{ ceil 1.2 }} {{ floor -1.2 }} {{ round 1.2345 2 }} {{ round -1.2 0 }} {{ round 1.25 1 0.6 }}",
            "2 -2 1.23 -2 1.2",
        ),
        (
            "{{ bytes `1KB` }} {{ bytes `1 KiB` }} {{ bytes `1,000` }} {{ bytes `1.5mb` }}",
            "1000 1024 1000 1.5e+06",
        ),
        (
            "{{ duration `1h2m3.5s` }} {{ duration_seconds `-1.5ms` }} {{ duration `0` }}",
            "3723.5 -0.0015 0",
        ),
        (
            "{{ default `d` `` }} {{ default `d` 0 }} {{ default `d` .a }} {{ default `d` }} {{ .missing | default 5 }}",
            "d d alpha d 5",
        ),
    ]);
}

#[test]
fn dates() {
    check(&[
        ("{{ __timestamp__ }}", "2026-01-15 06:03:26.012345678 +0000 UTC"),
        ("{{ now | date `2006-01-02T15:04:05Z07:00` }}", "2026-01-15T06:04:26Z"),
        (
            "{{ date `Mon January _2 3:4:5.000 PM 06 MST -0700` __timestamp__ }}",
            "Thu January 15 6:3:26.012 AM 26 UTC +0000",
        ),
        ("{{ date `002 .999999 Janet` __timestamp__ }}", "015 .012345 Janet"),
        ("{{ date `15` `no date` }} {{ date `2006` 0 }}", "06 1970"),
        (
            "{{ __timestamp__ | unixEpoch }} {{ __timestamp__ | unixEpochMillis }} {{ __timestamp__ | unixEpochNanos }}",
            "1768457006 1768457006012 1768457006012345678",
        ),
        ("{{ toDate `2006-01-02 15:04` `2026-02-03 04:05` }}", "2026-02-03 04:05:00 +0000 UTC"),
        ("{{ toDate `2006` `x` }}", "0001-01-01 00:00:00 +0000 UTC"),
        (
            "{{ toDateInZone `2006-01-02 15:04` `Europe/Warsaw` `2026-07-01 12:00` }}",
            "2026-07-01 12:00:00 +0200 CEST",
        ),
        ("{{ toDateInZone `2006-01-02` `No/Where` `2026-07-01` | unixEpoch }}", "1782864000"),
        (
            "{{ toDate `2006-01-02T15:04:05-07:00` `2026-07-01T12:00:00.25+02:00` }}",
            "2026-07-01 12:00:00.25 +0200 +0200",
        ),
        (
            "{{ unixToTime `20468` }} {{ unixToTime `1768457006012` | date `.000` }}",
            "2026-01-15 00:00:00 +0000 UTC .012",
        ),
    ]);
}

#[test]
fn errors_while_rendering() {
    check_error(&[
        (
            "{{ .a.b }}",
            "template: t:1:3: executing \"t\" at <.a.b>: can't evaluate field b in type string",
        ),
        (
            "{{ (fromJson .json).x.y }}",
            "template: t:1:3: executing \"t\" at <(fromJson .json).x.y>: nil pointer evaluating interface {}.y",
        ),
        (
            "\n {{ trunc .a .a }}",
            "template: t:2:10: executing \"t\" at <.a>: wrong type for value; expected int; got string",
        ),
        (
            "{{ trunc (add 1 1) .a }}",
            "template: t:1:16: executing \"t\" at <1>: wrong type for value; expected int; got int64",
        ),
        (
            "{{ trunc `x` .a }}",
            "template: t:1:9: executing \"t\" at <`x`>: expected integer; found `x`",
        ),
        ("{{ upper 5 }}", "template: t:1:9: executing \"t\" at <5>: expected string; found 5"),
        (
            "{{ 5 | upper }}",
            "template: t:1:7: executing \"t\" at <upper>: wrong type for value; expected string; got int",
        ),
        (
            "{{ upper }}",
            "template: t:1:3: executing \"t\" at <upper>: wrong number of args for upper: want 1 got 0",
        ),
        (
            "{{ subf }}",
            "template: t:1:3: executing \"t\" at <subf>: wrong number of args for subf: want at least 1 got 0",
        ),
        (
            "{{ div 1 0 }}",
            "template: t:1:3: executing \"t\" at <div 1 0>: error calling div: runtime error: integer divide by zero",
        ),
        (
            "{{ divf 1 0 }}",
            "template: t:1:3: executing \"t\" at <divf 1 0>: error calling divf: decimal division by 0",
        ),
        (
            "{{ substr 9 2 .a }}",
            "template: t:1:3: executing \"t\" at <substr 9 2 .a>: error calling substr: runtime error: slice bounds out of range [9:2]",
        ),
        (
            "{{ repeat -1 .a }}",
            "template: t:1:3: executing \"t\" at <repeat -1 .a>: error calling repeat: strings: negative Repeat count",
        ),
        (
            "{{ index .a 9 }}",
            "template: t:1:3: executing \"t\" at <index .a 9>: error calling index: index out of range: 9",
        ),
        (
            "{{ len 5 }}",
            "template: t:1:3: executing \"t\" at <len 5>: error calling len: len of type int",
        ),
        (
            "{{ lt 1 `a` }}",
            "template: t:1:3: executing \"t\" at <lt 1 `a`>: error calling lt: incompatible types for comparison: int and string",
        ),
        (
            "{{ range .a }}{{ end }}",
            "template: t:1:9: executing \"t\" at <.a>: range can't iterate over alpha",
        ),
        (
            "{{ template `no` }}",
            "template: t:1:12: executing \"t\" at <{{template \"no\"}}>: template \"no\" not defined",
        ),
        (
            "{{ duration `5` }}",
            "template: t:1:3: executing \"t\" at <duration `5`>: error calling duration: time: missing unit in duration \"5\"",
        ),
        (
            "{{ duration `5x` }}",
            "template: t:1:3: executing \"t\" at <duration `5x`>: error calling duration: time: unknown unit \"x\" in duration \"5x\"",
        ),
        (
            "{{ bytes `5x` }}",
            "template: t:1:3: executing \"t\" at <bytes `5x`>: error calling bytes: unhandled size name: x",
        ),
        (
            "{{ unixToTime `12` }}",
            "template: t:1:3: executing \"t\" at <unixToTime `12`>: error calling unixToTime: unable to parse time '12': %!w(<nil>)",
        ),
        (
            "{{ .a `x` }}",
            "template: t:1:3: executing \"t\" at <.a>: a is not a method but has arguments",
        ),
        (
            "{{ 1 2 }}",
            "template: t:1:3: executing \"t\" at <1>: can't give argument to non-function 1",
        ),
        (
            "{{ unixEpoch .a }}",
            "template: t:1:13: executing \"t\" at <.a>: wrong type for value; expected time.Time; got string",
        ),
        ("{{ nil }}", "template: t:1:3: executing \"t\" at <nil>: nil is not a command"),
    ]);
}

#[test]
fn errors_while_parsing() {
    check_error(&[
        ("{{ if .a }}", "template: t:1: unexpected EOF"),
        ("{{ end }}", "template: t:1: unexpected {{end}}"),
        ("{{ else }}", "template: t:1: unexpected {{else}}"),
        ("{{ }}", "template: t:1: missing value for command"),
        ("{{ if }}{{ end }}", "template: t:1: missing value for if"),
        ("\n\n{{ $x }}", "template: t:3: undefined variable \"$x\""),
        ("{{ with $x := 1 }}{{ end }}{{ $x }}", "template: t:1: undefined variable \"$x\""),
        ("{{ $x = 1 }}", "template: t:1: undefined variable \"$x\""),
        ("{{ break }}", "template: t:1: {{break}} outside {{range}}"),
        ("{{ .a | 5 }}", "template: t:1: non executable command in pipeline stage 2"),
        ("{{ 08 }}", "template: t:1: integer overflow: \"08\""),
        ("{{ 1x }}", "template: t:1: bad number syntax: \"1x\""),
        ("{{ \"\\y\" }}", "template: t:1: invalid syntax"),
        ("{{ $a, $b := .a }}", "template: t:1: too many declarations in command"),
        ("{{ 5.x }}", "template: t:1: bad number syntax: \"5.x\""),
        ("{{ `x`.y }}", "template: t:1: unexpected . after term \"`x`\""),
        (
            "{{ if 1 }}{{ define `x` }}{{ end }}{{ end }}",
            "template: t:1: unexpected <define> in command",
        ),
        ("{{ if 1 }}{{ else }}{{ else }}{{ end }}", "template: t:1: expected end; found {{else}}"),
    ]);
}
