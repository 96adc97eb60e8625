//! The state of a rendering: its output, its variables, what it has cost, and where it is.

use std::fmt;

use crate::Scope;
use crate::ast::{Command, Invocation, Operand, Pipe, Tree};
use crate::error::RenderError;
use crate::limits::MAX_WORK;
use crate::value::Value;

/// A rendering in progress.
pub(super) struct Evaluator<'a> {
    pub(super) tree: &'a Tree,
    pub(super) scope: &'a dyn Scope,
    pub(super) out: Vec<u8>,
    /// The value of `$`: what the template was called with.
    pub(super) dollar: Value<'a>,
    /// The declared variables in scope, innermost last.
    pub(super) variables: Vec<(&'a str, Value<'a>)>,
    /// What is evaluated now: error messages name it.
    pub(super) at: Option<Place<'a>>,
    pub(super) depth: usize,
    pub(super) work: usize,
}

/// A part of the tree that an error message can show.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Operand(&'a Operand),
    Command(&'a Command),
    Pipe(&'a Pipe),
    Invocation(&'a Invocation),
}

/// What a step gives, or why the rendering ends.
pub(super) type Eval<T> = Result<T, RenderError>;

impl<'a> Evaluator<'a> {
    /// The value of a variable. The parser has seen that it is declared, but maybe in the branch
    /// that was not taken.
    pub(super) fn variable(&self, name: &str) -> Eval<Value<'a>> {
        match self.variables.iter().rev().find(|(known, _)| *known == name) {
            Some((_, value)) => Ok(value.clone()),
            None if name == "$" => Ok(self.dollar.clone()),
            None => Err(self.failed(&format!("undefined variable: {name}"))),
        }
    }

    /// Gives a variable that is declared a new value.
    pub(super) fn assign(&mut self, name: &str, value: Value<'a>) -> Eval<()> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, slot)) => *slot = value,
            None if name == "$" => self.dollar = value,
            None => return Err(self.failed(&format!("undefined variable: {name}"))),
        }
        Ok(())
    }

    pub(super) fn spend(&mut self, amount: usize) -> Eval<()> {
        self.work += amount;
        if self.work > MAX_WORK {
            return Err(self.limit(MAX_WORK, "steps"));
        }
        Ok(())
    }

    pub(super) fn limit(&self, limit: usize, what: &'static str) -> RenderError {
        RenderError::Limit { name: self.tree.name.clone(), limit, what }
    }

    pub(super) fn failed(&self, message: &str) -> RenderError {
        let start = self.at.map_or(0, Place::start);
        let before = &self.tree.text[..start];
        let line = 1 + before.matches('\n').count();
        let column = start - before.rfind('\n').map_or(0, |newline| newline + 1);
        RenderError::Failed {
            location: format!("{}:{line}:{column}", self.tree.name),
            name: self.tree.name.clone(),
            context: self.at.map_or_else(String::new, |place| place.to_string()),
            message: message.to_owned(),
        }
    }
}

impl Place<'_> {
    fn start(self) -> usize {
        match self {
            Self::Operand(operand) => operand.start,
            Self::Command(command) => command.start,
            Self::Pipe(pipe) => pipe.start,
            Self::Invocation(invocation) => invocation.start,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operand(operand) => write!(f, "{operand}"),
            Self::Command(command) => write!(f, "{command}"),
            Self::Pipe(pipe) => write!(f, "{pipe}"),
            Self::Invocation(invocation) => {
                write!(f, "{{{{template {:?}", invocation.name)?;
                if let Some(pipe) = &invocation.pipe {
                    write!(f, " {pipe}")?;
                }
                f.write_str("}}")
            }
        }
    }
}
