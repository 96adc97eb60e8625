//! `loki.source.journal`: the journal of systemd.

use std::path::PathBuf;
use std::time::Duration;

use alloy::Handle;
use alloy::decode::Arguments;
use model::Labels;

use crate::component::receiver::forward_to;
use crate::component::{RuleSet, To};

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// Whether lines are objects of all fields, not messages.
    pub format_as_json: bool,
    /// Labels that entries get besides.
    pub labels: Labels,
    /// Fields with the values that are meant; none for all entries.
    pub matches: Vec<(String, Vec<String>)>,
    /// How old entries may be where nothing was read before.
    pub max_age: Duration,
    /// The folder, if it is not one of the usual.
    pub path: Option<PathBuf>,
    /// Rules for the labels of entries.
    pub rules: RuleSet,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let labels: Vec<(String, String)> = args.optional("labels", Vec::new());
    let rules: Option<Handle<RuleSet>> = args.optional("relabel_rules", None);
    let path = args.given("path").filter(|path: &String| !path.is_empty());
    Settings {
        forward_to: forward_to(args),
        format_as_json: args.optional("format_as_json", false),
        labels: Labels::new(labels),
        matches: args.given_as("matches", |text: String| matches(&text)).unwrap_or_default(),
        max_age: args.optional("max_age", Duration::from_secs(7 * 3600)),
        path: path.map(PathBuf::from),
        rules: rules.map(|rules| (*rules.0).clone()).unwrap_or_default(),
    }
}

/// `_SYSTEMD_UNIT=a.service PRIORITY=3`: all fields must be as they are told; one that is told
/// several times may have any of these values.
fn matches(text: &str) -> Result<Vec<(String, Vec<String>)>, String> {
    let mut out: Vec<(String, Vec<String>)> = Vec::new();
    for part in text.split_whitespace() {
        if part == "+" {
            return Err("\"+\" is not supported: write a component for each alternative".to_owned());
        }
        let wrong = || format!("{part:?} must be a field and its value, as in \"PRIORITY=3\"");
        let (name, value) = part.split_once('=').ok_or_else(wrong)?;
        match out.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value.to_owned()),
            None => out.push((name.to_owned(), vec![value.to_owned()])),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_meant() {
        let check = |text: &str, expect: Option<&[(&str, &[&str])]>| {
            let found = matches(text).ok();
            let expect = expect.map(|it| {
                let owned = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect();
                it.iter().map(|(name, values)| ((*name).to_owned(), owned(values))).collect()
            });
            assert_eq!(found, expect, "for {text}");
        };
        check("", Some(&[]));
        check("A=1  B=x=y A=2", Some(&[("A", &["1", "2"]), ("B", &["x=y"])]));
        check("A=1 + B=2", None);
        check("A", None);
    }
}
