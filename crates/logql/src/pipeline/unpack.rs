//! `| unpack`: a line that Promtail's `pack` stage made, `{"label":"…","_entry":"the line"}`.

use std::borrow::Cow;

use super::json;
use super::name;
use super::object::{self, Flow, JsonError, Kind};
use super::row::{Refused, RowLabels};
use super::wanted::Wanted;

/// The member that holds the line.
const ENTRY: &str = "_entry";

/// The stage.
#[derive(Debug)]
pub(super) struct Unpack {
    wanted: Wanted,
}

impl Unpack {
    pub(super) fn new(wanted: &Wanted) -> Self {
        Self { wanted: wanted.clone() }
    }

    /// The line that was packed, its labels set; nothing if none was. A line that is no object, or
    /// a broken one, is marked as an error.
    pub(super) fn process(
        &self,
        line: &str,
        labels: &mut RowLabels,
    ) -> Result<Option<String>, Refused> {
        if line.is_empty() || self.wanted.satisfied(labels) {
            return Ok(None);
        }
        if !line.starts_with('{') {
            json::fail("expecting json object(6), but it is not", &self.wanted, labels);
            return Ok(None);
        }
        match read(line) {
            Ok((Some(entry), members)) => {
                for (key, value) in members {
                    let write_name = |name: &mut String| name::push_at(&key, name.len(), name);
                    labels.extract(&self.wanted, write_name, &value)?;
                }
                Ok(Some(entry))
            }
            Ok((None, _)) => Ok(None),
            Err(error) => {
                json::fail(&error.to_string(), &self.wanted, labels);
                Ok(None)
            }
        }
    }
}

type Members<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// The packed line, if there is one, and the members that are strings.
fn read(line: &str) -> Result<(Option<String>, Members<'_>), JsonError> {
    let mut entry = None;
    let mut members = Vec::new();
    object::for_each(line, |key, value| {
        if value.kind == Kind::String && key == ENTRY {
            entry = Some(object::unescape(value.text).ok_or(JsonError::Escape)?.into_owned());
        } else if value.kind == Kind::String {
            members.push((key, value.to_label()));
        }
        Ok(Flow::Continue)
    })?;
    Ok((entry, members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Labels;

    #[track_caller]
    fn check(line: &str, expect: Option<&str>, parsed: &str) {
        let mut labels = RowLabels::new(&Labels::default(), &Labels::default());
        let unpacked = Unpack::new(&Wanted::all(&[])).process(line, &mut labels).unwrap();
        assert_eq!(unpacked.as_deref(), expect, "for {line}");
        assert_eq!(labels.result().parsed.to_string(), parsed, "for {line}");
    }

    #[test]
    fn unpacks_what_was_packed() {
        check(r#"{"a":"1","n":2,"_entry":"x\ny"}"#, Some("x\ny"), r#"{a="1"}"#);
        check(r#"{"a":"1"}"#, None, "{}");
    }

    #[test]
    fn marks_what_was_not() {
        let details = "expecting json object(6), but it is not";
        let error = format!(r#"{{__error__="JSONParserErr", __error_details__="{details}"}}"#);
        check("plain", None, &error);
    }
}
