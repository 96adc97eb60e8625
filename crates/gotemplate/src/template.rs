//! The public face: a parsed template, what it reads, and what it is rendered with.

use std::sync::Arc;

use crate::ast::{Branch, Node, Operand, Pipe, Term, Tree};
use crate::dialect::Dialect;
use crate::error::{ParseError, RenderError};
use crate::{eval, parser};

/// What errors call a template that has no name of its own.
const DEFAULT_NAME: &str = "template";

/// A parsed template. It can be shared between threads; cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Template(Arc<Tree>);

/// What a template is rendered with.
pub trait Scope {
    /// The value of a field, `{{ .name }}`. A missing one is an empty string.
    fn field(&self, name: &str) -> Option<&str>;
    /// Whether a missing field is nothing (printed as `<no value>`, refused by functions) instead
    /// of an empty string: so it is for Go where the fields may be of any type.
    fn missing_is_nil(&self) -> bool {
        false
    }
    /// All fields, sorted by name: for `{{ . }}`, `range` and `len`.
    fn fields(&self) -> Vec<(&str, &str)>;
    /// The line, `{{ __line__ }}`.
    fn line(&self) -> &str;
    /// The time of the line, `{{ __timestamp__ }}`, in nanoseconds since 1970.
    fn timestamp_nanos(&self) -> i64;
    /// The present, `{{ now }}`, in nanoseconds since 1970.
    fn now_nanos(&self) -> i64;
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// If the text is not a template, or calls a function that does not exist.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_named(DEFAULT_NAME, text)
    }

    /// Parses a template whose errors call it `name`. Loki's are `line` and `label`.
    ///
    /// # Errors
    ///
    /// If the text is not a template, or calls a function that does not exist.
    pub fn parse_named(name: &str, text: &str) -> Result<Self, ParseError> {
        Self::parse_for(name, text, Dialect::Loki)
    }

    /// Parses a template of somebody else's dialect.
    ///
    /// # Errors
    ///
    /// If the text is not a template, or calls a function that does not exist.
    pub fn parse_for(name: &str, text: &str, dialect: Dialect) -> Result<Self, ParseError> {
        Ok(Self(Arc::new(parser::parse(name, text, dialect)?)))
    }

    /// The text of the template.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The output for one line. Bytes that are not UTF-8, which functions that cut strings can
    /// leave, become U+FFFD each.
    ///
    /// # Errors
    ///
    /// If a function refuses its operands, or the template exceeds one of the [`crate::limits`].
    pub fn render(&self, scope: &dyn Scope) -> Result<String, RenderError> {
        eval::render(&self.0, scope)
    }

    /// The output, when it is the same for every line: the template has no actions.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match &self.0.root[..] {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The names of the fields it reads, sorted, each once; `None` if it may read any, as with
    /// `{{ . }}`. It may name some that a certain line does not need.
    #[must_use]
    pub fn fields(&self) -> Option<Vec<&str>> {
        let mut reads = Reads { fields: Vec::new(), any: false, line: false };
        reads.tree(&self.0);
        if reads.any {
            return None;
        }
        reads.fields.sort_unstable();
        reads.fields.dedup();
        Some(reads.fields)
    }

    /// Whether it calls `__line__` or `__timestamp__`.
    #[must_use]
    pub fn reads_line(&self) -> bool {
        let mut reads = Reads { fields: Vec::new(), any: false, line: false };
        reads.tree(&self.0);
        reads.line
    }
}

/// What a walk over a template finds out.
struct Reads<'t> {
    fields: Vec<&'t str>,
    any: bool,
    line: bool,
}

impl<'t> Reads<'t> {
    fn tree(&mut self, tree: &'t Tree) {
        self.nodes(&tree.root, true);
        // A definition sees the fields only through the value it is called with, and `{{ . }}` in
        // its call already counts as reading any.
        tree.definitions.values().for_each(|body| self.nodes(body, false));
    }

    /// `at_root`: whether the dot is the set of all fields.
    fn nodes(&mut self, nodes: &'t [Node], at_root: bool) {
        for node in nodes {
            match node {
                Node::Text(_) | Node::Break | Node::Continue => {}
                Node::Action(pipe) => self.pipe(pipe, at_root),
                Node::If(branch) => self.branch(branch, at_root, at_root),
                Node::With(branch) | Node::Range(branch) => self.branch(branch, at_root, false),
                Node::Template(call) => call.pipe.iter().for_each(|p| self.pipe(p, at_root)),
            }
        }
    }

    fn branch(&mut self, branch: &'t Branch, at_root: bool, body_at_root: bool) {
        self.pipe(&branch.pipe, at_root);
        self.nodes(&branch.body, body_at_root);
        self.nodes(&branch.otherwise, at_root);
    }

    fn pipe(&mut self, pipe: &'t Pipe, at_root: bool) {
        let operands = pipe.commands.iter().flat_map(|command| &command.operands);
        operands.for_each(|operand| self.operand(operand, at_root));
    }

    fn operand(&mut self, operand: &'t Operand, at_root: bool) {
        match &operand.term {
            Term::Dot => self.any |= at_root,
            Term::Field(fields) => self.fields.extend(fields.first().map(|name| &**name)),
            Term::Variable { name, fields } if &**name == "$" => match fields.first() {
                Some(field) => self.fields.push(field),
                None => self.any = true,
            },
            Term::Function(function) => {
                self.line |= matches!(function.name, "__line__" | "__timestamp__");
            }
            Term::Chain { of, .. } => self.operand(of, at_root),
            Term::Pipe(pipe) => self.pipe(pipe, at_root),
            _ => {}
        }
    }
}
