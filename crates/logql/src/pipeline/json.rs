//! `| json` and `| json a="b.c", d="e[0]"`.

use crate::ast::Extraction;
use crate::jsonpath::{self, Segment};

use super::error::StageError;
use super::name;
use super::object::{self, Cursor, Flow, JsonError, Kind};
use super::row::{Refused, RowLabels};
use super::wanted::Wanted;

/// The error of a line that is no JSON.
const ERROR: &str = "JSONParserErr";
/// How deep objects are opened. Deeper ones are passed over; a line could hold 50,000 of them.
const MAX_DEPTH: usize = 128;

/// The stage: all members, or those at some paths.
#[derive(Debug)]
pub(super) enum Json {
    All(Wanted),
    Paths { paths: Vec<Path>, wanted: Wanted },
}

/// A label and where its value is.
#[derive(Debug)]
pub(super) struct Path {
    label: String,
    segments: Vec<Segment>,
}

impl Json {
    pub(super) fn new(extractions: &[Extraction], wanted: &Wanted) -> Result<Self, StageError> {
        let wanted = wanted.clone();
        if extractions.is_empty() {
            return Ok(Self::All(wanted));
        }
        let paths = extractions.iter().map(|extraction| {
            let segments = jsonpath::parse(&extraction.expression).map_err(|error| {
                let expression = &extraction.expression;
                let message = format!("cannot parse expression [{expression}]: {error}");
                StageError::new(extraction.span, message)
            })?;
            Ok(Path { label: extraction.name.clone(), segments })
        });
        Ok(Self::Paths { paths: paths.collect::<Result<_, _>>()?, wanted })
    }

    /// Sets the labels. A line that cannot be read keeps what was found, and is marked as an error.
    pub(super) fn process(&self, line: &str, labels: &mut RowLabels) -> Result<(), Refused> {
        match self {
            Self::All(wanted) if wanted.satisfied(labels) => {}
            Self::All(wanted) => match flatten(line, &mut String::new(), 0, wanted, labels) {
                Ok(Flow::Refuse) => return Err(Refused),
                Ok(Flow::Continue | Flow::Stop) => {}
                Err(error) => fail(&error.to_string(), wanted, labels),
            },
            Self::Paths { wanted, .. } if line.is_empty() || wanted.satisfied(labels) => {}
            Self::Paths { paths, wanted } => follow(line, paths, wanted, labels),
        }
        Ok(())
    }
}

/// Marks a row as one whose line could not be parsed.
pub(super) fn fail(details: &str, wanted: &Wanted, labels: &mut RowLabels) {
    labels.set_error(ERROR, details);
    if wanted.error_is_answer() {
        labels.preserve_error();
    }
}

/// Sets a label for each member, and for each member of an object in it.
fn flatten(
    object: &str,
    prefix: &mut String,
    depth: usize,
    wanted: &Wanted,
    labels: &mut RowLabels,
) -> Result<Flow, JsonError> {
    object::for_each(object, |key, value| match value.kind {
        Kind::String | Kind::Number | Kind::Boolean => {
            let write_name = |text: &mut String| {
                let start = text.len();
                text.push_str(prefix);
                name::push_at(&key, start, text);
            };
            Ok(match labels.extract(wanted, write_name, &value.to_label()) {
                Err(Refused) => Flow::Refuse,
                Ok(()) if wanted.satisfied(labels) => Flow::Stop,
                Ok(()) => Flow::Continue,
            })
        }
        Kind::Object if depth < MAX_DEPTH => {
            let length = prefix.len();
            name::push(&key, prefix);
            let flow = flatten(value.text, prefix, depth + 1, wanted, labels);
            prefix.truncate(length);
            flow
        }
        Kind::Object | Kind::Array | Kind::Null => Ok(Flow::Continue),
    })
}

/// Sets the label of each path, to nothing where the path leads nowhere.
fn follow(line: &str, paths: &[Path], wanted: &Wanted, labels: &mut RowLabels) {
    if !line.starts_with(['{', '[', '"']) {
        fail("", wanted, labels);
        return;
    }
    let mut search = Search { found: vec![false; paths.len()], paths, wanted, labels };
    let all: Vec<usize> = (0..paths.len()).collect();
    // A document that breaks off is no error here: what was found before counts.
    let _: Result<(), Ended> = search.value(&mut Cursor::new(line), &all, 0);
    for path in paths {
        if search.labels.get(&path.label).is_none() {
            search.labels.extract_named(&path.label, "");
        }
    }
}

/// Nothing more is to be found: all is, or the document breaks off.
struct Ended;

impl From<JsonError> for Ended {
    fn from(_: JsonError) -> Self {
        Self
    }
}

/// The search for several paths in one pass over a document.
struct Search<'a> {
    paths: &'a [Path],
    /// Of a key that comes twice the first counts.
    found: Vec<bool>,
    wanted: &'a Wanted,
    labels: &'a mut RowLabels,
}

