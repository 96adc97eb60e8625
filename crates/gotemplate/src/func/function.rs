//! What a function is: its name, the types it wants, and what it does with them.

use super::regex::Compiled;
use super::{builtin, compare, date, encode, html, json, math, regex, sprig, string};
use crate::Scope;
use crate::dialect::Dialect;
use crate::limits::MAX_OUTPUT_BYTES;
use crate::value::Value;

/// A function a template may call.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// The types of the parameters that must be there.
    pub(crate) params: &'static [Param],
    /// The type of any number of further ones.
    pub(crate) variadic: Option<Param>,
    /// For `and` and `or`: the truth that ends the evaluation.
    pub(crate) short_circuits: Option<bool>,
    /// Whether its first argument is a regular expression.
    pub(crate) compiles_regex: bool,
    /// Whether the lists and dictionaries that it takes and returns count as work.
    pub(crate) weighs: bool,
    pub(crate) call: Call,
}

/// A type that a function wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Param {
    /// Any value, `nil` too.
    Any,
    Str,
    Int,
    Float,
    Bool,
    Time,
    /// A dictionary; `nil` is an empty one.
    Dict,
}

/// The body of a function. Its arguments are of the types of its parameters.
pub(crate) type Call =
    for<'a, 'c, 'v> fn(&'c Context<'a>, &'v mut [Value<'a>]) -> Result<Value<'a>, Failure>;

/// What a function may know beside its arguments.
pub(crate) struct Context<'a> {
    pub(crate) scope: &'a dyn Scope,
    /// The regular expression of the first argument, if that is a literal.
    pub(crate) regex: Option<&'a Compiled>,
}

/// Why a function has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What Go's function would say.
    Message(String),
    /// The result would be longer than [`MAX_OUTPUT_BYTES`].
    TooLarge,
    /// The result would hold more than [`MAX_VALUES`](crate::limits::MAX_VALUES) values.
    TooMany,
    /// The result would nest deeper than [`MAX_VALUE_DEPTH`](crate::limits::MAX_VALUE_DEPTH).
    TooDeep,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::Message(message.to_owned())
    }
}

/// The function of that name.
pub(crate) fn lookup(name: &str, dialect: Dialect) -> Option<&'static Function> {
    let families = [
        builtin::FUNCTIONS,
        compare::FUNCTIONS,
        html::FUNCTIONS,
        string::FUNCTIONS,
        regex::FUNCTIONS,
        encode::FUNCTIONS,
        math::FUNCTIONS,
        date::FUNCTIONS,
        json::FUNCTIONS,
    ];
    let own: &[&[Function]] = match dialect {
        Dialect::Loki => &[],
        Dialect::Alloy => sprig::FAMILIES,
    };
    // The dialect's own come first: sprig's `slice` and `duration` are not Go's and Loki's.
    own.iter().copied().chain(families).flatten().find(|function| function.name == name)
}

impl Function {
    /// An entry with a fixed number of parameters.
    pub(super) const fn new(name: &'static str, params: &'static [Param], call: Call) -> Self {
        Self {
            name,
            params,
            variadic: None,
            short_circuits: None,
            compiles_regex: false,
            weighs: false,
            call,
        }
    }

    /// An entry of a function that takes or returns lists and dictionaries.
    pub(super) const fn weighed(name: &'static str, params: &'static [Param], call: Call) -> Self {
        Self { weighs: true, ..Self::new(name, params, call) }
    }

    /// The same with any number of further arguments.
    pub(super) const fn and_more(self, variadic: Param) -> Self {
        Self { variadic: Some(variadic), ..self }
    }

    /// The same, ended by the first argument of that truth.
    pub(super) const fn until(self, truth: bool) -> Self {
        Self { short_circuits: Some(truth), ..self }
    }

    /// The same, with a regular expression as its first argument.
    pub(super) const fn with_regex(self) -> Self {
        Self { compiles_regex: true, ..self }
    }

    /// Whether it takes so many arguments; otherwise how many it wants.
    pub(crate) fn accepts(&self, count: usize) -> Result<(), String> {
        let wanted = self.params.len();
        match self.variadic {
            Some(_) if count < wanted => Err(format!("at least {wanted}")),
            None if count != wanted => Err(wanted.to_string()),
            _ => Ok(()),
        }
    }

    /// The type of the argument at an index.
    pub(crate) fn param(&self, index: usize) -> Param {
        self.params.get(index).copied().or(self.variadic).unwrap_or(Param::Any)
    }
}

impl Param {
    /// Whether a value is of this type. Go converts nothing here: an `int64` is no `int`.
    pub(crate) fn takes(self, value: &Value<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Str => matches!(value, Value::Str(_)),
            Self::Int => matches!(value, Value::Int(_)),
            Self::Float => matches!(value, Value::Float(_)),
            Self::Bool => matches!(value, Value::Bool(_)),
            Self::Dict => matches!(value, Value::Map(_) | Value::Fields(_) | Value::Nil),
            Self::Time => matches!(value, Value::Time(_)),
        }
    }

    /// The name of the type in Go.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Str => "string",
            Self::Int => "int",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Dict => "map[string]interface {}",
            Self::Time => "time.Time",
        }
    }
}

/// Refuses to build a string that is too long, before it is built.
pub(super) fn check_length(length: usize) -> Result<(), Failure> {
    if length > MAX_OUTPUT_BYTES { Err(Failure::TooLarge) } else { Ok(()) }
}
