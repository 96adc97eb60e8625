//! `stage.truncate`: cuts lines, labels, metadata and extracted values that are too long. What was
//! cut, the extracted value `truncated` says.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use alloy::decode::Arguments;
use model::Labels;

use crate::counts::FIELDS_TRUNCATED;
use crate::decode::required_bytes;
use crate::entry::Entry;
use crate::error::Error;
use crate::extracted::Value;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// What is cut, in this order.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// The longest text that stays whole, in bytes; with the suffix, a cut one is no longer.
    pub limit: u64,
    /// What ends a text that was cut.
    pub suffix: String,
    /// Of what sort the texts are.
    pub source_type: SourceType,
    /// The names of the texts; none: all.
    pub sources: Vec<String>,
}

/// What a rule cuts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SourceType {
    /// The line.
    #[default]
    Line,
    /// Labels.
    Label,
    /// Structured metadata.
    StructuredMetadata,
    /// Extracted values that are texts.
    Extracted,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let rules = args.blocks(&["rule"]).into_iter().map(|block| {
            let mut args = args.nested(block);
            let rule = Rule::decode(&mut args);
            let _ = args.finish();
            rule
        });
        Self { rules: rules.collect() }
    }
}

impl Rule {
    fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let types = [
            SourceType::Line,
            SourceType::Label,
            SourceType::StructuredMetadata,
            SourceType::Extracted,
        ];
        let types = types.map(|source_type| (source_type.as_str(), source_type));
        Self {
            limit: required_bytes(args, "limit"),
            suffix: args.optional("suffix", String::new()),
            source_type: args.one_of("source_type", &types, SourceType::Line),
            sources: args.optional("sources", Vec::new()),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Truncate {
    rules: Vec<Cutter>,
    truncated: Arc<str>,
}

#[derive(Debug)]
struct Cutter {
    bytes_max: usize,
    suffix: String,
    source_type: SourceType,
    sources: Vec<String>,
    field: Labels,
}

impl SourceType {
    /// Its name, as users write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Label => "label",
            Self::StructuredMetadata => "structured_metadata",
            Self::Extracted => "extracted",
        }
    }
}

impl Truncate {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.rules.is_empty() {
            return Err(Error::new("rule", "at least one is needed"));
        }
        let rules = config.rules.iter().map(Cutter::build);
        Ok(Self { rules: rules.collect::<Result<_, _>>()?, truncated: "truncated".into() })
    }
}

impl Cutter {
    fn build(rule: &Rule) -> Result<Self, Error> {
        if rule.limit == 0 {
            return Err(Error::new("limit", "must be greater than 0"));
        }
        if rule.source_type == SourceType::Line && !rule.sources.is_empty() {
            return Err(Error::new("sources", "cannot be given for the line: there is only one"));
        }
        if rule.suffix.len() as u64 >= rule.limit {
            return Err(Error::new("suffix", "must be shorter than limit"));
        }
        Ok(Self {
            bytes_max: usize::try_from(rule.limit).unwrap_or(usize::MAX),
            suffix: rule.suffix.clone(),
            source_type: rule.source_type,
            sources: rule.sources.clone(),
            field: Labels::new([("field", rule.source_type.as_str())]),
        })
    }
}

impl Process for Truncate {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let mut cut = BTreeSet::new();
        for rule in &self.rules {
            let count = rule.apply(entry);
            if count > 0 {
                context.counts.add(FIELDS_TRUNCATED, &rule.field, count);
                cut.insert(rule.source_type.as_str());
            }
        }
        if !cut.is_empty() {
            let before = entry.extracted.text("truncated").map(Cow::into_owned).unwrap_or_default();
            cut.extend(before.split(',').filter(|before| !before.is_empty()));
            let cut: Vec<&str> = cut.into_iter().collect();
            entry.extracted.set(&self.truncated, Value::Text(cut.join(",")));
        }
        Flow::Next
    }
}

