//! Relabelling as in Prometheus: rules that rewrite label sets, of targets and of entries, or drop
//! them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alloy::decode::Arguments;
use logql::regex::Regex;
use md5::{Digest, Md5};
use model::Labels;
use model::labels::is_label_name;

use crate::entry::Entry;
use crate::error::Error;
use crate::expand::Expansion;

/// One rule: the settings of a `rule` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What is done.
    pub action: Action,
    /// The labels whose values are looked at.
    pub source_labels: Vec<String>,
    /// What their values are joined with.
    pub separator: String,
    /// What the joined values, or for `label…` the names of labels, must match as a whole.
    pub regex: String,
    /// The label that is set.
    pub target_label: String,
    /// What it is set to, with `$1` and its like.
    pub replacement: String,
    /// What `hashmod` divides by.
    pub modulus: u64,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Action {
    /// Sets the target to the replacement when the values match.
    #[default]
    Replace,
    /// Drops what does not match.
    Keep,
    /// Drops what matches.
    Drop,
    /// Drops where the target is not the values.
    KeepEqual,
    /// Drops where the target is the values.
    DropEqual,
    /// Sets the target to a hash of the values.
    HashMod,
    /// Copies labels whose names match to new names.
    LabelMap,
    /// Removes labels whose names match.
    LabelDrop,
    /// Removes all other labels.
    LabelKeep,
    /// Sets the target to the values in lower case.
    Lowercase,
    /// Sets the target to the values in upper case.
    Uppercase,
}

/// Actions by the names that users write.
pub const ACTIONS: [(&str, Action); 11] = [
    ("replace", Action::Replace),
    ("keep", Action::Keep),
    ("drop", Action::Drop),
    ("keepequal", Action::KeepEqual),
    ("dropequal", Action::DropEqual),
    ("hashmod", Action::HashMod),
    ("labelmap", Action::LabelMap),
    ("labeldrop", Action::LabelDrop),
    ("labelkeep", Action::LabelKeep),
    ("lowercase", Action::Lowercase),
    ("uppercase", Action::Uppercase),
];

const DEFAULT_REGEX: &str = "(.*)";
const DEFAULT_REPLACEMENT: &str = "$1";
const DEFAULT_SEPARATOR: &str = ";";

impl Default for Config {
    fn default() -> Self {
        Self {
            action: Action::Replace,
            source_labels: Vec::new(),
            separator: DEFAULT_SEPARATOR.to_owned(),
            regex: DEFAULT_REGEX.to_owned(),
            target_label: String::new(),
            replacement: DEFAULT_REPLACEMENT.to_owned(),
            modulus: 0,
        }
    }
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let default = Self::default();
        Self {
            action: args.one_of("action", &ACTIONS, Action::Replace),
            source_labels: args.optional("source_labels", Vec::new()),
            separator: args.optional("separator", default.separator),
            regex: args.optional("regex", default.regex),
            target_label: args.optional("target_label", String::new()),
            replacement: args.optional("replacement", default.replacement),
            modulus: args.optional("modulus", 0),
        }
    }
}

/// Rules, ready for use.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    action: Action,
    sources: Vec<String>,
    separator: String,
    regex: Regex,
    target: Expansion,
    replacement: Expansion,
    modulus: u64,
}

/// A label set that is being rewritten.
type Set = BTreeMap<Arc<str>, Arc<str>>;

impl Rules {
    /// Rules in the order in which they are applied.
    ///
    /// # Errors
    /// The first rule that makes no sense; its place is the path of the error.
    pub fn build(configs: &[Config]) -> Result<Self, Error> {
        let rules = configs
            .iter()
            .enumerate()
            .map(|(at, config)| Rule::build(config).map_err(|error| error.inside(at, "rule")));
        rules.collect::<Result<_, _>>().map(Self)
    }

