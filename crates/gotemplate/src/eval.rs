//! Walks the tree and writes the output, with the rules and the error texts of Go's `text/template`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::Scope;
use crate::ast::{Branch, Command, Invocation, Node, Number, Operand, Pipe, Term, Tree};
use crate::error::RenderError;
use crate::func::{Context, Failure, Function, Param};
use crate::limits::{MAX_DEPTH, MAX_OUTPUT_BYTES, MAX_WORK};
use crate::printf;
use crate::value::{Value, lossy};

/// Renders a parsed template.
pub(crate) fn render(tree: &Tree, scope: &dyn Scope) -> Result<String, RenderError> {
    let root = Value::Fields(scope);
    let mut evaluator = Evaluator {
        tree,
        scope,
        out: Vec::new(),
        variables: vec![("$", root.clone())],
        at: None,
        depth: 0,
        work: 0,
    };
    evaluator.walk(&root, &tree.root)?;
    Ok(match String::from_utf8(evaluator.out) {
        Ok(text) => text,
        Err(cut) => lossy(cut.as_bytes()).into_owned(),
    })
}

struct Evaluator<'a> {
    tree: &'a Tree,
    scope: &'a dyn Scope,
    out: Vec<u8>,
    /// The variables in scope, innermost last.
    variables: Vec<(&'a str, Value<'a>)>,
    /// What is evaluated now: error messages name it.
    at: Option<Place<'a>>,
    depth: usize,
    work: usize,
}