impl Cutter {
    /// Cuts what is too long and says how many texts were.
    fn apply(&self, entry: &mut Entry) -> u64 {
        match self.source_type {
            SourceType::Line => match self.cut(&entry.line) {
                Some(line) => {
                    entry.line = line;
                    1
                }
                None => 0,
            },
            SourceType::Label => self.cut_labels(&mut entry.labels),
            SourceType::StructuredMetadata => self.cut_labels(&mut entry.metadata),
            SourceType::Extracted => self.cut_extracted(entry),
        }
    }

    fn cut_labels(&self, labels: &mut Labels) -> u64 {
        let concerned = labels.iter().filter(|(name, _)| self.concerns(name));
        let cut: Vec<(&str, String)> =
            concerned.filter_map(|(name, value)| Some((name, self.cut(value)?))).collect();
        let count = cut.len() as u64;
        if count > 0 {
            *labels = labels.with_all(cut);
        }
        count
    }

    fn cut_extracted(&self, entry: &mut Entry) -> u64 {
        let extracted = &mut entry.extracted;
        let names = extracted.names().into_iter().filter(|name| self.concerns(name));
        let cut = names.filter_map(|name| Some((name.into(), self.cut(&extracted.text(name)?)?)));
        let cut: Vec<(Arc<str>, String)> = cut.collect();
        let count = cut.len() as u64;
        for (name, value) in cut {
            extracted.set(&name, Value::Text(value));
        }
        count
    }

    fn concerns(&self, name: &str) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|source| source == name)
    }

    /// The text cut, at the end of a character; `None` when it is short enough.
    fn cut(&self, text: &str) -> Option<String> {
        // Alloy cuts a text that would only be too long together with the suffix, too.
        let room = self.bytes_max - self.suffix.len();
        let is_long = text.len() > room;
        is_long.then(|| format!("{}{}", &text[..text.floor_char_boundary(room)], self.suffix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check_error;

    fn of(limit: u64, suffix: &str, source_type: SourceType, sources: &[&str]) -> Rule {
        let sources = sources.iter().map(|source| (*source).to_owned()).collect();
        Rule { limit, suffix: suffix.into(), source_type, sources }
    }

    #[track_caller]
    fn check(rules: &[Rule], expect: &str) {
        let stage = StageConfig::Truncate(Config { rules: rules.to_vec() });
        crate::testing::check(&[stage], r#"{a="1234567", b="1234567"}"#, "a line äöü", expect);
    }

    #[test]
    fn long_texts_are_cut() {
        use SourceType::{Extracted, Label, Line};
        let labels = r#"{a="1234567", b="1234567"}"#;
        check(&[of(6, "", Line, &[])], &format!("{labels} a line <truncated=line>"));
        check(&[of(9, "...", Line, &[])], &format!("{labels} a line... <truncated=line>"));
        check(&[of(8, "", Line, &[])], &format!("{labels} a line  <truncated=line>"));
        check(&[of(13, "", Line, &[])], &format!("{labels} a line äöü"));
        check(
            &[of(2, "", Label, &["b"])],
            r#"{a="1234567", b="12"} a line äöü <b=1234567, truncated=label>"#,
        );
        check(
            &[of(2, "", Extracted, &["a"])],
            &format!("{labels} a line äöü <a=12, truncated=extracted>"),
        );
        check(
            &[of(1, "", Line, &[]), of(2, "-", Label, &[])],
            r#"{a="1-", b="1-"} a <a=1234567, b=1234567, truncated=label,line>"#,
        );
    }

    #[test]
    fn settings_that_make_no_sense() {
        let check = |rules: &[Rule], expect| {
            check_error(StageConfig::Truncate(Config { rules: rules.to_vec() }), expect);
        };
        let line = SourceType::Line;
        check(&[], "stage.truncate: rule: at least one is needed");
        check(&[of(0, "", line, &[])], "stage.truncate: limit: must be greater than 0");
        check(&[of(2, "ab", line, &[])], "stage.truncate: suffix: must be shorter than limit");
        check(
            &[of(2, "", line, &["a"])],
            "stage.truncate: sources: cannot be given for the line: there is only one",
        );
    }
}