    /// The labels rewritten; `None` when they are dropped.
    #[must_use]
    pub fn apply(&self, labels: &Labels) -> Option<Labels> {
        let set = labels.iter().map(|(name, value)| (name.into(), value.into()));
        self.rewrite(set.collect()).map(Labels::new)
    }

    /// A target rewritten; `None` when it is dropped.
    #[must_use]
    pub fn apply_target(
        &self,
        target: &BTreeMap<String, String>,
    ) -> Option<BTreeMap<String, String>> {
        let pairs =
            target.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into()));
        let set = self.rewrite(pairs.collect())?;
        Some(set.into_iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    fn rewrite(&self, mut set: Set) -> Option<Set> {
        self.0.iter().all(|rule| rule.apply(&mut set)).then_some(set)
    }
}

impl Rule {
    fn build(config: &Config) -> Result<Self, Error> {
        config.check()?;
        let regex = Regex::anchored(&config.regex).map_err(|error| Error::new("regex", error))?;
        Ok(Self {
            action: config.action,
            sources: config.source_labels.clone(),
            separator: config.separator.clone(),
            target: Expansion::parse(&config.target_label, &regex),
            replacement: Expansion::parse(&config.replacement, &regex),
            regex,
            modulus: config.modulus,
        })
    }

    /// Rewrites the set; false when it is dropped.
    fn apply(&self, set: &mut Set) -> bool {
        match self.action {
            Action::Keep => return self.regex.is_match(&self.value(set)),
            Action::Drop => return !self.regex.is_match(&self.value(set)),
            Action::KeepEqual => return self.value(set) == self.target_value(set),
            Action::DropEqual => return self.value(set) != self.target_value(set),
            Action::Replace => self.replace(set),
            Action::Lowercase => put(set, self.target.text(), &self.value(set).to_lowercase()),
            Action::Uppercase => put(set, self.target.text(), &self.value(set).to_uppercase()),
            Action::HashMod => {
                let hash = hash(&self.value(set)) % self.modulus;
                put(set, self.target.text(), &hash.to_string());
            }
            Action::LabelMap => self.map_names(set),
            Action::LabelDrop => set.retain(|name, _| !self.regex.is_match(name)),
            Action::LabelKeep => set.retain(|name, _| self.regex.is_match(name)),
        }
        true
    }

    /// The values of the source labels, joined.
    fn value(&self, set: &Set) -> String {
        let values =
            self.sources.iter().map(|name| set.get(name.as_str()).map_or("", AsRef::as_ref));
        values.collect::<Vec<_>>().join(&self.separator)
    }

    fn target_value<'s>(&self, set: &'s Set) -> &'s str {
        set.get(self.target.text()).map_or("", AsRef::as_ref)
    }

    fn replace(&self, set: &mut Set) {
        let value = self.value(set);
        let Some(captures) = self.regex.captures(&value) else { return };
        let target = self.target.expand(&captures);
        if is_label_name(&target) {
            put(set, &target, &self.replacement.expand(&captures));
        }
    }

    fn map_names(&self, set: &mut Set) {
        let renamed = set.iter().filter_map(|(name, value)| {
            let captures = self.regex.captures(name)?;
            Some((self.replacement.expand(&captures), Arc::clone(value)))
        });
        for (name, value) in renamed.collect::<Vec<_>>() {
            put(set, &name, &value);
        }
    }
}

/// Sets a label; an empty value removes it.
fn put(set: &mut Set, name: &str, value: &str) {
    if value.is_empty() {
        set.remove(name);
    } else if !name.is_empty() {
        set.insert(name.into(), value.into());
    }
}

