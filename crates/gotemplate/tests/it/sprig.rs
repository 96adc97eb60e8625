//! sprig's functions as its documentation and tests show them, in Alloy's templates.

use barogram_gotemplate::{Dialect, RenderError, Template};

use crate::scope::Row;

/// What a template makes, or the error that ends it.
#[track_caller]
fn check(template: &str, expect: &str) {
    let mut row = Row::new(&[("a", "alpha"), ("b", "beta")]);
    row.now = 1_768_457_066_000_000_000;
    let parsed = Template::parse_for("t", template, Dialect::Alloy).unwrap();
    let got = match parsed.render(&row) {
        Ok(text) => text,
        Err(RenderError::Failed { message, .. }) => message,
        Err(error) => error.to_string(),
    };
    assert_eq!(got, expect, "{template}");
}

#[track_caller]
fn check_absent(name: &str, dialect: Dialect) {
    let error = Template::parse_for("t", &format!("{{{{ {name} }}}}"), dialect).unwrap_err();
    assert_eq!(error.message(), format!("function {name:?} not defined"));
}

#[test]
fn loki_has_none_of_them() {
    let names = "list quote join ternary coalesce toJson sha256sum regexMatch dict until dig base \
                 snakecase dateModify typeOf fail split toString add1 merge b32enc";
    for name in names.split_whitespace() {
        check_absent(name, Dialect::Loki);
    }
}

#[test]
fn what_reads_more_than_the_line_is_left_out() {
    let names = "env expandenv getHostByName uuidv4 randInt randAlphaNum shuffle bcrypt htpasswd \
                 derivePassword encryptAES decryptAES genPrivateKey genCA genSelfSignedCert \
                 semver semverCompare urlParse urlJoin";
    for name in names.split_whitespace() {
        check_absent(name, Dialect::Alloy);
    }
}

