//! Bodies: text, actions and the blocks that hold bodies.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::state::{Eval, Evaluator, Place};
use crate::Scope;
use crate::ast::{Branch, Invocation, Node, Operand, Pipe, Term, Tree};
use crate::error::RenderError;
use crate::limits::{MAX_DEPTH, MAX_OUTPUT_BYTES};
use crate::printf;
use crate::value::{Value, lossy};

/// Renders a parsed template.
pub(crate) fn render(tree: &Tree, scope: &dyn Scope) -> Result<String, RenderError> {
    let root = Value::Fields(scope);
    let mut evaluator = Evaluator {
        tree,
        scope,
        out: Vec::with_capacity(tree.text.len()),
        dollar: root.clone(),
        variables: Vec::new(),
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

/// How a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

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
            let missing = if scope.missing_is_nil() { "<no value>" } else { "" };
            return self.write(scope.field(name).unwrap_or(missing).as_bytes());
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
            self.bind_turn(&names.variables, names.assigns, key, &item)?;
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
    ) -> Eval<()> {
        let values = match names {
            [] => return Ok(()),
            [_] => vec![item.clone()],
            _ => vec![key, item.clone()],
        };
        for (name, value) in names.iter().zip(values) {
            if assigns {
                self.assign(name, value)?;
            } else {
                self.variables.push((name, value));
            }
        }
        Ok(())
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
        let dollar = std::mem::replace(&mut self.dollar, dot.clone());
        let variables = std::mem::take(&mut self.variables);
        self.walk(&dot, body)?;
        self.dollar = dollar;
        self.variables = variables;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Eval<()> {
        if self.out.len() + bytes.len() > MAX_OUTPUT_BYTES {
            return Err(self.limit(MAX_OUTPUT_BYTES, "bytes of output"));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
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
