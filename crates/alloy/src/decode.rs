//! A block's arguments, read one by one into whatever a component makes of them. Everything that
//! is wrong is told with its place, and reading goes on, so that one run tells all of it.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use barogram_alloy::decode::{Arguments, Outcome};
//! use barogram_alloy::{Diagnostics, NoEnvironment, Scope, Sources, parse};
//!
//! let mut sources = Sources::new();
//! let text = "stage.multiline {\n\tfirstline = \"^[\"\n\tmax_wait = \"3s\"\n}\n";
//! let file = sources.add("config.alloy", text);
//! let mut problems = Diagnostics::new();
//! let file = parse(&sources, file, &mut problems);
//! let block = file.body.blocks().next().ok_or("no block")?;
//!
//! let scope = Scope::new(Arc::new(NoEnvironment));
//! let mut arguments = Arguments::of_block(block, &scope, &mut problems);
//! let first: String = arguments.required("firstline");
//! let wait = arguments.optional("max_wait_time", Duration::from_secs(3));
//! assert_eq!(arguments.finish(), Outcome::Wrong);
//! assert_eq!((first.as_str(), wait.as_secs()), ("^[", 3));
//! let told = sources.render_all(&problems, false);
//! assert!(told.starts_with("config.alloy:3:2: \"max_wait\" is no argument of"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ast::{Attribute, Block, Body};
use crate::convert::{FromValue, read};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::eval;
use crate::scope::Scope;
use crate::source::Span;
use crate::value::Value;

/// The arguments of one block. Ask for each that there is, then [`Arguments::finish`].
#[must_use = "what is unknown or missing is told by `finish`"]
pub struct Arguments<'a, 'd> {
    owner: String,
    head: Span,
    scope: &'a Scope,
    diagnostics: &'d mut Diagnostics,
    attributes: BTreeMap<&'a str, &'a Attribute>,
    blocks: Vec<&'a Block>,
    known_attributes: Vec<String>,
    known_blocks: Vec<String>,
    errors_before: usize,
    /// Whether a value was not known, here or in a block within.
    has_unknown: Rc<Cell<bool>>,
    /// The same of the block around.
    outer_has_unknown: Option<Rc<Cell<bool>>>,
}

/// How reading went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is known and of the right type.
    Complete,
    /// Nothing is wrong, but something is not known yet: this was a check.
    Unknown,
    /// Something is wrong, and it was told.
    Wrong,
}

impl<'a, 'd> Arguments<'a, 'd> {
    /// The arguments of a block.
    pub fn of_block(block: &'a Block, scope: &'a Scope, diagnostics: &'d mut Diagnostics) -> Self {
        Self::new(&block.name.text, block.head(), &block.body, scope, diagnostics)
    }

    /// The statements of a whole file, as arguments.
    pub fn of_body(body: &'a Body, scope: &'a Scope, diagnostics: &'d mut Diagnostics) -> Self {
        let head = Span { end: body.span.start, ..body.span };
        Self::new("the file", head, body, scope, diagnostics)
    }

    fn new(
        owner: &str,
        head: Span,
        body: &'a Body,
        scope: &'a Scope,
        diagnostics: &'d mut Diagnostics,
    ) -> Self {
        let errors_before = diagnostics.error_count();
        let mut attributes = BTreeMap::new();
        for attribute in body.attributes() {
            let name = attribute.name.text.as_str();
            if attributes.insert(name, attribute).is_some() {
                let message = format!("\"{name}\" is set twice");
                diagnostics.push(Diagnostic::error(attribute.name.span, message));
            }
        }
        Self {
            owner: owner.to_owned(),
            head,
            scope,
            diagnostics,
            attributes,
            blocks: body.blocks().map(|block| &**block).collect(),
            known_attributes: Vec::new(),
            known_blocks: Vec::new(),
            errors_before,
            has_unknown: Rc::default(),
            outer_has_unknown: None,
        }
    }

