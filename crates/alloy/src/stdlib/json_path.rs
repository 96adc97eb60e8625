//! `json_path`: values out of a JSON text. Of JSONPath, this is what configurations use: members,
//! elements, slices of none, wildcards, descent, and filters that compare a member to a constant.

use serde_json::Value as Json;

use super::encoding::value_of;
use super::function::{Call, CallError, check_count};
use crate::value::Value;

/// The steps of a path at most; each may multiply the work.
const STEPS_MAX: usize = 32;

pub(super) fn json_path(call: &Call<'_>) -> Result<Value, CallError> {
    let (text, path) = (call.text(0)?, call.text(1)?);
    let json: Json = serde_json::from_str(&text)
        .map_err(|error| CallError::at(0, format!("not JSON: {error}")))?;
    let steps = parse(&path).map_err(|message| CallError::at(1, message))?;
    let mut found = vec![&json];
    for step in &steps {
        let mut next = Vec::new();
        for value in found {
            step.apply(value, &mut next);
            check_count(next.len())?;
        }
        found = next;
    }
    Ok(Value::array(found.into_iter().map(value_of).collect()))
}

/// One step of a path.
#[derive(Debug, PartialEq)]
enum Step {
    Member(String),
    Element(i64),
    All,
    Descend,
    Filter(Filter),
}

/// `?(@.name == value)`; without an operator, that the member is there.
#[derive(Debug, PartialEq)]
struct Filter {
    path: Vec<String>,
    comparison: Option<(String, Json)>,
}

impl Step {
    fn apply<'a>(&self, value: &'a Json, out: &mut Vec<&'a Json>) {
        match self {
            Self::Member(name) => out.extend(value.get(name)),
            Self::Element(at) => {
                let Some(elements) = value.as_array() else { return };
                let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
                let at = if *at < 0 { at.saturating_add(length) } else { *at };
                out.extend(usize::try_from(at).ok().and_then(|at| elements.get(at)));
            }
            Self::All => out.extend(children(value)),
            Self::Descend => {
                let mut rest = vec![value];
                while let Some(value) = rest.pop() {
                    out.push(value);
                    let below: Vec<_> = children(value).collect();
                    rest.extend(below.into_iter().rev());
                }
            }
            Self::Filter(filter) => {
                out.extend(children(value).filter(|child| filter.passes(child)));
            }
        }
    }
}

fn children(value: &Json) -> Box<dyn Iterator<Item = &Json> + '_> {
    match value {
        Json::Array(elements) => Box::new(elements.iter()),
        Json::Object(fields) => Box::new(fields.values()),
        _ => Box::new(std::iter::empty()),
    }
}

impl Filter {
    fn passes(&self, value: &Json) -> bool {
        let mut found = Some(value);
        for name in &self.path {
            found = found.and_then(|value| value.get(name));
        }
        let Some(found) = found else { return false };
        let Some((operator, wanted)) = &self.comparison else { return true };
        let order = match (found, wanted) {
            (Json::Number(a), Json::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
            (Json::String(a), Json::String(b)) => Some(a.cmp(b)),
            (a, b) => (a == b).then_some(std::cmp::Ordering::Equal),
        };
        match (operator.as_str(), order) {
            ("!=", order) => order.is_none_or(std::cmp::Ordering::is_ne),
            ("==", Some(order)) => order.is_eq(),
            ("<", Some(order)) => order.is_lt(),
            ("<=", Some(order)) => order.is_le(),
            (">", Some(order)) => order.is_gt(),
            (">=", Some(order)) => order.is_ge(),
            _ => false,
        }
    }
}

fn parse(path: &str) -> Result<Vec<Step>, String> {
    let mut rest = path.trim().trim_start_matches(['$', '@']);
    let mut steps = Vec::new();
    let mut is_first = true;
    while !rest.is_empty() {
        if steps.len() >= STEPS_MAX {
            return Err(format!("the path has more than {STEPS_MAX} steps"));
        }
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Descend);
            rest = if after.starts_with('[') { after } else { name_step(after, &mut steps)? };
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = name_step(after, &mut steps)?;
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = closing(after).ok_or("\"[\" is not closed in the path")?;
            steps.push(bracket(after[..end].trim())?);
            rest = &after[end + 1..];
        } else if is_first {
            rest = name_step(rest, &mut steps)?;
        } else {
            return Err(format!("unexpected {rest:?} in the path"));
        }
        is_first = false;
    }
    Ok(steps)
}

/// A name after a dot, or `*`.
fn name_step<'a>(text: &'a str, steps: &mut Vec<Step>) -> Result<&'a str, String> {
    let length = text.find(['.', '[']).unwrap_or(text.len());
    match &text[..length] {
        "" => return Err("a name is missing in the path".to_owned()),
        "*" => steps.push(Step::All),
        name => steps.push(Step::Member(name.to_owned())),
    }
    Ok(&text[length..])
}

/// Where the bracket is that closes one, outside of quotes and inner brackets.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

fn bracket(inner: &str) -> Result<Step, String> {
    if inner == "*" {
        return Ok(Step::All);
    }
    if let Some(name) = unquote(inner) {
        return Ok(Step::Member(name.to_owned()));
    }
    if let Some(filter) = inner.strip_prefix('?') {
        return filter_of(filter).map(Step::Filter);
    }
    let element = inner.parse().map(Step::Element);
    element.map_err(|_| format!("\"[{inner}]\" is no step of a path that is known here"))
}

fn filter_of(text: &str) -> Result<Filter, String> {
    let text = text.trim();
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    let unknown = || format!("the filter {inner:?} must be like @.name == \"value\"");
    let operator = ["==", "!=", "<=", ">=", "<", ">"].into_iter().find(|op| inner.contains(op));
    let (path, wanted) = match operator {
        Some(operator) => inner.split_once(operator).unwrap_or((inner, "")),
        None => (inner, ""),
    };
    let path = path.trim().strip_prefix('@').ok_or_else(unknown)?;
    let path: Vec<String> = path.split('.').skip(1).map(|name| name.trim().to_owned()).collect();
    let Some(operator) = operator else { return Ok(Filter { path, comparison: None }) };
    let wanted = wanted.trim();
    let constant = match unquote(wanted) {
        Some(text) => Json::from(text),
        None => serde_json::from_str(wanted).map_err(|_| unknown())?,
    };
    Ok(Filter { path, comparison: Some((operator.to_owned(), constant)) })
}

fn unquote(text: &str) -> Option<&str> {
    ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}