impl Search<'_> {
    /// Goes into a value for the paths whose first `depth` segments lead to it, or passes over it.
    fn value(
        &mut self,
        cursor: &mut Cursor<'_>,
        open: &[usize],
        depth: usize,
    ) -> Result<(), Ended> {
        match cursor.peek() {
            Some(b'{') if !open.is_empty() && depth < MAX_DEPTH => self.object(cursor, open, depth),
            Some(b'[') if !open.is_empty() && depth < MAX_DEPTH => self.array(cursor, open, depth),
            _ => {
                cursor.value()?;
                Ok(())
            }
        }
    }

    fn object(
        &mut self,
        cursor: &mut Cursor<'_>,
        open: &[usize],
        depth: usize,
    ) -> Result<(), Ended> {
        cursor.at += 1;
        loop {
            match cursor.peek() {
                Some(b'"') => {}
                Some(b'}') => break,
                _ => return Err(Ended),
            }
            let key = cursor.key()?;
            let here = |segment: &Segment| matches!(segment, Segment::Field(name) if *name == key);
            self.member(cursor, open, depth, here)?;
            if cursor.peek() == Some(b',') {
                cursor.at += 1;
            }
        }
        cursor.at += 1;
        Ok(())
    }

    fn array(
        &mut self,
        cursor: &mut Cursor<'_>,
        open: &[usize],
        depth: usize,
    ) -> Result<(), Ended> {
        cursor.at += 1;
        let mut element = 0;
        while cursor.peek().ok_or(Ended)? != b']' {
            let here = |segment: &Segment| *segment == Segment::Index(element);
            self.member(cursor, open, depth, here)?;
            element += 1;
            if cursor.peek() == Some(b',') {
                cursor.at += 1;
            }
        }
        cursor.at += 1;
        Ok(())
    }

    /// Takes a member for the paths that end at it and goes into it for those that lead on.
    fn member(
        &mut self,
        cursor: &mut Cursor<'_>,
        open: &[usize],
        depth: usize,
        here: impl Fn(&Segment) -> bool,
    ) -> Result<(), Ended> {
        let paths = self.paths;
        let led_here = |path: &usize| paths[*path].segments.get(depth).is_some_and(&here);
        let (ends, on): (Vec<usize>, Vec<usize>) = open
            .iter()
            .copied()
            .filter(led_here)
            .partition(|path| paths[*path].segments.len() == depth + 1);
        let start = cursor.at;
        for path in ends {
            if std::mem::replace(&mut self.found[path], true) {
                continue;
            }
            cursor.at = start;
            match cursor.value() {
                Ok(value) => {
                    self.labels.extract_named(&paths[path].label, &value.to_label());
                }
                Err(error) => fail(&error.to_string(), self.wanted, self.labels),
            }
        }
        if self.found.iter().all(|found| *found) {
            return Err(Ended);
        }
        cursor.at = start;
        self.value(cursor, &on, depth + 1)
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::testing::{check, run};

    #[test]
    fn sets_all_members() {
        check(
            "| json | drop s",
            r#"{"s":"x","n":1.50,"b":true}"#,
            r#"{"s":"x","n":1.50,"b":true} {b="true", n="1.50"}"#,
        );
        check(
            "| json | line_format ``",
            r#"{"a":{"b":{"c":1},"0":2}}"#,
            r#" {a_0="2", a_b_c="1"}"#,
        );
        check("| json | line_format ``", r#"{"a":null,"b":[1],"c":{}}"#, "");
        check("| json | line_format ``", r#"{"a":"","dup":1,"dup":2}"#, r#" {a="", dup="1"}"#);
    }

    #[test]
    fn gives_way_to_labels_and_metadata() {
        let expect = r#" {app_extracted="x", trace_extracted="y"}"#;
        check("| json | line_format ``", r#"{"app":"x","trace":"y"}"#, expect);
        check(
            "| drop trace | json trace",
            r#"{"trace":"y"}"#,
            r#"{"trace":"y"} metadata {} {trace="y"}"#,
        );
    }

    #[test]
    fn marks_what_is_no_json_and_keeps_what_it_found() {
        let error = "__error__=\"JSONParserErr\"";
        check("| json | drop __error_details__", "plain", &format!("plain {{{error}}}"));
        check(
            "| json | drop __error_details__",
            r#"{"a":1,"#,
            &format!(r#"{{"a":1, {{{error}, a="1"}}"#),
        );
        check("| json a", "plain", &format!("plain {{{error}}}"));
    }

    #[test]
    fn follows_paths() {
        let line = r#"{"a":{"b":[{"c":"x\ny"},2]},"k k":null,"o":{"p":1}}"#;
        let stages = r#"| json x="a.b[0].c", y="a.b[1]", z="[\"k k\"]", o="o" | line_format ``"#;
        check(stages, line, r#" {o="{\"p\":1}", x="x\ny", y="2", z=""}"#);
        check(
            "| json x=`a.no`, y=`a.b[7]`, z=`o[0]` | line_format ``",
            line,
            r#" {x="", y="", z=""}"#,
        );
        check("| json app=`o.p` | line_format ``", line, r#" {app_extracted="1"}"#);
        check("| json x=`a` | line_format ``", r#"[{"a":1}]"#, r#" {x=""}"#);
        check("| json x=`[0].a` | line_format ``", r#"[{"a":1}]"#, r#" {x="1"}"#);
    }

    #[test]
    fn paths_find_what_stands_before_a_break() {
        check("| json x=`a.b` | line_format ``", r#"{"a":{"b":1,"c":"#, r#" {x="1"}"#);
    }

    #[test]
    fn deep_objects_end_the_search_and_not_the_process() {
        let line = r#"{"a":"#.repeat(20_000) + "1" + &"}".repeat(20_000);
        assert!(run("| json | line_format ``", &line).is_empty());
        assert!(run("| json a=`a.a` | drop a | line_format ``", &line).is_empty());
    }
}