    /// The arguments of a block within this one.
    pub fn nested<'n>(&'n mut self, block: &'a Block) -> Arguments<'a, 'n> {
        let outer_has_unknown = Some(Rc::clone(&self.has_unknown));
        let (scope, diagnostics) = (self.scope, &mut *self.diagnostics);
        let name = &block.name.text;
        let nested = Arguments::new(name, block.head(), &block.body, scope, diagnostics);
        Arguments { outer_has_unknown, ..nested }
    }

    /// An argument that must be there. What is missing or wrong is told, and its zero value is
    /// returned.
    pub fn required<T: FromValue>(&mut self, name: &str) -> T {
        let is_there = self.attributes.contains_key(name);
        let found = self.given(name);
        if !is_there {
            self.missing("argument", name);
        }
        found.unwrap_or_else(T::zero)
    }

    /// An argument that has a default.
    pub fn optional<T: FromValue>(&mut self, name: &str, default: T) -> T {
        self.given(name).unwrap_or(default)
    }

    /// An argument, if it is there and right.
    pub fn given<T: FromValue>(&mut self, name: &str) -> Option<T> {
        let (value, span) = self.value(name)?;
        match read(&value) {
            Ok(value) => Some(value),
            Err(mismatch) => {
                let message = format!("\"{name}\": {mismatch}");
                self.diagnostics.push(Diagnostic::error(span, message));
                None
            }
        }
    }

    /// An argument that must be there, made into something else: a regular expression, an address.
    /// `None` if it is missing, wrong, or not known yet; what `make` says is told at its place.
    pub fn required_as<T: FromValue, U>(
        &mut self,
        name: &str,
        make: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<U> {
        if !self.attributes.contains_key(name) {
            self.missing("argument", name);
        }
        self.given_as(name, make)
    }

    /// An argument made into something else, if it is there, right, and known.
    pub fn given_as<T: FromValue, U>(
        &mut self,
        name: &str,
        make: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<U> {
        let (value, span) = self.value(name)?;
        if value.has_unknown() {
            return None;
        }
        let made = read(&value).map_err(|mismatch| mismatch.to_string()).and_then(make);
        match made {
            Ok(made) => Some(made),
            Err(message) => {
                let message = format!("\"{name}\": {message}");
                self.diagnostics.push(Diagnostic::error(span, message));
                None
            }
        }
    }

    /// An argument that is one of a few words.
    pub fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)], default: T) -> T {
        let Some((value, span)) = self.value(name) else { return default };
        if matches!(value, Value::Unknown | Value::Null) {
            return default;
        }
        let text = match read::<String>(&value) {
            Ok(text) => text,
            Err(mismatch) => {
                let message = format!("\"{name}\": {mismatch}");
                self.diagnostics.push(Diagnostic::error(span, message));
                return default;
            }
        };
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
            return *found;
        }
        let known: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let message = format!("\"{name}\" must be one of {}, not \"{text}\"", known.join(", "));
        let problem = Diagnostic::error(span, message);
        self.diagnostics.push(problem.nearest(&text, words.iter().map(|(word, _)| *word)));
        default
    }

    /// An argument's value and place, if it is there and can be evaluated.
    pub fn value(&mut self, name: &str) -> Option<(Value, Span)> {
        self.known_attributes.push(name.to_owned());
        let attribute = self.attributes.get(name)?;
        match eval(&attribute.value, self.scope) {
            Ok(value) => {
                if value.has_unknown() {
                    self.has_unknown.set(true);
                }
                Some((value, attribute.value.span))
            }
            Err(problem) => {
                self.diagnostics.push(problem);
                None
            }
        }
    }

    /// The blocks with one of these names, in their order. `stage.*` is every name below `stage`.
    pub fn blocks(&mut self, names: &[&str]) -> Vec<&'a Block> {
        let found = self.labelled_blocks(names);
        for block in &found {
            if let Some(label) = &block.label {
                let message = format!("the block \"{}\" takes no label", block.name.text);
                self.diagnostics.push(Diagnostic::error(label.span, message));
            }
        }
        found
    }

    /// The same, where blocks may have labels.
    pub fn labelled_blocks(&mut self, names: &[&str]) -> Vec<&'a Block> {
        self.known_blocks.extend(names.iter().map(|name| (*name).to_owned()));
        let is_named = |block: &&&Block| names.iter().any(|name| matches(name, &block.name.text));
        self.blocks.iter().filter(is_named).copied().collect()
    }

    /// A block that may be there once.
    pub fn block(&mut self, name: &str) -> Option<&'a Block> {
        let found = self.blocks(&[name]);
        for again in found.iter().skip(1) {
            let message = format!("the block \"{name}\" may be there once only");
            self.diagnostics.push(Diagnostic::error(again.name.span, message));
        }
        found.first().copied()
    }

    /// A block that must be there once.
    pub fn required_block(&mut self, name: &str) -> Option<&'a Block> {
        let found = self.block(name);
        if found.is_none() {
            self.missing("block", name);
        }
        found
    }

    /// Says that a name is known and not read: an argument that has no effect here. Returns where
    /// it is, if it is there.
    pub fn ignored(&mut self, name: &str) -> Option<Span> {
        self.known_attributes.push(name.to_owned());
        self.attributes.get(name).map(|attribute| attribute.name.span)
    }

    /// Where an argument's value is, or the block's head.
    pub fn span(&self, name: &str) -> Span {
        self.attributes.get(name).map_or(self.head, |attribute| attribute.value.span)
    }

    /// Tells a problem with an argument, at its value.
    pub fn wrong(&mut self, name: &str, message: impl Into<String>) {
        let span = self.span(name);
        self.diagnostics.push(Diagnostic::error(span, message));
    }

    /// Tells any problem.
    pub fn push(&mut self, problem: Diagnostic) {
        self.diagnostics.push(problem);
    }

    /// Name and label of the block.
    pub fn head(&self) -> Span {
        self.head
    }

    /// The scope in which it is evaluated.
    pub fn scope(&self) -> &'a Scope {
        self.scope
    }

    /// Tells which arguments and blocks nobody asked for, and how reading went.
    pub fn finish(mut self) -> Outcome {
        let names: Vec<_> = self.attributes.values().map(|it| &it.name).collect();
        for name in names {
            if !self.known_attributes.contains(&name.text) {
                self.unknown_attribute(&name.text, name.span);
            }
        }
        for block in self.blocks.clone() {
            let name = &block.name.text;
            if !self.known_blocks.iter().any(|known| matches(known, name)) {
                self.unknown_block(name, block.name.span);
            }
        }
        let has_unknown = self.has_unknown.get();
        if let Some(outer) = self.outer_has_unknown.filter(|_| has_unknown) {
            outer.set(true);
        }
        match (self.diagnostics.error_count() > self.errors_before, has_unknown) {
            (true, _) => Outcome::Wrong,
            (false, true) => Outcome::Unknown,
            (false, false) => Outcome::Complete,
        }
    }

    fn unknown_attribute(&mut self, name: &str, span: Span) {
        if self.known_blocks.iter().any(|known| matches(known, name)) {
            let message = format!("\"{name}\" is a block and takes no \"=\"");
            let hint = format!("write {name} {{ … }}");
            self.diagnostics.push(Diagnostic::error(span, message).hint(hint));
            return;
        }
        let problem =
            Diagnostic::error(span, format!("\"{name}\" is no argument of {}", self.called()));
        let known = self.known_attributes.iter().chain(&self.known_blocks);
        let problem = problem.nearest(name, known.map(String::as_str));
        self.diagnostics.push(problem);
    }

    fn unknown_block(&mut self, name: &str, span: Span) {
        if self.known_attributes.iter().any(|known| known == name) {
            let message = format!("\"{name}\" is an argument and no block");
            let hint = format!("write {name} = …");
            self.diagnostics.push(Diagnostic::error(span, message).hint(hint));
            return;
        }
        let problem =
            Diagnostic::error(span, format!("\"{name}\" is no block of {}", self.called()));
        let known = self.known_blocks.iter().chain(&self.known_attributes);
        let problem = problem.nearest(name, known.map(String::as_str));
        self.diagnostics.push(problem);
    }

    fn missing(&mut self, what: &str, name: &str) {
        let message = format!("the {what} \"{name}\" of {} is missing", self.called());
        self.diagnostics.push(Diagnostic::error(self.head, message));
    }

    fn called(&self) -> String {
        if self.owner == "the file" { self.owner.clone() } else { format!("\"{}\"", self.owner) }
    }
}

/// Whether a name is one that a pattern stands for.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.len() > prefix.len() && name.starts_with(prefix),
        None => pattern == name,
    }
}
