//! Configurations that stand in a YAML file: a Kubernetes `ConfigMap`, a Flux `HelmRelease`, or the
//! values of Alloy's chart. Each is returned with its place, so that what is wrong with it is told
//! where it stands in the file that was given.

use granit_parser::{Event, Parser, ScalarStyle, Span as YamlSpan};

use crate::limits::WRAPPED_BYTES_MAX;
use crate::source::Outer;

/// A configuration in another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The key under which it stands: `config.alloy`.
    pub key: String,
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub outer: Outer,
}

/// The key of a configuration among the values of Alloy's chart.
const CONTENT: &str = "content";
/// How deep a file may nest; deeper ones hold no configuration.
const DEPTH_MAX: usize = 64;

/// The configurations in a YAML file, of all its documents.
///
/// # Errors
/// Why the file cannot be read: it is no YAML, or too large.
pub fn unwrap_yaml(yaml: &str) -> Result<Vec<Wrapped>, String> {
    if yaml.len() > WRAPPED_BYTES_MAX {
        return Err(format!("the file has more than {WRAPPED_BYTES_MAX} bytes"));
    }
    let mut walk = Walk::default();
    for event in Parser::new_from_str(yaml) {
        let (event, span) = event.map_err(|error| format!("not YAML: {error}"))?;
        walk.event(&event, span)?;
    }
    let lines: Vec<&str> = yaml.lines().collect();
    Ok(walk.found.into_iter().map(|scalar| scalar.placed(&lines)).collect())
}

/// A file that is YAML by its name.
#[must_use]
pub fn is_yaml_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("yaml" | "yml"))
}

/// Where a walk through a document is.
#[derive(Default)]
struct Walk {
    path: Vec<Level>,
    found: Vec<Scalar>,
    /// How many were found in documents that are whole.
    whole: usize,
    /// What the document says that it is.
    kind: Option<String>,
}

/// A mapping, with the key whose value comes next, or a sequence.
enum Level {
    Mapping { key: Option<String> },
    Sequence,
}

struct Scalar {
    key: String,
    text: String,
    is_literal: bool,
    /// Counted from 0.
    line: usize,
    column: usize,
}

impl Walk {
    fn event(&mut self, event: &Event<'_>, span: YamlSpan) -> Result<(), String> {
        match event {
            Event::DocumentStart(..) => self.path.clear(),
            Event::DocumentEnd => {
                self.path.clear();
                self.document_ends();
            }
            Event::MappingStart(..) => self.open(Level::Mapping { key: None })?,
            Event::SequenceStart(..) => self.open(Level::Sequence)?,
            Event::MappingEnd | Event::SequenceEnd => {
                self.path.pop();
                self.value_ends();
            }
            Event::Alias(_) => self.value_ends(),
            Event::Scalar(text, style, ..) => self.scalar(text, *style, span),
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, level: Level) -> Result<(), String> {
        if self.path.len() >= DEPTH_MAX {
            return Err(format!("the file nests more than {DEPTH_MAX} deep"));
        }
        // A key that is itself a mapping names nothing that is looked for.
        if let Some(Level::Mapping { key: key @ None }) = self.path.last_mut() {
            *key = Some(String::new());
        }
        self.path.push(level);
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: YamlSpan) {
        if let Some(Level::Mapping { key: key @ None }) = self.path.last_mut() {
            *key = Some(text.to_owned());
            return;
        }
        if let [Level::Mapping { key: Some(key) }] = self.path.as_slice()
            && key == "kind"
        {
            self.kind = Some(text.to_owned());
        }
        if let Some(key) = self.wanted() {
            self.found.push(Scalar {
                key,
                text: text.to_owned(),
                is_literal: style == ScalarStyle::Literal,
                line: span.start.line().saturating_sub(1),
                column: span.start.col(),
            });
        }
        self.value_ends();
    }

    /// What was found counts if it stands in an object of the kind that holds such: the data of a
    /// Secret is something else.
    fn document_ends(&mut self) {
        let kind = self.kind.take();
        let found = self.found.split_off(self.whole);
        let is_held = |scalar: &Scalar| match kind.as_deref() {
            None => true,
            Some("ConfigMap") => scalar.key != CONTENT,
            Some("HelmRelease") => scalar.key == CONTENT,
            Some(_) => false,
        };
        self.found.extend(found.into_iter().filter(is_held));
        self.whole = self.found.len();
    }

    fn value_ends(&mut self) {
        if let Some(Level::Mapping { key }) = self.path.last_mut() {
            *key = None;
        }
    }

    /// The key of the value that comes next, if a configuration stands there.
    fn wanted(&self) -> Option<String> {
        let keys: Option<Vec<&str>> = self
            .path
            .iter()
            .map(|level| match level {
                Level::Mapping { key } => key.as_deref(),
                Level::Sequence => None,
            })
            .collect();
        match keys?.as_slice() {
            ["data", key] if key.ends_with(".alloy") || *key == "config" => Some((*key).to_owned()),
            ["spec", "values", "alloy", "configMap", "content"]
            | ["alloy", "configMap", "content"] => Some(CONTENT.to_owned()),
            _ => None,
        }
    }
}

impl Scalar {
    /// The lines of a literal block are lines of the file; their indentation is what the first of
    /// them has more in the file than in the text.
    fn placed(self, lines: &[&str]) -> Wrapped {
        let Self { key, text, is_literal, line, column } = self;
        let whole = Outer { lines: line, columns: column, by_line: false };
        let outer = if is_literal { literal(&text, line, lines) } else { None };
        Wrapped { key, text, outer: outer.unwrap_or(whole) }
    }
}

/// Where a literal block's text stands, if its lines are found in the file.
fn literal(text: &str, from: usize, lines: &[&str]) -> Option<Outer> {
    let wanted: Vec<&str> = text.lines().collect();
    let first = wanted.iter().position(|line| !line.trim().is_empty())?;
    // Where the scalar is said to begin is its sign, or its first line that is not empty.
    let from = from.saturating_sub(first + 1);
    let start = (from..lines.len()).find(|start| {
        wanted.iter().enumerate().all(|(at, line)| {
            lines.get(start + at).is_some_and(|outer| outer.trim() == line.trim())
        })
    })?;
    let outer = lines.get(start + first)?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let columns = indent(outer).checked_sub(indent(wanted[first]))?;
    Some(Outer { lines: start, columns, by_line: true })
}

#[cfg(test)]
mod tests {
    use super::unwrap_yaml;
    use crate::diag::Diagnostics;
    use crate::parser::parse;
    use crate::source::Sources;

