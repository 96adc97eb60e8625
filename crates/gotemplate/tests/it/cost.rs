//! Hostile templates end with an error, soon and in little memory.

use barogram_gotemplate::{Dialect, RenderError, Template, limits};

use crate::scope::Row;

#[track_caller]
fn check(template: &str) {
    let template = Template::parse_for("t", template, Dialect::Alloy).unwrap();
    let error = template.render(&Row::new(&[("a", "x")])).unwrap_err();
    assert!(matches!(error, RenderError::Limit { .. }), "{error}");
}

#[test]
fn long_strings() {
    check("{{ repeat 1000000000 .a }}");
    check("{{ indent 1000000000 .a }}");
    check("{{ alignLeft 1000000000 .a }}");
    check("{{ printf `%1000000d%1000000d%1000000d%1000000d%1000000d` 1 2 3 4 5 }}");
    check("{{ replace `` (repeat 3000 `y`) (repeat 3000 .a) }}");
    check("{{ $x := repeat 4000000 .a }}{{ $x }}{{ $x }}");
    check("{{ $x := repeat 4000 .a }}{{ regexReplaceAll `.` $x $x }}");
    check("{{ $l := fromJson (printf `[1%s]` (repeat 9999 `,1`)) }}{{ printf `%1000000v` $l }}");
    let all = "$l ".repeat(10_000);
    let list = "{{ $l := fromJson (printf `[1%s]` (repeat 99999 `,null`)) }}";
    check(&format!("{list}{{{{ print {all} }}}}"));
    check(&format!("{list}{{{{ println {all} }}}}"));
    check(&format!("{list}{{{{ html {all} }}}}"));
    check(&format!("{list}{{{{ printf `` {all} }}}}"));
    check("{{ $x := repeat 4000 .a }}{{ regexReplaceAll `.*` $x (repeat 2000 `$0`) }}");
}

#[test]
fn long_loops() {
    check("{{ range 1000000000 }}{{ end }}");
    check("{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}");
    check("{{ range 100000 }}{{ $x := repeat 4000000 `y` }}{{ end }}");
    check("{{ $x := repeat 4000000 `y` }}{{ range 100000 }}{{ $n := count `x` $x }}{{ end }}");
    check("{{ range 100000 }}{{ $n := count (print `a{100}` .) `x` }}{{ end }}");
}

#[test]
fn lists_that_grow() {
    check("{{ until 1000000000 }}");
    check("{{ untilStep 0 -9223372036854775807 -1 }}");
    check("{{ seq 1 1000000000 }}");
    check("{{ splitList `` (repeat 4000000 .a) }}");
    check("{{ splitn `x` 1000000 (repeat 4000000 .a) }}");
    check("{{ regexFindAll `.` (repeat 4000000 .a) -1 }}");
    check("{{ regexSplit `x` (repeat 4000000 .a) -1 }}");
    check("{{ $l := until 90000 }}{{ concat $l $l }}");
    check("{{ $l := list 1 }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ $l }}");
    check("{{ $l := list 1 }}{{ range 100000 }}{{ $l = list $l }}{{ end }}");
    check("{{ $d := dict }}{{ range 100000 }}{{ $d = dict `k` $d }}{{ end }}");
    check("{{ $l := list }}{{ range 100000 }}{{ $l = append $l . }}{{ end }}");
    check("{{ $l := until 90000 }}{{ range 100000 }}{{ $x := has -1 $l }}{{ end }}");
    check(
        "{{ $s := repeat 900000 .a }}{{ $l := list $s }}{{ range 9 }}{{ $l = append $l $s }}{{ end }}",
    );
    check("{{ join (repeat 1000000 .a) (until 90000) }}");
    check("{{ wrapWith 1 (repeat 10000 .a) (repeat 10000 .a) }}");
    check("{{ toPrettyJson (list (repeat 4000000 `<`)) }}");
}

#[test]
fn recursion() {
    check("{{ define `t` }}{{ template `t` }}{{ end }}{{ template `t` }}");
    let nested = "{{ if 1 }}".repeat(90) + "{{ template `t` }}" + &"{{ end }}".repeat(90);
    check(&format!("{{{{ define `t` }}}}{nested}{{{{ end }}}}{{{{ template `t` }}}}"));
}

#[test]
fn deep_nesting_does_not_parse() {
    for (open, close) in [("{{ if 1 }}", "{{ end }}"), ("{{ with 1 }}", "{{ end }}")] {
        let depth = limits::MAX_DEPTH + 1;
        assert!(Template::parse(&(open.repeat(depth) + &close.repeat(depth))).is_err());
    }
    let parens = |n: usize| format!("{{{{ {}1{} }}}}", "(".repeat(n), ")".repeat(n));
    assert!(Template::parse(&parens(limits::MAX_DEPTH + 1)).is_err());
    let deepest = Template::parse(&parens(limits::MAX_DEPTH)).unwrap();
    assert_eq!(deepest.render(&Row::default()).unwrap(), "1");
    let open = "{{ if 1 }}".repeat(limits::MAX_DEPTH);
    let close = "{{ end }}".repeat(limits::MAX_DEPTH);
    let both = Template::parse(&format!("{open}{}{close}", parens(limits::MAX_DEPTH - 1)));
    assert!(both.is_err(), "depths of blocks and parentheses add up");
}
