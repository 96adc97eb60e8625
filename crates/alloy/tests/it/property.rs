//! What holds of every text.

use barogram_alloy::ast::{File, tree};
use barogram_alloy::{Diagnostics, Sources, Span, format, parse};
use proptest::prelude::*;

/// Expressions, most of them valid.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-c]{1,3}",
        "[0-9]{1,4}",
        "[0-9]\\.[0-9]",
        Just("\"x y\"".to_owned()),
        Just("\"\\u017c\\n\"".to_owned()),
        Just("`raw\n  text `".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let operator = prop_oneof![
            Just(" + "),
            Just("-"),
            Just(" *\n"),
            Just("/ // c\n"),
            Just("^"),
            Just(" && "),
            Just("||"),
            Just(" == "),
            Just("<="),
        ];
        let gap = prop_oneof![
            Just(""),
            Just(" "),
            Just("\n"),
            Just(" // c\n"),
            Just("/* d */"),
            Just("\n\n// e\n"),
            Just("\n/* f\n g */\n"),
        ];
        let elements = prop::collection::vec((gap.clone(), inner.clone()), 0..4);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a}{o}{b}")),
            (elements.clone(), gap.clone()).prop_map(|(e, end)| {
                let parts: String = e.iter().map(|(gap, e)| format!("{gap}{e},")).collect();
                format!("[{parts}{end}]")
            }),
            (elements.clone(), gap.clone()).prop_map(|(e, end)| {
                let parts: String =
                    e.iter().enumerate().map(|(i, (gap, e))| format!("{gap}k{i}={e},")).collect();
                format!("{{{parts}{end}}}")
            }),
            (elements, gap).prop_map(|(e, end)| {
                let parts: String = e.iter().map(|(gap, e)| format!("{gap}{e},")).collect();
                format!("f({parts}{end})")
            }),
            inner.clone().prop_map(|e| format!("-({e}).m[0]")),
            inner.prop_map(|e| format!("!{e}")),
        ]
    })
}

/// Bodies of files and blocks, with comments and blank lines anywhere between statements.
fn body() -> impl Strategy<Value = String> {
    let between = prop_oneof![
        Just(""),
        Just("\n"),
        Just("// c\n"),
        Just("\n\n// d\n"),
        Just("/* e */"),
        Just("/* f\n g */\n"),
        Just("  // h\n\n"),
    ];
    let after = prop_oneof![Just("\n"), Just(" // i\n"), Just(" /* j */\n"), Just("\n\n")];
    let gap =
        prop_oneof![Just(""), Just("// k\n"), Just("/* l */"), Just("/* m\n n */"), Just("\n")];
    let attribute =
        ("[a-e]{1,6}", gap, expression()).prop_map(|(name, gap, e)| format!("{name} = {gap}{e}"));
    let attribute = (between.clone(), attribute, after.clone())
        .prop_map(|(before, statement, after)| format!("{before}{statement}{after}"));
    let statements = prop::collection::vec(attribute, 0..4).prop_map(|all| all.concat());
    statements.prop_recursive(3, 16, 3, move |inner| {
        let block = ("[a-c](\\.[a-c])?( \"l\")?", inner.clone())
            .prop_map(|(head, body)| format!("{head} {{{body}}}"));
        let block = (between.clone(), block, after.clone())
            .prop_map(|(before, statement, after)| format!("{before}{statement}{after}"));
        prop::collection::vec(prop_oneof![block, inner], 0..4).prop_map(|all| all.concat())
    })
}

fn read(text: &str) -> (Sources, File, Diagnostics) {
    let mut sources = Sources::new();
    let file = sources.add("c", text);
    let mut problems = Diagnostics::new();
    let file = parse(&sources, file, &mut problems);
    (sources, file, problems)
}

fn comments(sources: &Sources, file: &File) -> Vec<String> {
    file.comments.iter().map(|span| sources.slice(*span).to_owned()).collect()
}

proptest! {
    /// What is written means the same, keeps its comments, and is written the same again.
    #[test]
    fn formatting_changes_nothing_but_space(text in body()) {
        let (sources, file, problems) = read(&text);
        prop_assume!(problems.is_empty());
        let written = format(&sources, &file);
        let (again_sources, again, problems) = read(&written);
        prop_assert!(problems.is_empty(), "{}\n{}", written, again_sources.render_all(&problems, false));
        prop_assert_eq!(tree(&file.body), tree(&again.body), "{}", written);
        prop_assert_eq!(comments(&sources, &file), comments(&again_sources, &again));
        prop_assert_eq!(format(&again_sources, &again), written);
    }

    /// Any text is read or refused, and each problem is somewhere in it.
    #[test]
    fn any_text_is_read_or_refused(text in "([a-b\"'`=.,{}()\\[\\]\\\\ \n/*+\\-0-9ż#]|// |[a-c] = |b \"c\" \\{)*") {
        let (sources, file, problems) = read(&text);
        for problem in &problems {
            let Span { start, end, .. } = problem.span;
            prop_assert!(start <= end && end as usize <= text.len(), "{problem:?}");
        }
        prop_assert_eq!(problems.is_empty(), sources.render_all(&problems, true).is_empty());
        drop(format(&sources, &file));
    }

    /// One statement that is wrong does not hide those around it.
    #[test]
    fn a_wrong_line_hides_no_other(wrong in "[a-b=,.)\"' ]{0,8}") {
        let text = format!("first = 1\nsecond {{\n{wrong}\n}}\nthird = 3\n");
        let (_, file, _) = read(&text);
        let shown = tree(&file.body);
        prop_assert!(shown.starts_with("first = 1\nsecond:\n"), "{}", shown);
        prop_assert!(shown.contains("\nthird = 3\n"), "{}", shown);
    }
}
