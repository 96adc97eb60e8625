//! `` | regexp `(?P<method>[A-Z]+) (?P<path>\S+)` ``.

use crate::ast::Text;
use crate::regex::Regex;

use super::error::StageError;
use super::name;
use super::row::{Refused, RowLabels};
use super::wanted::Wanted;

/// The stage.
#[derive(Debug)]
pub(super) struct Regexp {
    regex: Regex,
    /// The groups that have names, by number.
    groups: Vec<(usize, String)>,
    wanted: Wanted,
}

impl Regexp {
    pub(super) fn new(text: &Text, wanted: &Wanted) -> Result<Self, StageError> {
        let fail = |message: String| StageError::new(text.span, message);
        let regex = Regex::new(&text.value).map_err(fail)?;
        let mut groups: Vec<(usize, String)> = Vec::new();
        for (number, group) in regex.names() {
            let mut label = String::new();
            name::push(group, &mut label);
            if groups.iter().any(|(_, known)| *known == label) {
                return Err(fail(format!("duplicate extracted label name '{label}'")));
            }
            groups.push((*number, label));
        }
        if groups.is_empty() {
            return Err(fail("at least one named capture must be supplied".to_owned()));
        }
        Ok(Self { regex, groups, wanted: wanted.clone() })
    }

    /// Sets a label for each named group of the first match. Without a match nothing happens.
    pub(super) fn process(&self, line: &str, labels: &mut RowLabels) -> Result<(), Refused> {
        if self.wanted.satisfied(labels) {
            return Ok(());
        }
        let Some(captures) = self.regex.captures(line) else { return Ok(()) };
        for (number, label) in &self.groups {
            let value = captures.get(*number).map_or("", |found| found.as_str());
            labels.extract(&self.wanted, |text| text.push_str(label), value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::testing::check;

    #[test]
    fn sets_named_groups_of_the_first_match() {
        check(
            "| regexp `(?P<verb>[A-Z]+) (\\S+)`",
            "GET /a POST /b",
            r#"GET /a POST /b {verb="GET"}"#,
        );
        check("| regexp `(?P<app>\\w+)(?P<x>!)?`", "web", r#"web {app_extracted="web", x=""}"#);
        check("| regexp `(?P<verb>[A-Z]+)`", "none", "none");
    }
}
