//! What a template says about itself.

use barogram_gotemplate::Template;

#[track_caller]
fn check(template: &str, fields: Option<&[&str]>, reads_line: bool) {
    let template = Template::parse(template).unwrap();
    assert_eq!(template.fields().as_deref(), fields, "{}", template.text());
    assert_eq!(template.reads_line(), reads_line, "{}", template.text());
}

#[test]
fn fields_and_line() {
    check("plain", Some(&[]), false);
    check("{{.b}} {{.a}} {{.b}}", Some(&["a", "b"]), false);
    check(
        "{{ if .a }}{{ upper .b | printf `%s` }}{{ else }}{{ (.c) }}{{ end }}",
        Some(&["a", "b", "c"]),
        false,
    );
    check("{{ with .user }}{{ . }}{{ end }}", Some(&["user"]), false);
    check("{{ range $k, $v := fromJson .j }}{{ $v }}{{ $.x }}{{ end }}", Some(&["j", "x"]), false);
    check("{{ . }}", None, false);
    check("{{ $ }}", None, false);
    check("{{ range $k, $v := . }}{{ $k }}{{ end }}", None, false);
    check("{{ with .a }}x{{ else }}{{ . }}{{ end }}", None, false);
    check("{{ define `t` }}{{ . }}{{ end }}{{ template `t` .a }}", Some(&["a"]), false);
    check("{{ define `t` }}{{ . }}{{ end }}{{ template `t` . }}", None, false);
    check("{{ __line__ | len }}", Some(&[]), true);
    check("{{ if .a }}{{ date `15` __timestamp__ }}{{ end }}", Some(&["a"]), true);
}

#[test]
fn literals() {
    for (template, literal) in [
        ("", Some("")),
        ("plain", Some("plain")),
        ("{{/* nothing */}}", Some("")),
        ("{{ .a }}", None),
        ("a{{ `b` }}", None),
    ] {
        assert_eq!(Template::parse(template).unwrap().as_literal(), literal, "{template}");
    }
}
