//! The texts of a configuration and places in them.

use std::fmt::Write as _;

use crate::diag::{Diagnostic, Diagnostics, Severity};

/// A place in one of the sources: bytes from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Which text.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// From the beginning of this to the end of another.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.start), ..self }
    }

    /// Its end, as a place without extent.
    #[must_use]
    pub fn after(self) -> Self {
        Self { start: self.end, ..self }
    }
}

/// A text among the [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(u32);

/// All texts that a configuration is made of.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// One text.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
    outer: Outer,
}

/// Where a text lies within the file it was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outer {
    /// How many lines of the file come before its first.
    pub lines: usize,
    /// How many characters come before it in each line.
    pub columns: usize,
    /// Whether its lines are lines of the file. Where they are not (a quoted string with escapes),
    /// every place in it is told as its beginning.
    pub by_line: bool,
}

impl Outer {
    /// A text that is the whole file.
    pub const WHOLE: Self = Self { lines: 0, columns: 0, by_line: true };
}

impl Sources {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more text, which is a file of its own.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.add_within(name, text, Outer::WHOLE)
    }

    /// One more text, which is a part of a file of another language.
    pub fn add_within(
        &mut self,
        name: impl Into<String>,
        text: impl Into<String>,
        outer: Outer,
    ) -> FileId {
        let id = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(Source { name: name.into(), text: text.into(), outer });
        FileId(id)
    }

    /// The text of a file; empty if these sources do not have it.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.get(file).map_or("", |source| source.text.as_str())
    }

    /// The name of a file; empty if these sources do not have it.
    #[must_use]
    pub fn name(&self, file: FileId) -> &str {
        self.get(file).map_or("", |source| source.name.as_str())
    }

    /// What a span covers.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// `FILE:LINE:COL` of a span's beginning, in the outer file, counted from 1 in characters.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        let (line, column) = self.line_and_column(span);
        format!("{}:{line}:{column}", self.name(span.file))
    }

    /// Line and column of a span's beginning in the outer file, counted from 1 in characters.
    #[must_use]
    pub fn line_and_column(&self, span: Span) -> (usize, usize) {
        let outer = self.get(span.file).map_or(Outer::WHOLE, |source| source.outer);
        if !outer.by_line {
            return (outer.lines + 1, outer.columns + 1);
        }
        let text = self.text(span.file);
        let start = line_start(text, span.start as usize);
        let line = text.as_bytes()[..start].iter().filter(|b| **b == b'\n').count();
        let column = text.get(start..floor(text, span.start as usize)).unwrap_or("");
        // A mark of byte order is no column that an editor would show.
        let column = column.trim_start_matches('\u{feff}').chars().count();
        (outer.lines + line + 1, outer.columns + column + 1)
    }

    /// A problem for people: place and message, the line, a caret, and the hint.
    #[must_use]
    pub fn render(&self, diagnostic: &Diagnostic, is_coloured: bool) -> String {
        let paint = Paint { is_on: is_coloured };
        let (word, colour) = match diagnostic.severity {
            Severity::Error => ("", "31"),
            Severity::Warning => ("warning: ", "33"),
        };
        let place = paint.with("1", &self.place(diagnostic.span));
        let message = paint.with(colour, &format!("{word}{}", diagnostic.message));
        let mut out = format!("{place}: {message}\n");
        self.excerpt(&mut out, diagnostic.span, &paint, colour);
        if let Some(hint) = &diagnostic.hint {
            let _ = writeln!(out, "  {} {hint}", paint.with("36", "hint:"));
        }
        out
    }

    /// All problems in the order of the text, with a blank line between two.
    #[must_use]
    pub fn render_all(&self, diagnostics: &Diagnostics, is_coloured: bool) -> String {
        let all = diagnostics.sorted();
        let mut out: Vec<_> = all.into_iter().map(|one| self.render(one, is_coloured)).collect();
        if diagnostics.dropped() > 0 {
            out.push(format!("and {} more problems\n", diagnostics.dropped()));
        }
        out.join("\n")
    }

    /// The line of a span with a caret below it.
    fn excerpt(&self, out: &mut String, span: Span, paint: &Paint, colour: &str) {
        // A longer line fills the screen and shows nothing.
        const LINE_CHARS_MAX: usize = 200;
        let text = self.text(span.file);
        let at = floor(text, span.start as usize);
        let start = line_start(text, at);
        let line = text[start..].lines().next().unwrap_or("").trim_start_matches('\u{feff}');
        if line.trim().is_empty() || line.chars().count() > LINE_CHARS_MAX {
            return;
        }
        let before = text[start..at].trim_start_matches('\u{feff}');
        let covered = text.get(at..floor(text, span.end as usize)).unwrap_or("");
        let width = covered.lines().next().unwrap_or("").chars().count().max(1);
        let gap: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let _ = writeln!(out, "  {line}");
        let _ = writeln!(out, "  {gap}{}", paint.with(colour, &"^".repeat(width)));
    }

    fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.0 as usize)
    }
}

/// Colours of a terminal, or none.
struct Paint {
    is_on: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.is_on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The beginning of the line that a byte is in.
fn line_start(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    text.as_bytes()[..at].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1)
}

/// The nearest beginning of a character that is not after a byte.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

#[cfg(test)]
mod tests {
    use super::{Outer, Sources, Span};
    use crate::diag::Diagnostic;

    #[track_caller]
    fn check(text: &str, outer: Outer, (start, end): (u32, u32), expect: &str) {
        let mut sources = Sources::new();
        let file = sources.add_within("c.alloy", text, outer);
        let problem = Diagnostic::error(Span { file, start, end }, "wrong").hint("mend it");
        assert_eq!(sources.render(&problem, false), expect);
    }

    #[test]
    fn a_problem_shows_its_line() {
        check(
            "a = 1\n\tbż = 22\n",
            Outer::WHOLE,
            (12, 14),
            "c.alloy:2:6: wrong\n  \tbż = 22\n  \t     ^^\n  hint: mend it\n"
                .replace("     ", "    ")
                .as_str(),
        );
        check("", Outer::WHOLE, (0, 0), "c.alloy:1:1: wrong\n  hint: mend it\n");
        check("a", Outer::WHOLE, (900, 901), "c.alloy:1:2: wrong\n  a\n   ^\n  hint: mend it\n");
    }

    #[test]
    fn a_part_of_a_file_is_placed_in_the_file() {
        let outer = Outer { lines: 7, columns: 4, by_line: true };
        check("x\ny", outer, (2, 3), "c.alloy:9:5: wrong\n  y\n  ^\n  hint: mend it\n");
        let outer = Outer { by_line: false, ..outer };
        check("x\ny", outer, (2, 3), "c.alloy:8:5: wrong\n  y\n  ^\n  hint: mend it\n");
    }
}
