//! The parsed template: what the parser builds and the evaluator walks. Each node knows where it
//! stands and how Go prints it, since both are part of error messages.

use std::collections::HashMap;
use std::fmt;

use crate::func::Function;
use crate::func::regex::Compiled;

/// A whole template: its source, its body and the templates it defines.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) root: Vec<Node>,
    pub(crate) definitions: HashMap<String, Vec<Node>>,
}

/// One step of a body.
#[derive(Debug)]
pub(crate) enum Node {
    Text(Box<str>),
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template(Invocation),
    Break,
    Continue,
}

/// `if`, `with` and `range`: a pipeline and two bodies.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) body: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

/// `{{ template "name" pipeline }}`.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) start: usize,
    pub(crate) name: String,
    pub(crate) pipe: Option<Pipe>,
}

/// Commands joined by `|`, and the variables that take the result.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) start: usize,
    pub(crate) variables: Vec<Box<str>>,
    /// True for `=`, false for `:=`.
    pub(crate) assigns: bool,
    pub(crate) commands: Vec<Command>,
}

/// An operand with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) start: usize,
    pub(crate) operands: Vec<Operand>,
    /// The regular expression of a regex function, when it is a literal: compiled once.
    pub(crate) regex: Option<Compiled>,
}

/// One value in a command.
#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) start: usize,
    pub(crate) term: Term,
}

/// What an operand is.
#[derive(Debug)]
pub(crate) enum Term {
    Bool(bool),
    Nil,
    Dot,
    Number(Number),
    String { source: Box<str>, value: Box<[u8]> },
    Field(Vec<Box<str>>),
    Variable { name: Box<str>, fields: Vec<Box<str>> },
    Function(&'static Function),
    Chain { of: Box<Operand>, fields: Vec<Box<str>> },
    Pipe(Box<Pipe>),
}

/// A numeric literal: what it can be read as.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Number {
    pub(crate) source: Box<str>,
    pub(crate) integer: Option<i64>,
    pub(crate) float: f64,
    /// Whether it is a float where nothing says which it should be (`1.0`, `1e3`).
    pub(crate) is_float: bool,
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            write!(f, "{} {} ", self.variables.join(", "), if self.assigns { "=" } else { ":=" })?;
        }
        write_joined(f, &self.commands, " | ")
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_joined(f, &self.operands, " ")
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Bool(value) => write!(f, "{value}"),
            Term::Nil => f.write_str("nil"),
            Term::Dot => f.write_str("."),
            Term::Number(number) => f.write_str(&number.source),
            Term::String { source, .. } => f.write_str(source),
            Term::Field(fields) => write_fields(f, fields),
            Term::Variable { name, fields } => {
                f.write_str(name)?;
                write_fields(f, fields)
            }
            Term::Function(function) => f.write_str(function.name),
            Term::Chain { of, fields } => {
                write!(f, "{of}")?;
                write_fields(f, fields)
            }
            Term::Pipe(pipe) => write!(f, "({pipe})"),
        }
    }
}

fn write_fields(f: &mut fmt::Formatter<'_>, fields: &[Box<str>]) -> fmt::Result {
    fields.iter().try_for_each(|field| write!(f, ".{field}"))
}

fn write_joined<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    separator: &str,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}
