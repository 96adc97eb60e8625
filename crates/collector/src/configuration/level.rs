//! The components of one level: the top of a configuration, or one use of a module. It is evaluated
//! in the order of what needs what, and again only where something changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::ast::Block;
use alloy::config::{Argument, Config, Export};
use alloy::decode::{Arguments, Outcome};
use alloy::graph::{Graph, Node as GraphNode};
use alloy::{Diagnostic, Diagnostics, Environment, Scope, Value, eval};

use crate::component::{Foreign, KINDS, Kind, unknown};
use crate::configuration::module::{Building, Modules};
use crate::configuration::program::{Host, Known, News};
use crate::configuration::reference::missing;
use crate::limits::MODULE_DEPTH_MAX;

/// One level.
pub(super) struct Level {
    /// What the identities of its components begin with: nothing, or `module.label/`.
    path: String,
    nodes: Vec<Node>,
    graph: Graph,
    arguments: Vec<Argument>,
    /// What a module is given.
    given: BTreeMap<String, Value>,
    exports: Vec<Export>,
    /// Names of components that are not there; it was told.
    missing: Vec<String>,
    environment: Arc<dyn Environment>,
    is_fresh: bool,
    /// Whether it is given something that is not known yet and will be.
    is_waiting: bool,
}

/// A component, or a use of a module.
struct Node {
    id: String,
    block: Arc<Block>,
    work: Work,
    exports: Value,
}

enum Work {
    Component(&'static Kind),
    Module(Box<Level>),
    /// It is not run, and nobody knows what it would export.
    Nothing,
}

impl Level {
    /// The level of a configuration.
    pub fn build(
        config: &Config,
        path: String,
        modules: &Arc<Modules>,
        building: &mut Building<'_>,
    ) -> Self {
        for block in &config.loops {
            let message = "foreach is not supported: write a component for each element";
            building.diagnostics.push(Diagnostic::error(block.head(), message));
        }
        let nodes: Vec<Node> = config
            .components
            .iter()
            .map(|it| Node::build(&it.id, &it.block, &path, modules, building))
            .collect();
        let graph_nodes: Vec<_> =
            nodes.iter().map(|it| GraphNode { id: &it.id, body: &it.block.body }).collect();
        let graph = Graph::new(&graph_nodes, building.sources, building.diagnostics);
        let custom = modules.all_names();
        let ids: Vec<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
        let kinds = KINDS.iter().map(|kind| kind.name).chain(custom.iter().map(String::as_str));
        let kinds: Vec<&str> = kinds.collect();
        let mut not_there = Vec::new();
        for found in nodes.iter().flat_map(|node| missing(&node.block.body, &ids, &kinds)) {
            building.diagnostics.push(found.problem);
            not_there.push(found.id);
        }
        Self {
            path,
            graph,
            nodes,
            arguments: config.arguments.clone(),
            given: BTreeMap::new(),
            exports: config.exports.clone(),
            missing: not_there,
            environment: Arc::clone(&building.environment),
            is_fresh: true,
            is_waiting: false,
        }
    }

    /// Evaluates what is new, and what depends on what became known.
    pub fn evaluate(&mut self, news: &News, host: &mut dyn Host, diagnostics: &mut Diagnostics) {
        let is_all = std::mem::take(&mut self.is_fresh);
        let mut is_changed = vec![false; self.nodes.len()];
        let mut scope = self.scope();
        for at in self.graph.order().to_vec() {
            let is_due = is_all || self.graph.needs(at).any(|needed| is_changed[needed]);
            let waits = self.is_waiting
                || self.graph.needs(at).any(|needed| self.nodes[needed].is_awaited());
            let node = &mut self.nodes[at];
            let full = format!("{}{}", self.path, node.id);
            let due = (is_due, waits);
            let exports = node.evaluate(&full, due, &scope, (news, host), diagnostics);
            if exports != node.exports {
                scope.set(&node.id, exports.clone());
                node.exports = exports;
                is_changed[at] = true;
            }
        }
    }

    /// What a use of this module exports.
    fn exported(&self, diagnostics: &mut Diagnostics) -> Value {
        let scope = self.scope();
        let value = |export: &Export| match eval(&export.value, &scope) {
            Ok(value) => value,
            Err(problem) => {
                diagnostics.push(problem);
                Value::Unknown
            }
        };
        let values: Vec<Value> = self.exports.iter().map(value).collect();
        Value::object(self.exports.iter().map(|it| it.name.as_str()).zip(values))
    }

    /// Says that nothing is known of what the module is given.
    pub fn give_unknown(&mut self) {
        let names = self.arguments.iter().map(|argument| argument.name.clone());
        self.given = names.map(|name| (name, Value::Unknown)).collect();
    }