/// The end of the text's MD5, as Prometheus takes it.
fn hash(text: &str) -> u64 {
    let digest = Md5::digest(text.as_bytes());
    digest.iter().skip(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        use Action::{
            DropEqual, HashMod, KeepEqual, LabelDrop, LabelKeep, LabelMap, Lowercase, Replace,
            Uppercase,
        };
        let default = Self::default();
        let name = ACTIONS.iter().find(|(_, action)| *action == self.action);
        let name = name.map_or("replace", |(name, _)| name);
        let wrong = |argument, message: String| Err(Error::new(argument, message));
        let sets = matches!(
            self.action,
            Replace | HashMod | Lowercase | Uppercase | KeepEqual | DropEqual
        );
        if sets && self.target_label.is_empty() {
            return wrong("target_label", format!("is needed for {name}"));
        }
        let is_target = match self.action {
            Replace => is_template_of_name(&self.target_label),
            _ => is_label_name(&self.target_label),
        };
        if sets && !is_target {
            return wrong("target_label", format!("{:?} is no name of a label", self.target_label));
        }
        if self.action == HashMod && self.modulus == 0 {
            return wrong("modulus", format!("is needed for {name}"));
        }
        if self.action == LabelMap && !is_template_of_name(&self.replacement) {
            return wrong("replacement", format!("{:?} is no name of a label", self.replacement));
        }
        let is_plain = Self {
            action: default.action,
            source_labels: Vec::new(),
            target_label: String::new(),
            ..self.clone()
        } == default;
        if matches!(self.action, KeepEqual | DropEqual) && !is_plain {
            let message = format!("{name} takes nothing but source_labels and target_label");
            return wrong("action", message);
        }
        if matches!(self.action, LabelDrop | LabelKeep)
            && *self != (Self { regex: self.regex.clone(), action: self.action, ..default.clone() })
        {
            return wrong("action", format!("{name} takes nothing but regex"));
        }
        if matches!(self.action, Lowercase | Uppercase) && self.replacement != default.replacement {
            return wrong("replacement", format!("cannot be given for {name}"));
        }
        Ok(())
    }
}

/// Whether a text may become the name of a label when `$1` and its like are filled in.
fn is_template_of_name(text: &str) -> bool {
    let bare: String = text
        .split('$')
        .enumerate()
        .map(|(at, part)| {
            let part = if at == 0 { part } else { part.strip_prefix('{').unwrap_or(part) };
            let (group, rest) = part.split_once('}').filter(|_| at > 0).unwrap_or((part, ""));
            format!("{}{group}{rest}", if at == 0 { "" } else { "_" })
        })
        .collect();
    is_label_name(&bare)
}

/// Rules for entries, which come in runs with equal labels: what became of a label set is
/// remembered.
#[derive(Debug)]
pub struct Relabeler {
    rules: Rules,
    known_max: usize,
    last: Option<(Labels, Option<Labels>)>,
    young: HashMap<Labels, Option<Labels>>,
    old: HashMap<Labels, Option<Labels>>,
}

impl Relabeler {
    /// The rules with a memory for at most so many label sets (`max_cache_size`, in Alloy 10000).
    #[must_use]
    pub fn new(rules: Rules, known_max: usize) -> Self {
        Self { rules, known_max, last: None, young: HashMap::new(), old: HashMap::new() }
    }

    /// The entry with its labels rewritten; `None` when it is dropped, as is one that ends with no
    /// labels.
    pub fn process(&mut self, mut entry: Entry) -> Option<Entry> {
        entry.labels = self.labels(&entry.labels)?;
        Some(entry)
    }

    fn labels(&mut self, labels: &Labels) -> Option<Labels> {
        if let Some((last, result)) = &self.last
            && last.is_shared_with(labels)
        {
            return result.clone();
        }
        let known = self.young.get(labels).cloned();
        let result = known.unwrap_or_else(|| self.learn(labels));
        self.last = Some((labels.clone(), result.clone()));
        result
    }

    fn learn(&mut self, labels: &Labels) -> Option<Labels> {
        if self.young.len() >= self.known_max.div_ceil(2) {
            self.old = std::mem::take(&mut self.young);
        }
        let apply = || self.rules.apply(labels).filter(|labels| !labels.is_empty());
        let result = self.old.remove(labels).unwrap_or_else(apply);
        self.young.insert(labels.clone(), result.clone());
        result
    }
}

#[cfg(test)]
mod tests;
