//! What an expression evaluates to.

use std::sync::Arc;

use crate::ast::{Expr, ExprKind, Literal, UnaryOperator};
use crate::diag::Diagnostic;
use crate::operate::binary;
use crate::operator::BinaryOperator;
use crate::scope::{Entry, Scope};
use crate::source::Span;
use crate::stdlib;
use crate::value::{Number, Value};

/// Evaluates an expression in a scope.
///
/// # Errors
/// What is wrong with it, and where.
pub fn eval(expr: &Expr, scope: &Scope) -> Result<Value, Diagnostic> {
    match &expr.kind {
        ExprKind::Literal(literal) => Ok(constant(literal)),
        ExprKind::Identifier(_) | ExprKind::Access { .. } => member(expr, scope),
        ExprKind::Parentheses(inner) => eval(inner, scope),
        ExprKind::Array(elements) => {
            let elements: Result<Vec<_>, _> = elements.iter().map(|e| eval(e, scope)).collect();
            shallow(Value::array(elements?), expr.span)
        }
        ExprKind::Object(fields) => {
            let fields: Result<Vec<_>, _> = fields
                .iter()
                .map(|field| Ok((field.name.text.as_str(), eval(&field.value, scope)?)))
                .collect();
            shallow(Value::object(fields?), expr.span)
        }
        ExprKind::Index { value, index } => {
            let (from, at) = (eval(value, scope)?, eval(index, scope)?);
            element(&from, &at, value.span, index.span)
        }
        ExprKind::Call { function, arguments } => call(expr, function, arguments, scope),
        ExprKind::Unary { operator, value } => unary(*operator, &eval(value, scope)?, value.span),
        ExprKind::Binary { operator, at, left, right } => {
            let first = eval(left, scope)?;
            let short = match (operator, &first) {
                (BinaryOperator::Or, Value::Bool(true)) => Some(true),
                (BinaryOperator::And, Value::Bool(false)) => Some(false),
                _ => None,
            };
            if let Some(known) = short {
                return Ok(Value::Bool(known));
            }
            let second = eval(right, scope)?;
            binary(*operator, &first, &second, *at, left.span, right.span)
        }
        // It was told when the text was parsed.
        ExprKind::Missing => Ok(Value::Unknown),
    }
}

/// The dotted names that an expression refers to, each as long as it is, but only `a.b` of
/// `a.b[0].c`. Names of the standard library are among them.
#[must_use]
pub fn references(expr: &Expr) -> Vec<Reference> {
    let mut out = Vec::new();
    let mut rest = vec![expr];
    while let Some(expr) = rest.pop() {
        match path(expr) {
            Some(names) => out.push(Reference { names, span: expr.span }),
            None => expr.kind.for_each_child(&mut |child| rest.push(child)),
        }
    }
    out.sort_by_key(|reference| reference.span);
    out
}

/// A dotted name in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its parts.
    pub names: Vec<String>,
    /// Where it is.
    pub span: Span,
}

/// The parts of an expression that is a dotted name.
fn path(expr: &Expr) -> Option<Vec<String>> {
    match &expr.kind {
        ExprKind::Identifier(name) => Some(vec![name.clone()]),
        ExprKind::Access { value, name } => {
            let mut names = path(value)?;
            names.push(name.text.clone());
            Some(names)
        }
        _ => None,
    }
}

fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Number(number) => Value::Number(*number),
        Literal::String(text) => Value::String(Arc::clone(text)),
    }
}

/// A name, or a member of a value. As many names as possible are taken from the scope before a
/// value is made, so that a namespace with many components is not copied to look at one.
fn member(expr: &Expr, scope: &Scope) -> Result<Value, Diagnostic> {
    match resolve(expr, scope)? {
        Resolved::Entry(entry) => Ok(entry.value()),
        Resolved::Value(value) => Ok(value),
    }
}

enum Resolved<'s> {
    Entry(&'s Entry),
    Value(Value),
}

fn resolve<'s>(expr: &Expr, scope: &'s Scope) -> Result<Resolved<'s>, Diagnostic> {
    let (value, name) = match &expr.kind {
        ExprKind::Identifier(name) => return identifier(name, expr.span, scope),
        ExprKind::Access { value, name } => (value, name),
        _ => return eval(expr, scope).map(Resolved::Value),
    };
    let from = match resolve(value, scope)? {
        Resolved::Entry(Entry::Namespace(names)) => {
            let found = names.get(&name.text).or_else(|| scope.find(&path(expr)?));
            return found.map(Resolved::Entry).ok_or_else(|| {
                let known = path(value).map(|names| scope.members(&names)).unwrap_or_default();
                unknown_member(value, &name.text, name.span, known.into_iter())
            });
        }
        Resolved::Entry(Entry::Value(value)) => value.clone(),
        Resolved::Value(value) => value,
    };
    let found = match &from {
        Value::Unknown => Some(Value::Unknown),
        Value::Object(object) => object.get(&name.text).cloned(),
        other => {
            let message =
                format!("\"{}\" is no member of a value of type {}", name.text, other.type_name());
            return Err(Diagnostic::error(name.span, message));
        }
    };
    match (found, &from) {
        (Some(found), _) => Ok(Resolved::Value(found)),
        (None, Value::Object(object)) => {
            Err(unknown_member(value, &name.text, name.span, object.names()))
        }
        (None, _) => Ok(Resolved::Value(Value::Unknown)),
    }
}

