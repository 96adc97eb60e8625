//! `| decolorize`: removes the escape sequences that colour a terminal.

use std::sync::LazyLock;

/// The stage; it has no arguments.
#[derive(Debug)]
pub(super) struct Decolorize;

/// An escape or CSI character, what may introduce a sequence, then either a string that a bell ends
/// (a window's title) or numbers and the letter or sign of a command.
static SEQUENCE: LazyLock<regex::Regex> = LazyLock::new(|| {
    let introducer = r"[\x1b\u{9b}][\[\]()#;?]*";
    let title = r"(?:[a-zA-Z0-9]*(?:;[a-zA-Z0-9]*)*)?\x07";
    let command = r"(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-ntqry=><~]";
    regex::Regex::new(&format!("{introducer}(?:{title}|{command})"))
        .expect("the expression is a constant")
});

impl Decolorize {
    /// The line without its colours, or nothing when it has none.
    #[expect(clippy::unused_self, reason = "stages are asked alike")]
    pub(super) fn process(&self, line: &str) -> Option<String> {
        decolorize(line)
    }
}

/// The line without its colours, or nothing when it has none: the stage without a pipeline.
#[must_use]
pub fn decolorize(line: &str) -> Option<String> {
    // U+009B is C2 9B in UTF-8.
    memchr::memchr2(0x1b, 0x9b, line.as_bytes())?;
    match SEQUENCE.replace_all(line, "") {
        std::borrow::Cow::Owned(plain) => Some(plain),
        std::borrow::Cow::Borrowed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: Option<&str>) {
        assert_eq!(Decolorize.process(line).as_deref(), expect, "for {line:?}");
    }

    #[test]
    fn removes_colours_and_titles() {
        check("plain", None);
        check("\x1b[31mred\x1b[0m", Some("red"));
        check("\x1b[1;38;5;208mx", Some("x"));
        check("\u{9b}32mgreen", Some("green"));
        check("\x1b]0;title\x07x", Some("x"));
        check("a\x1b[Kb", Some("ab"));
    }
}