#[test]
fn quoting_and_joining() {
    check(r#"{{ quote "a" nil 1 "x\ny" }}"#, r#""a" "1" "x\ny""#);
    check(r#"{{ squote "a" nil 1 }}"#, "'a' '1'");
    check(r#"{{ cat "hello" nil 42 true "x" }}"#, "hello 42 true x");
    check("{{ hello }}", "Hello!");
    check(r#"{{ plural "one" "many" 1 }} {{ plural "one" "many" 2 }}"#, "one many");
    check(r#"{{ trimall "$" "$5.00$" }}"#, "5.00");
    check(r#"{{ nospace " h e\tl l o żó " }}"#, "hellożó");
    check(r#"{{ initials "First Try" }}"#, "FT");
}

#[test]
fn shortening() {
    check(r#"{{ abbrev 5 "hello world" }}"#, "he...");
    check(r#"{{ abbrev 3 "hello world" }}"#, "hello world");
    check(r#"{{ abbrevboth 5 10 "1234 5678 9123" }}"#, "...5678...");
    check(r#"{{ abbrevboth 1 6 "1234 5678 9123" }}"#, "1234 5678 9123");
    check(r#"{{ abbrevboth 100 10 "1234 5678 9123" }}"#, "...78 9123");
    check(r#"{{ trunc -3 "hello" }} {{ substr 0 3 "hello" }}"#, "llo hel");
    check(r#"{{ wrap 5 "Hello World of words" }}"#, "Hello\nWorld\nof\nwords");
    check(r#"{{ wrap 5 "averylongword is" }}"#, "averylongword\nis");
    check(r#"{{ wrapWith 5 "\t" "Hello World" }}"#, "Hello\tWorld");
    check(r#"{{ wrapWith 4 "|" "averylong" }}"#, "aver|ylon|g");
}

#[test]
fn cases_of_words() {
    check(r#"{{ untitle "First Try" }} {{ swapcase "First Try" }}"#, "first try fIRST tRY");
    check(r#"{{ swapcase "1First Try" }}"#, "1fIRST tRY");
    for (text, camel, snake) in [
        ("http_server", "HttpServer", "http_server"),
        ("_complex__case_", "_Complex_Case_", "_complex__case_"),
        ("GOLANG_IS_GREAT", "GolangIsGreat", "golang_is_great"),
        ("FirstName", "FirstName", "first_name"),
        ("HTTPServer", "Httpserver", "http_server"),
        ("NoHTTPS", "NoHTTPS", "no_https"),
        ("GO PATH", "GoPath", "go_path"),
        ("GO-PATH", "GoPath", "go_path"),
        ("http2xx", "Http2xx", "http_2xx"),
        ("HTTP20xOK", "Http20xOK", "http_20x_ok"),
        ("Duration2m3s", "Duration2m3s", "duration_2m3s"),
        ("Bld4Floor3rd", "Bld4Floor3rd", "bld4_floor_3rd"),
        ("a.B", "A.B", "a.b"),
        ("", "", ""),
    ] {
        check(&format!("{{{{ snakecase `{text}` }}}}"), snake);
        check(&format!("{{{{ kebabcase `{text}` }}}}"), &snake.replace('_', "-"));
        check(&format!("{{{{ camelcase `{text}` }}}}"), camel);
    }
}

#[test]
fn splitting() {
    check(r#"{{ $a := splitList "$" "foo$bar$baz" }}{{ index $a 1 }} {{ len $a }}"#, "bar 3");
    check(r#"{{ $a := split "$" "foo$bar$baz" }}{{ $a._0 }} {{ $a._2 }}"#, "foo baz");
    check(r#"{{ $a := splitn "$" 2 "foo$bar$baz" }}{{ $a._1 }}"#, "bar$baz");
    check(r#"{{ splitn "$" 0 "foo$bar" }}"#, "map[]");
    check(
        r#"{{ splitList "" "aż" }} {{ len (splitList "" "") }} {{ len (splitList "," "") }}"#,
        "[a ż] 0 1",
    );
    check(r#"{{ list "a" nil 1 | join "_" }} {{ join "_" "x" }} {{ join "_" nil }}"#, "a_1 x ");
    check(r#"{{ sortAlpha (list "c" "a" 2) }} {{ sortAlpha "x" }}"#, "[2 a c] [x]");
}

#[test]
fn conversions() {
    check(r#"{{ toString 1.5 }}{{ toString nil }}{{ toString (list 1 "a") }}"#, "1.5<nil>[1 a]");
    check(r#"{{ list 1 nil 2.5 true | toStrings | first | printf "%T" }}"#, "string");
    check(
        r#"{{ atoi "12" }} {{ atoi "x" }} {{ atoi "99999999999999999999" }}"#,
        "12 0 9223372036854775807",
    );
    check(r#"{{ int64 "12" | printf "%T %[1]v" }} {{ int64 nil }}"#, "int64 12 0");
    check(r#"{{ toDecimal "777" }} {{ toDecimal 777 }} {{ toDecimal "9" }}"#, "511 511 0");
}

#[test]
fn arithmetic() {
    check(r#"{{ add1 "2" }} {{ add1f 0.1 }} {{ biggest 1 "5" 3 }}"#, "3 1.1 5");
    check("{{ until 3 }} {{ until -3 }} {{ until 0 }}", "[0 1 2] [0 -1 -2] []");
    check(
        "{{ untilStep 3 6 2 }} {{ untilStep 3 -6 -3 }} {{ untilStep 1 5 0 }}",
        "[3 5] [3 0 -3] []",
    );
    check(
        "{{ seq 3 }}|{{ seq -3 }}|{{ seq 2 5 }}|{{ seq 5 2 }}",
        "1 2 3|1 0 -1 -2 -3|2 3 4 5|5 4 3 2",
    );
    check(
        "{{ seq 0 2 10 }}|{{ seq 10 2 0 }}|{{ seq 0 -2 -5 }}|{{ seq }}",
        "0 2 4 6 8 10||0 -2 -4|",
    );
    check("{{ until `x` }}", "expected integer; found `x`");
}

#[test]
fn defaults() {
    check(
        r#"{{ empty "" }} {{ empty 1 }} {{ empty list }} {{ empty nil }}"#,
        "true false true true",
    );
    check(r#"{{ coalesce "" nil 0 "x" 2 }} {{ coalesce "" }}"#, "x <no value>");
    check(
        r#"{{ all 1 "a" }} {{ all 1 "" }} {{ all }} {{ any 0 1 }} {{ any }}"#,
        "true false true true false",
    );
    check(r#"{{ ternary "foo" "bar" true }} {{ eq .a "x" | ternary "foo" "bar" }}"#, "foo bar");
    check(r#"{{ ternary "foo" "bar" 1 }}"#, "expected bool; found 1");
    check(r#"{{ fail "no way" }}"#, "error calling fail: no way");
}

#[test]
fn lists() {
    check(
        "{{ $l := list 1 2 3 4 5 }}{{ first $l }}{{ last $l }}{{ rest $l }}{{ initial $l }}",
        "15[2 3 4 5][1 2 3 4]",
    );
    check("{{ first list }} {{ rest list }} {{ tuple 1 2 }}", "<no value> [] [1 2]");
    check(
        "{{ $l := list 1 2 }}{{ append $l 3 }}{{ push $l 3 }}{{ prepend $l 0 }}{{ $l }}",
        "[1 2 3][1 2 3][0 1 2][1 2]",
    );
    check("{{ concat (list 1) list (list 2 3) }} {{ reverse (list 1 2 3) }}", "[1 2 3] [3 2 1]");
    check(r#"{{ uniq (list 1 1 "1" (list 2) (list 2) 1.0) }}"#, "[1 1 [2] 1]");
    check("{{ without (list 1 2 3) 2 3 }} {{ compact (list 1 0 `` `a` nil) }}", "[1] [1 a]");
    check("{{ has 4 (list 1 4) }} {{ list 1 | has `1` }} {{ has 1 nil }}", "true false false");
    check(
        "{{ $l := list 1 2 3 4 }}{{ slice $l }}{{ slice $l 3 }}{{ slice $l 1 3 }}",
        "[1 2 3 4][4][2 3]",
    );
    check("{{ chunk 2 (list 1 2 3) }} {{ chunk 3 list }}", "[[1 2] [3]] []");
    check(
        "{{ mustFirst (list 1) }}{{ mustChunk 1 (list 1) }}{{ mustHas 1 (list 1) }}",
        "1[[1]]true",
    );
}

#[test]
fn lists_that_are_none() {
    check("{{ first `x` }}", "error calling first: Cannot find first on type string");
    check("{{ append 1 2 }}", "error calling append: Cannot push on type int");
    check(
        "{{ slice `abc` 1 }}",
        "error calling slice: list should be type of slice or array but string",
    );
    check(
        "{{ slice (list 1) 2 3 }}",
        "error calling slice: reflect.Value.Slice: slice index out of bounds",
    );
    check("{{ concat (dict) }}", "error calling concat: Cannot concat type map as list");
    check(
        "{{ rest nil }}",
        "error calling rest: runtime error: invalid memory address or nil pointer dereference",
    );
    check(
        "{{ chunk 0 (list 1) }}",
        "error calling chunk: runtime error: makeslice: len out of range",
    );
}

#[test]
fn dictionaries() {
    check(r#"{{ dict "a" 1 "b" }} {{ dict 1 2 }}"#, "map[a:1 b:] map[1:2]");
    check(
        r#"{{ $d := dict "a" 1 }}{{ get $d "a" }}{{ get $d "x" }}{{ hasKey $d "a" }}{{ hasKey $d "x" }}"#,
        "1truefalse",
    );
    check(
        r#"{{ get . "a" }} {{ keys . }} {{ hasKey . "x" }} {{ get nil "a" }}"#,
        "alpha [a b] false ",
    );
    check(
        r#"{{ $d := dict "a" 1 }}{{ $d = set $d "b" 2 }}{{ $d }}{{ unset $d "a" }}{{ $d }}"#,
        "map[a:1 b:2]map[b:2]map[a:1 b:2]",
    );
    check(r#"{{ pluck "a" (dict "a" 1) (dict "b" 2) (dict "a" 3) }}"#, "[1 3]");
    check(
        r#"{{ keys (dict "b" 1 "a" 2) (dict "c" 3) }} {{ values (dict "b" 1 "a" 2) }}"#,
        "[a b c] [2 1]",
    );
    check(
        r#"{{ $d := dict "a" 1 "b" 2 "c" 3 }}{{ pick $d "a" "x" }} {{ omit $d "a" "c" }}"#,
        "map[a:1] map[b:2]",
    );
    check(
        r#"{{ get (list 1) "a" }}"#,
        "wrong type for value; expected map[string]interface {}; got []interface {}",
    );
    check(r#"{{ deepCopy (dict "a" 1) }}"#, "map[a:1]");
}

#[test]
fn digging() {
    let d = r#"{{ $d := dict "a" (dict "b" (dict "c" 1)) }}"#;
    check(&format!(r#"{d}{{{{ dig "a" "b" "c" "x" $d }}}}"#), "1");
    check(&format!(r#"{d}{{{{ dig "a" "z" "c" "x" $d }}}}"#), "x");
    check(&format!(r#"{d}{{{{ dig "a" "b" "x" $d }}}}"#), "map[c:1]");
    check(
        &format!(r#"{d}{{{{ dig "a" "b" "c" "d" "x" $d }}}}"#),
        "error calling dig: interface conversion: interface {} is int, not map[string]interface {}",
    );
    check(r#"{{ dig "a" (dict) }}"#, "error calling dig: dig needs at least three arguments");
}

#[test]
fn merging() {
    let dicts =
        r#"(dict "a" 1 "e" "" "m" (dict "x" 1)) (dict "a" 2 "e" 3 "m" (dict "x" 2 "y" 3) "n" 4)"#;
    check(&format!("{{{{ merge {dicts} }}}}"), "map[a:1 e:3 m:map[x:1 y:3] n:4]");
    check(&format!("{{{{ mergeOverwrite {dicts} }}}}"), "map[a:2 e:3 m:map[x:2 y:3] n:4]");
    check(&format!("{{{{ mustMerge {dicts} | len }}}}"), "4");
}

#[test]
fn json() {
    let value = r#"(dict "b" (list 1 1.5 nil true) "a" "<é\"\n>")"#;
    check(
        &format!("{{{{ toJson {value} }}}}"),
        r#"{"a":"\u003cé\"\n\u003e","b":[1,1.5,null,true]}"#,
    );
    check(&format!("{{{{ toRawJson {value} }}}}"), r#"{"a":"<é\"\n>","b":[1,1.5,null,true]}"#);
    check(
        "{{ toPrettyJson (dict `a` (list 1 2) `b` list) }}",
        "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}",
    );
    check(
        "{{ toJson . }} {{ mustToJson 1e21 }} {{ mustToJson 0.0000001 }}",
        r#"{"a":"alpha","b":"beta"} 1e+21 1e-7"#,
    );
    check(
        "{{ toJson (float64 `inf`) }}{{ mustToJson (float64 `inf`) }}",
        "error calling mustToJson: json: unsupported value: +Inf",
    );
    check("{{ toJson now }}", r#""2026-01-15T06:04:26Z""#);
    check(r#"{{ (mustFromJson "{\"foo\": 55}").foo }}"#, "55");
}

#[test]
fn paths() {
    for (path, base, dir, clean, ext) in [
        ("foo/bar.baz", "bar.baz", "foo", "foo/bar.baz", ".baz"),
        ("/a/../b//c/.", ".", "/b/c", "/b/c", "."),
        ("../../x", "x", "../..", "../../x", ""),
        ("/..", "..", "/", "/", "."),
        ("a/b/", "b", "a/b", "a/b", ""),
        ("/", "/", "/", "/", ""),
        ("", ".", ".", ".", ""),
    ] {
        check(
            &format!("{{{{ base `{path}` }}}} {{{{ osDir `{path}` }}}}"),
            &format!("{base} {dir}"),
        );
        check(
            &format!("{{{{ clean `{path}` }}}} {{{{ ext `{path}` }}}}"),
            &format!("{clean} {ext}"),
        );
    }
    check("{{ isAbs `/foo` }} {{ osIsAbs `foo` }}", "true false");
}

#[test]
fn checksums() {
    check("{{ sha1sum `abc` }}", "a9993e364706816aba3e25717850c26c9cd0d89d");
    check(
        "{{ sha256sum `abc` }}",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    check("{{ sha512sum `abc` | trunc 16 }}", "ddaf35a193617aba");
    check("{{ adler32sum `abc` }}", "38600999");
    check("{{ b32enc `coffee` }} {{ b32dec `MNXWMZTFMU======` }}", "MNXWMZTFMU====== coffee");
    check("{{ b32dec `1` }}", "illegal base32 data at input byte 0");
}

#[test]
fn regular_expressions() {
    let mail = r"`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`";
    check(
        &format!("{{{{ regexMatch {mail} `test@acme.com` }}}} {{{{ regexMatch {mail} `test` }}}}"),
        "true false",
    );
    check("{{ regexMatch `a(` `a` }}", "false");
    check(
        "{{ mustRegexMatch `a(` `a` }}",
        "error calling mustRegexMatch: error parsing regexp: missing closing ): `a(`",
    );
    check("{{ regexFind `fo.?` `foo foe fome` }}|{{ regexFind `fo.?` `none` }}", "foo|");
    check(
        "{{ regexFindAll `a{2}` `aaaaaa` -1 }} {{ regexFindAll `a{2}` `aaaa` 1 }} {{ regexFindAll `x` `a` -1 }}",
        "[aa aa aa] [aa] []",
    );
    check("{{ regexSplit `a` `banana` -1 }} {{ len (regexSplit `a` `banana` -1) }}", "[b n n ] 4");
    check(
        "{{ regexSplit `z+` `pizza` 2 }} {{ regexSplit `z+` `pizza` 0 }} {{ regexSplit `z+` `pizza` 1 }}",
        "[pi a] [] [pizza]",
    );
    check("{{ mustRegexReplaceAll `a(x*)b` `-ab-axxb-` `${1}W` }}", "-W-xxW-");
    check("{{ mustRegexReplaceAllLiteral `a(x*)b` `-ab-axxb-` `${1}` }}", "-${1}-${1}-");
    check("{{ regexQuoteMeta `1.2.3` }} {{ regexQuoteMeta `pretzel` }}", r"1\.2\.3 pretzel");
}

#[test]
fn dates() {
    check(
        "{{ dateInZone `15:04 MST` 0 `Europe/Berlin` }} {{ date_in_zone `15:04` now `Nowhere` }}",
        "01:00 CET 06:04",
    );
    check("{{ htmlDate 0 }} {{ htmlDateInZone now `Pacific/Auckland` }}", "1970-01-01 2026-01-15");
    check(
        "{{ now | dateModify `-1h30m` | date `15:04` }} {{ now | date_modify `x` | date `15:04` }}",
        "04:34 06:04",
    );
    check(
        "{{ mustDateModify `x` now }}",
        r#"error calling mustDateModify: time: invalid duration "x""#,
    );
    check("{{ mustToDate `2006-01-02` `2026-02-03` | unixEpoch }}", "1770076800");
    check("{{ mustToDate `2006` `x` }}", r#"error calling mustToDate: parsing time "x" as "2006""#);
    check(
        "{{ ago (now | dateModify `-2h34m7s`) }} {{ ago (int64 1768457060) }} {{ ago nil }}",
        "2h34m7s 6s 0s",
    );
    check("{{ duration `95` }} {{ duration (int64 3600) }} {{ duration 95 }}", "1m35s 1h0m0s 0s");
    check(
        "{{ durationRound `2h10m5s` }} {{ durationRound `2400h10m5s` }} {{ durationRound `1ms` }}",
        "2h 3m 0s",
    );
    check("{{ now | dateModify `-48h` | durationRound }}", "2d");
}

#[test]
fn types() {
    check(
        "{{ typeOf 1 }} {{ typeOf nil }} {{ typeOf . }} {{ typeOf (list 1) }}",
        "int <nil> map[string]interface {} []interface {}",
    );
    check(
        "{{ kindOf 1.5 }} {{ kindOf nil }} {{ kindOf . }} {{ kindOf list }} {{ kindOf now }}",
        "float64 invalid map slice struct",
    );
    check(
        "{{ typeIs `int` 1 }} {{ typeIsLike `string` .a }} {{ kindIs `map` 1 }}",
        "true true false",
    );
    check(
        "{{ deepEqual (list 1 2) (list 1 2) }} {{ deepEqual 1 `1` }} {{ deepEqual 1 (int64 1) }}",
        "true false false",
    );
    check("{{ deepEqual . (dict `a` `alpha` `b` `beta`) }} {{ deepEqual nil nil }}", "true true");
}
