//! YAML as a tree in which everything has its place.

use alloy::{Diagnostic, FileId, Span};
use granit_parser::{Event, Marker, Parser, ScalarStyle};

/// How deep a file may nest.
const DEPTH_MAX: usize = 16;

/// A value in YAML, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    pub span: Span,
    pub value: Yaml,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Yaml {
    /// Nothing is said.
    Nothing,
    Text(String),
    List(Vec<Tree>),
    /// Names, where they stand, and their values.
    Map(Vec<(String, Span, Tree)>),
}

/// What is open while a file is read.
enum Open {
    List(Span, Vec<Tree>),
    Map(Span, Vec<(String, Span, Tree)>, Option<(String, Span)>),
}

/// Reads the first document of a text. A text without any says nothing.
pub(super) fn read(file: FileId, text: &str) -> Result<Tree, Diagnostic> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let start = Span { file, start: 0, end: 0 };
    for event in Parser::new_from_str(text) {
        let (event, place) = event.map_err(|error| {
            let at = byte(text, error.marker());
            Diagnostic::error(Span { file, start: at, end: at }, format!("not YAML: {error}"))
        })?;
        let (first, end) = (byte(text, &place.start), byte(text, &place.end));
        let span = Span { file, start: first, end: end.max(first) };
        let done = match event {
            Event::SequenceStart(..) => {
                open.push(Open::List(span, Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(span, Vec::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(closed),
            Event::Scalar(text, style, ..) => Some(scalar(&text, style, span)),
            Event::Alias(_) => return Err(Diagnostic::error(span, "aliases are not read here")),
            Event::DocumentEnd => break,
            _ => None,
        };
        if open.len() > DEPTH_MAX {
            return Err(Diagnostic::error(span, "the file nests too deep"));
        }
        if let Some(tree) = done {
            match open.last_mut() {
                None => root = Some(tree),
                Some(Open::List(_, items)) => items.push(tree),
                Some(Open::Map(_, entries, name)) => match (name.take(), tree.value) {
                    (Some((name, at)), value) => {
                        entries.push((name, at, Tree { span: tree.span, value }));
                    }
                    (None, Yaml::Text(text)) => *name = Some((text, tree.span)),
                    (None, _) => return Err(Diagnostic::error(tree.span, "a name must be a text")),
                },
            }
        }
    }
    Ok(root.unwrap_or(Tree { span: start, value: Yaml::Nothing }))
}

fn closed(open: Open) -> Tree {
    match open {
        Open::List(span, items) => Tree { span, value: Yaml::List(items) },
        Open::Map(span, entries, _) => Tree { span, value: Yaml::Map(entries) },
    }
}

fn scalar(text: &str, style: ScalarStyle, span: Span) -> Tree {
    let is_nothing = style == ScalarStyle::Plain && ["", "~", "null"].contains(&text);
    let value = if is_nothing { Yaml::Nothing } else { Yaml::Text(text.to_owned()) };
    Tree { span, value }
}

/// Lines of a marker begin at 1, columns at 0, and are characters.
fn byte(text: &str, at: &Marker) -> u32 {
    let before: usize =
        text.split_inclusive('\n').take(at.line().saturating_sub(1)).map(str::len).sum();
    let line = text[before..].split_inclusive('\n').next().unwrap_or_default();
    let within = line.char_indices().nth(at.col()).map_or(line.len(), |(byte, _)| byte);
    u32::try_from(before + within).unwrap_or(u32::MAX)
}
