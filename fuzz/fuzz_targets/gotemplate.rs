//! Any template is parsed or refused, and rendering it ends with what its limits allow.

#![no_main]

use gotemplate::limits::MAX_OUTPUT_BYTES;
use gotemplate::{Scope, Template};
use libfuzzer_sys::fuzz_target;

const NOON: i64 = 1_768_435_200_000_000_000;

/// A row whose field `a` is its line.
struct Row<'a>(&'a str);

impl Scope for Row<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    fn fields(&self) -> Vec<(&str, &str)> {
        vec![("a", self.0), ("level", "error")]
    }

    fn line(&self) -> &str {
        self.0
    }

    fn timestamp_nanos(&self) -> i64 {
        // Templates do much with times; a line that is a number sets it.
        self.0.parse().unwrap_or(NOON)
    }

    fn now_nanos(&self) -> i64 {
        NOON
    }
}

// An input is a template, and behind a zero byte the line.
fuzz_target!(|input: &str| {
    let (template, line) = input.split_once('\0').unwrap_or((input, "level=error took=5ms"));
    let Ok(template) = Template::parse(template) else { return };
    drop(template.fields());
    match template.render(&Row(line)) {
        // Each byte that is not UTF-8 is replaced by three when the output is made a text.
        Ok(text) => assert!(text.len() <= 3 * MAX_OUTPUT_BYTES, "{} bytes", text.len()),
        Err(error) => drop(error.to_string()),
    }
});
