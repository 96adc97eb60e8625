//! Any text is read or refused, and what is read prints as a text that is read the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logql::ast::Expr;
use logql::{parse, parse_matchers, pretty};

fuzz_target!(|text: &str| {
    for error in [parse(text).err(), parse_matchers(text).err()].into_iter().flatten() {
        if let Some(span) = error.span {
            assert!(text.get(span.start..span.end).is_some(), "{error:?}");
        }
    }
    if let Ok(tree) = parse(text) {
        let printed = tree.to_string();
        check(&tree, &printed, &printed);
        check(&tree, &printed, &pretty(&tree));
    }
});

/// Reads a tree again from one of the ways in which it prints.
fn check(tree: &Expr, printed: &str, text: &str) {
    let again = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(again.to_string(), printed, "{text:?}");
    // NaN is not equal to itself, and prints as a division.
    assert!(again == *tree || printed.contains("0 / 0"), "{text:?}");
}