    /// What is found, and where the first problem in it is.
    #[track_caller]
    fn check(yaml: &str, expect: &str) {
        let told: Vec<String> = match unwrap_yaml(yaml) {
            Err(error) => vec![error],
            Ok(found) => found
                .into_iter()
                .map(|wrapped| {
                    let mut sources = Sources::new();
                    let file = sources.add_within("f.yaml", wrapped.text, wrapped.outer);
                    let mut problems = Diagnostics::new();
                    parse(&sources, file, &mut problems);
                    let first = problems.iter().next();
                    let place = first.map(|it| sources.place(it.span)).unwrap_or_default();
                    format!("{} {place}", wrapped.key)
                })
                .collect(),
        };
        assert_eq!(told.join("\n"), expect);
    }

    #[test]
    fn config_maps() {
        check(
            "kind: ConfigMap\ndata:\n  # here\n  config.alloy: |\n    a {\n      b = 'x'\n    }\n  other: |\n    b = 'x'\n",
            "config.alloy f.yaml:6:11",
        );
        check("data:\n  config: |-\n\n      a = ,\n", "config f.yaml:4:11");
        check("data:\n  config: \"a = ,\\nb = ,\"\n", "config f.yaml:2:11");
        check(
            "a: 1\n---\ndata:\n  x.alloy: |\n    a = 1\n---\ndata:\n  y.alloy: |\n    a = ,\n",
            "x.alloy \ny.alloy f.yaml:9:9",
        );
    }

    #[test]
    fn helm_releases_and_values() {
        check(
            "spec:\n  values:\n    alloy:\n      configMap:\n        create: true\n        content: |-\n          logging {\n          level = ,\n          }\n",
            "content f.yaml:8:19",
        );
        check("alloy:\n  configMap:\n    content: |\n      a = ,\n", "content f.yaml:4:11");
        check(
            "x: [{data: 1}, {? {a: b} : c}]\nalloy: {configMap: {content: 'a = ,'}}\n",
            "content f.yaml:2:30",
        );
    }

    #[test]
    fn other_files() {
        check("data: [1, 2]\n", "");
        check("kind: Secret\ndata:\n  config.alloy: YSA9IDE=\n", "");
        check("data:\n  config.alloy: YSA9IDE=\nkind: Secret\n", "");
        check("kind: HelmRelease\ndata:\n  config.alloy: a\n", "");
        check(
            "kind: Secret\ndata:\n  config: YQ==\n---\nkind: ConfigMap\ndata:\n  config: 'a = 1'\n",
            "config ",
        );
        check("", "");
        assert!(unwrap_yaml("a: [").is_err());
        assert!(unwrap_yaml(&"[".repeat(100)).is_err());
    }
}
