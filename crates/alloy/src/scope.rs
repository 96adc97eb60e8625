//! The names that expressions may use, and what they stand for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::value::Value;

/// What the language may ask of the world around it. Whoever runs a configuration answers.
pub trait Environment: Send + Sync {
    /// A variable of the environment: `sys.env`.
    fn variable(&self, name: &str) -> Option<String>;
    /// The machine's name: `constants.hostname`.
    fn hostname(&self) -> String;
    /// The directory of the module that is evaluated: `module_path`.
    fn module_path(&self) -> String;
}

/// An environment in which nothing is set.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEnvironment;

impl Environment for NoEnvironment {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn hostname(&self) -> String {
        String::new()
    }

    fn module_path(&self) -> String {
        String::new()
    }
}

/// Names and their values, within those of an outer scope.
#[derive(Clone)]
pub struct Scope {
    outer: Option<Arc<Self>>,
    names: BTreeMap<String, Entry>,
    environment: Arc<dyn Environment>,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Value(Value),
    /// Names below it, such as `discovery` in `discovery.relabel.pods`.
    Namespace(BTreeMap<String, Entry>),
}

impl Scope {
    /// A scope that knows the standard library and nothing else.
    #[must_use]
    pub fn new(environment: Arc<dyn Environment>) -> Self {
        Self { outer: None, names: BTreeMap::new(), environment }
    }

    /// A scope within another one.
    #[must_use]
    pub fn within(outer: &Arc<Self>) -> Self {
        let environment = Arc::clone(&outer.environment);
        Self { outer: Some(Arc::clone(outer)), names: BTreeMap::new(), environment }
    }

    /// Says what a dotted name stands for; what it stood for is forgotten.
    pub fn set(&mut self, path: &str, value: Value) {
        let mut names = &mut self.names;
        let mut rest = path;
        while let Some((first, after)) = rest.split_once('.') {
            let entry = names.entry(first.to_owned());
            let entry = entry.or_insert_with(|| Entry::Namespace(BTreeMap::new()));
            if matches!(entry, Entry::Value(_)) {
                *entry = Entry::Namespace(BTreeMap::new());
            }
            let Entry::Namespace(below) = entry else { return };
            names = below;
            rest = after;
        }
        names.insert(rest.to_owned(), Entry::Value(value));
    }

    /// What a name stands for here or in an outer scope.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.names.get(name).or_else(|| self.outer.as_ref()?.get(name))
    }

    /// What a dotted name stands for here or in an outer scope. A namespace here does not hide what
    /// an outer one has besides: a module sees components around it whose names begin like its own.
    pub(crate) fn find(&self, path: &[String]) -> Option<&Entry> {
        self.find_here(path).or_else(|| self.outer.as_ref()?.find(path))
    }

    /// The names below a dotted name, here and in outer scopes.
    pub(crate) fn members(&self, path: &[String]) -> Vec<&str> {
        let mut out = self.outer.as_ref().map(|outer| outer.members(path)).unwrap_or_default();
        if let Some(Entry::Namespace(names)) = self.find_here(path) {
            out.extend(names.keys().map(String::as_str));
        }
        out
    }

    fn find_here(&self, path: &[String]) -> Option<&Entry> {
        let (first, rest) = path.split_first()?;
        let mut entry = self.names.get(first)?;
        for name in rest {
            let Entry::Namespace(names) = entry else { return None };
            entry = names.get(name)?;
        }
        Some(entry)
    }

    /// The environment.
    pub(crate) fn environment(&self) -> &dyn Environment {
        &*self.environment
    }

    /// Every name that could have been meant.
    pub(crate) fn names(&self) -> Vec<&str> {
        let outer = self.outer.iter().flat_map(|outer| outer.names());
        self.names.keys().map(String::as_str).chain(outer).collect()
    }
}

impl Entry {
    /// As a value: a namespace is an object.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Namespace(names) => {
                Value::object(names.iter().map(|(name, entry)| (name.as_str(), entry.value())))
            }
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("names", &self.names).finish_non_exhaustive()
    }
}