fn identifier<'s>(name: &str, span: Span, scope: &'s Scope) -> Result<Resolved<'s>, Diagnostic> {
    if let Some(entry) = scope.get(name) {
        return Ok(Resolved::Entry(entry));
    }
    if let Some(value) = stdlib::lookup(name, scope.environment()) {
        return Ok(Resolved::Value(value));
    }
    let problem = Diagnostic::error(span, format!("nothing is called \"{name}\""));
    let mut known = scope.names();
    known.append(&mut stdlib::names());
    Err(problem.nearest(name, known))
}

fn unknown_member<S: AsRef<str>>(
    of: &Expr,
    name: &str,
    span: Span,
    known: impl Iterator<Item = S>,
) -> Diagnostic {
    let owner = path(of)
        .map_or_else(|| "the object".to_owned(), |names| format!("\"{}\"", names.join(".")));
    let known: Vec<S> = known.collect();
    let problem = Diagnostic::error(span, format!("{owner} has no member \"{name}\""));
    problem.nearest(name, known.iter().map(AsRef::as_ref))
}

/// `from[at]`: of an array by number, of an object by name, where what is not there is null.
fn element(from: &Value, at: &Value, from_span: Span, at_span: Span) -> Result<Value, Diagnostic> {
    match (from, at) {
        (Value::Unknown, _) | (_, Value::Unknown) => Ok(Value::Unknown),
        (Value::Array(elements), Value::Number(number)) => {
            let index = number.to_i128().and_then(|index| usize::try_from(index).ok());
            let found = index.and_then(|index| elements.get(index));
            found.cloned().ok_or_else(|| {
                let message =
                    format!("there is no element {number}: the array has {}", elements.len());
                Diagnostic::error(at_span, message).hint("elements are counted from 0")
            })
        }
        (Value::Object(object), Value::String(name)) => {
            Ok(object.get(name).cloned().unwrap_or(Value::Null))
        }
        (Value::Array(_), other) => Err(mismatch(at_span, "an array's index", "number", other)),
        (Value::Object(_), other) => Err(mismatch(at_span, "an object's index", "string", other)),
        (other, _) => {
            let message = format!("a value of type {} has no elements", other.type_name());
            Err(Diagnostic::error(from_span, message))
        }
    }
}

fn mismatch(span: Span, what: &str, wanted: &str, found: &Value) -> Diagnostic {
    Diagnostic::error(span, format!("{what} must be a {wanted}, not {}", found.type_name()))
}

fn call(
    expr: &Expr,
    function: &Expr,
    arguments: &[Expr],
    scope: &Scope,
) -> Result<Value, Diagnostic> {
    let callee = eval(function, scope)?;
    let values: Result<Vec<_>, _> = arguments.iter().map(|e| eval(e, scope)).collect();
    let values = values?;
    let function = match callee {
        Value::Function(function) => function,
        Value::Unknown => return Ok(Value::Unknown),
        other => {
            let message = format!("a value of type {} cannot be called", other.type_name());
            return Err(Diagnostic::error(function.span, message));
        }
    };
    let result = stdlib::call(function, &values, scope.environment());
    let result = result.map_err(|error| {
        let at = error.argument.and_then(|at| arguments.get(at)).map_or(expr.span, |arg| arg.span);
        Diagnostic::error(at, format!("{}: {}", function.name, error.message))
    })?;
    shallow(result, expr.span)
}

fn unary(operator: UnaryOperator, value: &Value, span: Span) -> Result<Value, Diagnostic> {
    match (operator, value) {
        (_, Value::Unknown) => Ok(Value::Unknown),
        (UnaryOperator::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (UnaryOperator::Negate, Value::Number(number)) => {
            let negated = match number {
                Number::Int(value) => value.checked_neg().map(Number::Int),
                Number::Uint(value) => 0_i64.checked_sub_unsigned(*value).map(Number::Int),
                Number::Float(value) => Some(Number::Float(-value)),
            };
            Ok(Value::Number(negated.unwrap_or(Number::Float(-number.to_f64()))))
        }
        (UnaryOperator::Not, other) => Err(mismatch(span, "what \"!\" negates", "bool", other)),
        (UnaryOperator::Negate, other) => {
            Err(mismatch(span, "what \"-\" negates", "number", other))
        }
    }
}

/// A value, unless it is nested too deep for whoever walks it.
fn shallow(value: Value, span: Span) -> Result<Value, Diagnostic> {
    if value.is_shallow() {
        return Ok(value);
    }
    let limit = crate::limits::VALUE_DEPTH_MAX;
    Err(Diagnostic::error(span, format!("the value is nested more than {limit} deep")))
}
