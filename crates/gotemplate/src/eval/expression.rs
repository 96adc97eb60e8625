//! The values of pipelines, commands and operands, and the calls of functions.

use std::borrow::Cow;

use super::state::{Eval, Evaluator, Place};
use crate::ast::{Command, Number, Operand, Pipe, Term};
use crate::error::RenderError;
use crate::func::regex::Compiled;
use crate::func::{self, Context, Failure, Function, Param};
use crate::limits::{MAX_OUTPUT_BYTES, MAX_VALUE_DEPTH, MAX_VALUES, REGEX_WORK};
use crate::value::Value;

impl<'a> Evaluator<'a> {
    pub(super) fn pipeline(&mut self, dot: &Value<'a>, pipe: &'a Pipe) -> Eval<Value<'a>> {
        self.at = Some(Place::Pipe(pipe));
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(dot, command, value)?);
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value.clone())?;
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    fn command(
        &mut self,
        dot: &Value<'a>,
        command: &'a Command,
        piped: Option<Value<'a>>,
    ) -> Eval<Value<'a>> {
        self.spend(1)?;
        let (first, arguments) = (&command.operands[0], &command.operands[1..]);
        let has_arguments = !arguments.is_empty() || piped.is_some();
        match &first.term {
            Term::Function(function) => {
                self.at = Some(Place::Operand(first));
                let place = Place::Command(command);
                self.call(dot, function, arguments, piped, place, command.regex.as_ref())
            }
            Term::Pipe(_) | Term::Bool(_) | Term::Dot | Term::Number(_) | Term::String { .. }
                if has_arguments =>
            {
                self.at = Some(Place::Operand(first));
                Err(self.failed(&format!("can't give argument to non-function {first}")))
            }
            Term::Nil => {
                self.at = Some(Place::Operand(first));
                Err(self.failed("nil is not a command"))
            }
            Term::Field(fields) if has_arguments => {
                self.at = Some(Place::Operand(first));
                self.refuse_arguments(fields)
            }
            Term::Variable { fields, .. } | Term::Chain { fields, .. } if has_arguments => {
                self.at = Some(Place::Operand(first));
                if fields.is_empty() {
                    return Err(
                        self.failed(&format!("can't give argument to non-function {first}"))
                    );
                }
                self.refuse_arguments(fields)
            }
            _ => self.operand(dot, first),
        }
    }

    fn refuse_arguments(&self, fields: &[Box<str>]) -> Eval<Value<'a>> {
        let name = fields.last().map_or("", |field| field);
        Err(self.failed(&format!("{name} is not a method but has arguments")))
    }

    /// The value of an operand where any type will do.
    fn operand(&mut self, dot: &Value<'a>, operand: &'a Operand) -> Eval<Value<'a>> {
        self.at = Some(Place::Operand(operand));
        Ok(match &operand.term {
            Term::Bool(value) => Value::Bool(*value),
            Term::Nil => Value::Nil,
            Term::Dot => dot.clone(),
            Term::Number(number) => self.constant(number)?,
            Term::String { value, .. } => Value::Str(Cow::Borrowed(value)),
            Term::Field(fields) => self.fields(dot.clone(), fields)?,
            Term::Variable { name, fields } => self.fields(self.variable(name)?, fields)?,
            Term::Function(function) => {
                self.call(dot, function, &[], None, Place::Operand(operand), None)?
            }
            Term::Chain { of, fields } => {
                let value = self.operand(dot, of)?;
                self.at = Some(Place::Operand(operand));
                self.fields(value, fields)?
            }
            Term::Pipe(pipe) => self.pipeline(dot, pipe)?,
        })
    }

    fn constant(&self, number: &Number) -> Eval<Value<'a>> {
        match number.integer {
            _ if number.is_float => Ok(Value::Float(number.float)),
            Some(integer) => Ok(Value::Int(integer)),
            None => Err(self.failed(&format!("{} overflows int", number.source))),
        }
    }

    fn fields(&self, of: Value<'a>, names: &'a [Box<str>]) -> Eval<Value<'a>> {
        let mut value = of;
        for (depth, name) in names.iter().enumerate() {
            value = match value {
                Value::Fields(scope) => match scope.field(name) {
                    None if scope.missing_is_nil() => Value::Nil,
                    field => Value::borrowed(field.unwrap_or_default()),
                },
                Value::Map(entries) => entries.get(&**name).cloned().unwrap_or(Value::Nil),
                Value::Nil if depth == 0 => Value::Nil,
                Value::Nil => {
                    let message = format!("nil pointer evaluating interface {{}}.{name}");
                    return Err(self.failed(&message));
                }
                other => {
                    let kind = other.type_name();
                    return Err(self.failed(&format!("can't evaluate field {name} in type {kind}")));
                }
            };
        }
        Ok(value)
    }

    fn call(
        &mut self,
        dot: &Value<'a>,
        function: &'static Function,
        arguments: &'a [Operand],
        piped: Option<Value<'a>>,
        place: Place<'a>,
        regex: Option<&'a Compiled>,
    ) -> Eval<Value<'a>> {
        let count = arguments.len() + usize::from(piped.is_some());
        if let Err(wanted) = function.accepts(count) {
            let name = function.name;
            return Err(
                self.failed(&format!("wrong number of args for {name}: want {wanted} got {count}"))
            );
        }
        if let Some(stops_at) = function.short_circuits {
            return self.short_circuit(dot, stops_at, arguments, piped);
        }
        let mut values = Vec::with_capacity(count);
        for (i, argument) in arguments.iter().enumerate() {
            values.push(self.argument(dot, function.param(i), argument)?);
        }
        if let Some(value) = piped {
            values.push(self.checked(value, function.param(arguments.len()))?);
        }
        self.spend(values.iter().map(|value| value.bytes().len()).sum())?;
        if function.compiles_regex && regex.is_none() {
            self.spend(REGEX_WORK)?;
        }
        let context = Context { scope: self.scope, regex };
        self.weigh(function, &values)?;
        match (function.call)(&context, &mut values) {
            Ok(value) => {
                self.spend(value.bytes().len())?;
                self.weigh(function, std::slice::from_ref(&value))?;
                Ok(value)
            }
            Err(failure) => {
                self.at = Some(place);
                Err(self.refused(function.name, &failure))
            }
        }
    }

    /// Charges what a function reads and builds of lists and dictionaries, if it does.
    fn weigh(&mut self, function: &Function, values: &[Value<'a>]) -> Eval<()> {
        if !function.weighs {
            return Ok(());
        }
        for value in values {
            match func::weigh(value) {
                Ok(weight) => self.spend(weight)?,
                Err(failure) => return Err(self.refused(function.name, &failure)),
            }
        }
        Ok(())
    }

    fn refused(&self, name: &str, failure: &Failure) -> RenderError {
        match failure {
            Failure::TooLarge => self.limit(MAX_OUTPUT_BYTES, "bytes in a string"),
            Failure::TooMany => self.limit(MAX_VALUES, "values in a list"),
            Failure::TooDeep => self.limit(MAX_VALUE_DEPTH, "nested lists"),
            Failure::Message(message) => self.failed(&format!("error calling {name}: {message}")),
        }
    }

    /// `and` and `or` evaluate no further than they must.
    fn short_circuit(
        &mut self,
        dot: &Value<'a>,
        stops_at: bool,
        arguments: &'a [Operand],
        piped: Option<Value<'a>>,
    ) -> Eval<Value<'a>> {
        let mut last = Value::Nil;
        for argument in arguments {
            last = self.argument(dot, Param::Any, argument)?;
            if last.is_true() == stops_at {
                return Ok(last);
            }
        }
        Ok(piped.unwrap_or(last))
    }

    /// An argument of a function, of the type that the function wants.
    fn argument(&mut self, dot: &Value<'a>, param: Param, operand: &'a Operand) -> Eval<Value<'a>> {
        self.at = Some(Place::Operand(operand));
        match (&operand.term, param) {
            (Term::Bool(_) | Term::Number(_) | Term::String { .. }, _) => {
                self.literal(param, operand)
            }
            (Term::Nil, Param::Any | Param::Dict) => Ok(Value::Nil),
            (Term::Nil, _) => {
                Err(self.failed(&format!("cannot assign nil to {}", param.type_name())))
            }
            _ => {
                let value = self.operand(dot, operand)?;
                self.checked(value, param)
            }
        }
    }

    fn literal(&self, param: Param, operand: &'a Operand) -> Eval<Value<'a>> {
        let expected = match (param, &operand.term) {
            (Param::Any | Param::Bool, Term::Bool(value)) => return Ok(Value::Bool(*value)),
            (Param::Any, Term::Number(number)) => return self.constant(number),
            (Param::Any | Param::Str, Term::String { value, .. }) => {
                return Ok(Value::Str(Cow::Borrowed(value)));
            }
            (Param::Int, Term::Number(Number { integer: Some(integer), .. })) => {
                return Ok(Value::Int(*integer));
            }
            (Param::Float, Term::Number(number)) => return Ok(Value::Float(number.float)),
            (Param::Int, _) => "integer",
            (Param::Float, _) => "float",
            (Param::Str, _) => "string",
            (Param::Bool, _) => "bool",
            _ => {
                let kind = param.type_name();
                return Err(self.failed(&format!("can't handle {operand} for arg of type {kind}")));
            }
        };
        Err(self.failed(&format!("expected {expected}; found {operand}")))
    }

    fn checked(&self, value: Value<'a>, param: Param) -> Eval<Value<'a>> {
        if param.takes(&value) {
            return Ok(value);
        }
        let expected = param.type_name();
        Err(match value {
            Value::Nil => self.failed(&format!("invalid value; expected {expected}")),
            other => {
                let got = other.type_name();
                self.failed(&format!("wrong type for value; expected {expected}; got {got}"))
            }
        })
    }
}
