//! What holds of every template.

use barogram_gotemplate::{Dialect, Template};
use proptest::prelude::*;

use crate::scope::Row;

/// Every function but those that read nothing but the line.
const FUNCTIONS: &str = "
    ToLower ToUpper Replace Trim TrimLeft TrimRight TrimPrefix TrimSuffix TrimSpace lower upper
    title trim trimAll trimPrefix trimSuffix contains hasPrefix hasSuffix replace repeat indent
    nindent trunc substr alignLeft alignRight regexReplaceAll regexReplaceAllLiteral count b64enc
    b64dec urlencode urldecode int float64 add sub mul div mod addf subf mulf divf max min maxf
    minf ceil floor round bytes duration date toDate toDateInZone unixEpoch unixToTime now
    fromJson default and or not len index slice call print println printf html js urlquery eq ne
    lt le gt ge
";

/// The functions that only Alloy's templates have.
const ALLOYS: &str = "
    Hash Sha2Hash hello quote squote cat plural trimall nospace initials abbrev abbrevboth wrap
    wrapWith untitle swapcase camelcase snakecase kebabcase splitList split splitn join sortAlpha
    sha1sum sha256sum sha512sum adler32sum b32enc b32dec toString toStrings atoi int64 toDecimal
    dateInZone htmlDate htmlDateInZone dateModify mustDateModify mustToDate ago duration
    durationRound empty coalesce all any ternary fail typeOf typeIs typeIsLike kindOf kindIs
    deepEqual toJson toRawJson toPrettyJson mustFromJson list first last rest initial append prepend
    concat reverse uniq without has compact slice chunk dict get set unset hasKey pluck keys values
    pick omit dig deepCopy merge mergeOverwrite add1 add1f biggest until untilStep seq base dir
    clean ext isAbs regexMatch mustRegexMatch regexFind regexFindAll regexSplit regexQuoteMeta
";

/// Pieces that templates are made of, in any order: most do not parse, some do.
fn template() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{ "),
        Just(" }}"),
        Just("{{- "),
        Just(" -}}"),
        Just("if .a"),
        Just("range .a"),
        Just("with $x := 1"),
        Just("else"),
        Just("end"),
        Just("| printf `%5d` "),
        Just("trunc -2 .a"),
        Just("substr 1 99 __line__"),
        Just("($x)"),
        Just("date `2006 .999 MST` __timestamp__"),
        Just("regexReplaceAll `(.)` `ż` `$1`"),
        Just("fromJson .a"),
        Just("\"\\x41"),
        Just("\""),
        Just(" ż\n"),
        Just("9.5e3 "),
        Just("/* c */"),
        Just("$x = ."),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// A call of any function with arguments of any kind.
fn call(functions: &'static str) -> impl Strategy<Value = String> {
    let function = prop::sample::select(functions.split_whitespace().collect::<Vec<_>>());
    let argument = prop_oneof![
        Just(".a".to_owned()),
        Just("__timestamp__".to_owned()),
        Just("(fromJson `[1,{}]`)".to_owned()),
        Just("(trunc 1 `ż`)".to_owned()),
        Just("nil".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        (-9_i64..9).prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| format!("{f:e}")),
        "[^`\r]{0,8}".prop_map(|text| format!("`{text}`")),
        "[%+#0-9.*dsqvxXUbcegtT\\[\\] ]{0,8}".prop_map(|text| format!("`{text}`")),
        "[-0-9:. MSTZJanopm]{0,8}".prop_map(|text| format!("`{text}`")),
    ];
    (function, prop::collection::vec(argument, 0..5))
        .prop_map(|(function, arguments)| format!("{{{{ {function} {} }}}}", arguments.join(" ")))
}

fn row() -> Row {
    let mut row = Row::new(&[("a", "val=ż 12.5")]);
    row.line = "the line".into();
    row
}

proptest! {
    #[test]
    fn text_without_actions_is_itself(text in "[^{]*") {
        let template = Template::parse(&text).unwrap();
        prop_assert_eq!(template.as_literal(), Some(text.as_str()));
        prop_assert_eq!(template.render(&row()).unwrap(), text);
    }

    #[test]
    fn a_string_is_what_was_quoted(text in "[^`\r]*") {
        let template = Template::parse(&format!("{{{{ `{text}` }}}}")).unwrap();
        prop_assert_eq!(template.render(&row()).unwrap(), text);
    }

    #[test]
    fn encodings_can_be_undone(text in "[^`\r]*") {
        for (encode, decode) in [("b64enc", "b64dec"), ("urlencode", "urldecode")] {
            let source = format!("{{{{ `{text}` | {encode} | {decode} }}}}");
            prop_assert_eq!(Template::parse(&source).unwrap().render(&row()).unwrap(), &*text);
        }
    }

    #[test]
    fn a_time_is_read_as_it_was_written(seconds in -60_000_000_000_i64..200_000_000_000) {
        let layout = "2006-01-02T15:04:05Z07:00";
        let source = format!("{{{{ date `{layout}` {seconds} | toDate `{layout}` | unixEpoch }}}}");
        let rendered = Template::parse(&source).unwrap().render(&row()).unwrap();
        prop_assert_eq!(rendered, seconds.to_string());
    }

    #[test]
    fn every_error_of_the_parser_is_in_the_text(text in template()) {
        match Template::parse(&text) {
            Ok(template) => drop(template.render(&row())),
            Err(error) => prop_assert!(text.is_char_boundary(error.offset())),
        }
    }

    #[test]
    fn every_call_ends(text in call(FUNCTIONS)) {
        let template = Template::parse(&text);
        prop_assume!(template.is_ok());
        let (first, second) = template.map(|t| (t.render(&row()), t.render(&row()))).unwrap();
        prop_assert_eq!(first, second);
    }

    #[test]
    fn every_call_of_alloys_ends(text in call(ALLOYS)) {
        let template = Template::parse_for("t", &text, Dialect::Alloy).unwrap();
        prop_assert_eq!(template.render(&row()), template.render(&row()));
        prop_assert!(Template::parse(&text).is_err() || text.starts_with("{{ slice ")
            || text.starts_with("{{ duration "));
    }
}
