//! `label_replace(v, "dst", "$1", "src", "regex")`.

use crate::ast;
use crate::regex::Regex;

use super::combine::Sample;
use super::error::EvalError;

/// A replacement, compiled.
pub(super) struct LabelReplace {
    dst: String,
    replacement: String,
    src: String,
    regex: Regex,
}

impl LabelReplace {
    pub(super) fn new(replace: &ast::LabelReplace) -> Result<Self, EvalError> {
        let regex = Regex::anchored(&replace.regex).map_err(EvalError::LabelReplace)?;
        Ok(Self {
            dst: replace.dst.clone(),
            replacement: replace.replacement.clone(),
            src: replace.src.clone(),
            regex,
        })
    }

    /// The samples, the label replaced where the expression matches. An empty result removes it.
    pub(super) fn apply(&self, samples: Vec<Sample>) -> Vec<Sample> {
        let replaced = |mut sample: Sample| {
            let value = sample.labels.get(&self.src).unwrap_or_default();
            if let Some(captures) = self.regex.captures(value) {
                let text = self.expand(&captures);
                sample.labels = sample.labels.with(&self.dst, &text);
            }
            sample
        };
        samples.into_iter().map(replaced).collect()
    }

    /// The replacement with the text of groups for `$1`, `${1}`, `$name`, `${name}`, and `$` for
    /// `$$`. A group that there is not is empty.
    fn expand(&self, captures: &regex::Captures<'_>) -> String {
        let mut text = String::new();
        let mut rest = self.replacement.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            text.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                text.push('$');
                rest = after;
            } else if let Some((name, after)) = reference(after) {
                text.push_str(self.group(captures, name));
                rest = after;
            } else {
                text.push('$');
                rest = after;
            }
        }
        text + rest
    }

    fn group<'t>(&self, captures: &regex::Captures<'t>, name: &str) -> &'t str {
        let named = || self.regex.names().iter().find(|(_, known)| known == name);
        let number = name.parse().ok().or_else(|| named().map(|(number, _)| *number));
        number.and_then(|number| captures.get(number)).map_or("", |found| found.as_str())
    }
}

/// The name of the group that a `$` refers to, in braces or not, and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let braced = text.strip_prefix('{');
    let name = braced.unwrap_or(text);
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    let (name, after) = name.split_at(end);
    let after = if braced.is_some() { after.strip_prefix('}')? } else { after };
    (!name.is_empty()).then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{MetricExpr, Span};
    use model::Labels;

    #[track_caller]
    fn check(replacement: &str, regex: &str, expect: &str) {
        let replace = ast::LabelReplace {
            inner: Box::new(MetricExpr::Number(0.0)),
            dst: "dst".to_owned(),
            replacement: replacement.to_owned(),
            src: "src".to_owned(),
            regex: regex.to_owned(),
            span: Span::default(),
        };
        let labels = Labels::new([("src", "ab-1"), ("dst", "old")]);
        let samples =
            LabelReplace::new(&replace).unwrap().apply(vec![Sample { labels, value: 1.0 }]);
        let labels = &samples[0].labels;
        assert_eq!(labels.get("dst").unwrap_or_default(), expect, "for {replacement} and {regex}");
    }

    #[test]
    fn replaces() {
        check("$1", "(.*)-.*", "ab");
        check("${2}x$1", "(.*)-(.*)", "1xab");
        check("$1x", "(.*)-.*", "");
        check("$n.$$", "(?P<n>.*)-.*", "ab.$");
        check("a$", "ab.*", "a$");
        check("new", "nothing", "old");
        check("new", "ab", "old");
    }
}