    /// What a module's use is given by its block.
    fn give(&mut self, block: &Block, scope: &Scope, diagnostics: &mut Diagnostics) {
        let mut args = Arguments::of_block(block, scope, diagnostics);
        let mut given = BTreeMap::new();
        for argument in &self.arguments {
            let is_there = block.body.attributes().any(|it| it.name.text == argument.name);
            let value = match (args.value(&argument.name), &argument.default) {
                (Some((value, _)), _) => value,
                (None, _) if is_there => Value::Unknown,
                (None, Some(default)) => eval(default, scope).unwrap_or_else(|problem| {
                    args.push(problem);
                    Value::Unknown
                }),
                (None, None) if argument.is_optional => Value::Null,
                (None, None) => {
                    let name = &argument.name;
                    let message =
                        format!("the argument \"{name}\" of \"{}\" is missing", block.name.text);
                    args.push(Diagnostic::error(block.head(), message));
                    Value::Unknown
                }
            };
            given.insert(argument.name.clone(), value);
        }
        args.finish();
        if given != self.given {
            self.given = given;
            self.is_fresh = true;
        }
    }

    fn scope(&self) -> Scope {
        let mut scope = Scope::new(Arc::clone(&self.environment));
        for id in &self.missing {
            scope.set(id, Value::Unknown);
        }
        for node in &self.nodes {
            scope.set(&node.id, node.exports.clone());
        }
        for (name, value) in &self.given {
            scope.set(&format!("argument.{name}"), Value::object([("value", value.clone())]));
        }
        scope
    }

    /// Every component, with what it needs and exports.
    pub fn known(&self, out: &mut Vec<Known>) {
        for (at, node) in self.nodes.iter().enumerate() {
            let needs = self.graph.needs(at).map(|needed| self.nodes[needed].id.as_str());
            out.push(Known {
                id: format!("{}{}", self.path, node.id),
                name: node.block.name.text.clone(),
                needs: needs.map(|id| format!("{}{id}", self.path)).collect(),
                exports: node.exports.clone(),
                block: Arc::clone(&node.block),
                is_run: !matches!(node.work, Work::Nothing),
            });
            if let Work::Module(level) = &node.work {
                level.known(out);
            }
        }
    }
}

impl Node {
    fn build(
        id: &str,
        block: &Arc<Block>,
        path: &str,
        modules: &Arc<Modules>,
        building: &mut Building<'_>,
    ) -> Self {
        let name = block.name.text.as_str();
        let (work, exports) = if let Some(kind) = Kind::find(name) {
            let unknown = kind.exports.iter().map(|(name, _)| (*name, Value::Unknown));
            (Work::Component(kind), Value::object(unknown))
        } else if let Some((config, home)) = modules.find(name) {
            (module(id, block, path, (&config, home), building), Value::Unknown)
        } else {
            let problem = match Foreign::find(name) {
                Some(foreign) => foreign.told(block),
                None => unknown(block, &modules.all_names()),
            };
            building.diagnostics.push(problem);
            (Work::Nothing, Value::Unknown)
        };
        if block.label.is_none() && !matches!(work, Work::Nothing) {
            let problem = Diagnostic::error(block.head(), format!("\"{name}\" needs a label"));
            building.diagnostics.push(problem.hint(format!("write {name} \"name\" {{ … }}")));
        }
        Self { id: id.to_owned(), block: Arc::clone(block), work, exports }
    }

    /// Whether it will export what nobody knows yet. What is not run never will.
    fn is_awaited(&self) -> bool {
        let may_tell = match &self.work {
            Work::Component(_) => true,
            Work::Module(level) => level.nodes.iter().any(Self::is_awaited),
            Work::Nothing => false,
        };
        may_tell && self.exports.has_unknown()
    }

    /// What it exports now.
    fn evaluate(
        &mut self,
        full: &str,
        (is_due, waits): (bool, bool),
        scope: &Scope,
        (news, host): (&News, &mut dyn Host),
        diagnostics: &mut Diagnostics,
    ) -> Value {
        match &mut self.work {
            Work::Component(kind) if is_due => {
                let mut args = Arguments::of_block(&self.block, scope, diagnostics);
                let settings = (kind.decode)(&mut args);
                match args.finish() {
                    Outcome::Wrong => host.wrong(full, kind),
                    Outcome::Unknown if waits => host.wait(full, kind),
                    Outcome::Complete | Outcome::Unknown => host.apply(full, kind, settings),
                }
            }
            Work::Component(_) => news.get(full).unwrap_or(&self.exports).clone(),
            Work::Module(level) => {
                if is_due {
                    level.is_waiting = waits;
                    level.give(&self.block, scope, diagnostics);
                }
                level.evaluate(news, host, diagnostics);
                level.exported(diagnostics)
            }
            Work::Nothing => Value::Unknown,
        }
    }
}

/// A use of a module.
fn module(
    id: &str,
    block: &Block,
    path: &str,
    (config, home): (&Arc<Config>, Arc<Modules>),
    building: &mut Building<'_>,
) -> Work {
    if building.around.iter().any(|around| Arc::ptr_eq(around, config)) {
        let message = format!("the module \"{}\" uses itself", block.name.text);
        building.diagnostics.push(Diagnostic::error(block.head(), message));
        return Work::Nothing;
    }
    if building.depth() >= MODULE_DEPTH_MAX {
        let message = format!("modules may use one another {MODULE_DEPTH_MAX} deep at most");
        building.diagnostics.push(Diagnostic::error(block.head(), message));
        return Work::Nothing;
    }
    building.around.push(Arc::clone(config));
    let modules = Modules::of(config, Some(home), building);
    let level = Level::build(config, format!("{path}{id}/"), &modules, building);
    building.around.pop();
    Work::Module(Box::new(level))
}