/// A part of the tree that an error message can show.
#[derive(Clone, Copy)]
enum Place<'a> {
    Operand(&'a Operand),
    Command(&'a Command),
    Pipe(&'a Pipe),
    Invocation(&'a Invocation),
}

/// How a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Eval<T> = Result<T, RenderError>;

impl<'a> Evaluator<'a> {
    fn walk(&mut self, dot: &Value<'a>, nodes: &'a [Node]) -> Eval<Flow> {
        if self.depth > MAX_DEPTH {
            return Err(self.limit(MAX_DEPTH, "nested blocks"));
        }
        self.depth += 1;
        let flow = self.steps(dot, nodes);
        self.depth -= 1;
        flow
    }

    fn steps(&mut self, dot: &Value<'a>, nodes: &'a [Node]) -> Eval<Flow> {
        for node in nodes {
            self.spend(1)?;
            match node {
                Node::Text(text) => self.write(text.as_bytes())?,
                Node::Action(pipe) => self.action(dot, pipe)?,
                Node::If(branch) | Node::With(branch) => {
                    let rebinds = matches!(node, Node::With(_));
                    let flow = self.branch(dot, branch, rebinds)?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Range(branch) => self.range(dot, branch)?,
                Node::Template(invocation) => self.invoke(dot, invocation)?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, dot: &Value<'a>, pipe: &'a Pipe) -> Eval<()> {
        if let (Value::Fields(scope), Some(name)) = (dot, plain_field(pipe)) {
            return self.write(scope.field(name).unwrap_or_default().as_bytes());
        }
        let value = self.pipeline(dot, pipe)?;
        if !pipe.variables.is_empty() {
            return Ok(());
        }
        match &value {
            Value::Nil => self.write(b"<no value>"),
            Value::Str(text) => self.write(text),
            other => {
                let mut shown = Vec::new();
                printf::write_value(&mut shown, other);
                self.write(&shown)
            }
        }
    }

    fn branch(&mut self, dot: &Value<'a>, branch: &'a Branch, rebinds: bool) -> Eval<Flow> {
        let in_scope = self.variables.len();
        let value = self.pipeline(dot, &branch.pipe)?;
        let flow = match (value.is_true(), rebinds) {
            (true, true) => self.walk(&value, &branch.body),
            (true, false) => self.walk(dot, &branch.body),
            (false, _) => self.walk(dot, &branch.otherwise),
        };
        self.variables.truncate(in_scope);
        flow
    }

    fn range(&mut self, dot: &Value<'a>, branch: &'a Branch) -> Eval<()> {
        let in_scope = self.variables.len();
        let value = self.pipeline(dot, &branch.pipe)?;
        let names = &branch.pipe;
        // The pipeline's own variables hold the whole; each turn binds them anew.
        let base = self.variables.len();
        let mut turns = 0_usize;
        let items: Box<dyn Iterator<Item = (Value<'a>, Value<'a>)>> = match value {
            Value::Nil => Box::new(std::iter::empty()),
            Value::Int(n) | Value::Int64(n) => {
                Box::new((0..n).map(|i| (Value::Int(i), Value::Int(i))))
            }
            Value::Byte(n) => Box::new((0..n).map(|i| (Value::Byte(i), Value::Byte(i)))),
            Value::List(items) => Box::new(list_items(items)),
            Value::Map(entries) => Box::new(map_entries(&entries)),
            Value::Fields(scope) => Box::new(
                scope
                    .fields()
                    .into_iter()
                    .map(|(name, value)| (Value::borrowed(name), Value::borrowed(value))),
            ),
            other => {
                let mut shown = Vec::new();
                printf::write_value(&mut shown, &other);
                return Err(self.failed(&format!("range can't iterate over {}", lossy(&shown))));
            }
        };
        for (key, item) in items {
            turns += 1;
            self.spend(1)?;
            self.bind_turn(&names.variables, names.assigns, key, &item);
            let flow = self.walk(&item, &branch.body)?;
            self.variables.truncate(base);
            if flow == Flow::Break {
                break;
            }
        }
        if turns == 0 {
            self.walk(dot, &branch.otherwise)?;
        }
        self.variables.truncate(in_scope);
        Ok(())
    }

    /// Gives the variables of a range their values for one turn.
    fn bind_turn(
        &mut self,
        names: &'a [Box<str>],
        assigns: bool,
        key: Value<'a>,
        item: &Value<'a>,
    ) {
        let values = match names {
            [] => return,
            [_] => vec![item.clone()],
            _ => vec![key, item.clone()],
        };
        for (name, value) in names.iter().zip(values) {
            if assigns {
                self.assign(name, value);
            } else {
                self.variables.push((name, value));
            }
        }
    }

    fn assign(&mut self, name: &str, value: Value<'a>) {
        if let Some(slot) = self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            slot.1 = value;
        }
    }

    fn invoke(&mut self, dot: &Value<'a>, invocation: &'a Invocation) -> Eval<()> {
        self.at = Some(Place::Invocation(invocation));
        let Some(body) = self.tree.definitions.get(&invocation.name) else {
            return Err(self.failed(&format!("template {:?} not defined", invocation.name)));
        };
        let dot = match &invocation.pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Nil,
        };
        let outer = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        self.walk(&dot, body)?;
        self.variables = outer;
        Ok(())
    }

    fn pipeline(&mut self, dot: &Value<'a>, pipe: &'a Pipe) -> Eval<Value<'a>> {
        self.at = Some(Place::Pipe(pipe));
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(dot, command, value)?);
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value.clone());
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
            Term::Variable { name, fields } => {
                let found = self.variables.iter().rev().find(|(known, _)| **known == **name);
                let value = found.map_or(Value::Nil, |(_, value)| value.clone());
                self.fields(value, fields)?
            }
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
                Value::Fields(scope) => Value::borrowed(scope.field(name).unwrap_or_default()),
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
        regex: Option<&'a crate::func::regex::Compiled>,
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
        let context = Context { scope: self.scope, regex };
        match (function.call)(&context, &mut values) {
            Ok(value) => {
                self.spend(value.bytes().len())?;
                Ok(value)
            }
            Err(Failure::TooLarge) => Err(self.limit(MAX_OUTPUT_BYTES, "bytes in a string")),
            Err(Failure::Message(message)) => {
                self.at = Some(place);
                let name = function.name;
                Err(self.failed(&format!("error calling {name}: {message}")))
            }
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
            (Term::Nil, Param::Any) => Ok(Value::Nil),
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
            (Param::Any, Term::Bool(value)) => return Ok(Value::Bool(*value)),
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

    fn write(&mut self, bytes: &[u8]) -> Eval<()> {
        if self.out.len() + bytes.len() > MAX_OUTPUT_BYTES {
            return Err(self.limit(MAX_OUTPUT_BYTES, "bytes of output"));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn spend(&mut self, amount: usize) -> Eval<()> {
        self.work += amount;
        if self.work > MAX_WORK {
            return Err(self.limit(MAX_WORK, "steps"));
        }
        Ok(())
    }

    fn limit(&self, limit: usize, what: &'static str) -> RenderError {
        RenderError::Limit { name: self.tree.name.clone(), limit, what }
    }

    fn failed(&self, message: &str) -> RenderError {
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

/// The name, when a pipeline is no more than `.name`.
fn plain_field(pipe: &Pipe) -> Option<&str> {
    let [command] = &pipe.commands[..] else { return None };
    let [Operand { term: Term::Field(fields), .. }] = &command.operands[..] else { return None };
    let [name] = &fields[..] else { return None };
    pipe.variables.is_empty().then_some(name)
}

fn list_items<'a>(items: Rc<[Value<'a>]>) -> impl Iterator<Item = (Value<'a>, Value<'a>)> {
    (0_i64..).zip(0..items.len()).map(move |(i, at)| (Value::Int(i), items[at].clone()))
}

fn map_entries<'a>(
    entries: &BTreeMap<String, Value<'a>>,
) -> impl Iterator<Item = (Value<'a>, Value<'a>)> + use<'a> {
    let pairs: Vec<_> =
        entries.iter().map(|(key, value)| (Value::owned(key.as_bytes()), value.clone())).collect();
    pairs.into_iter()
}
