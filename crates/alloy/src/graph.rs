//! Which component needs the exports of which: the order in which they are evaluated.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::Body;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::{Reference, references};
use crate::source::{Sources, Span};

/// What depends on what among nodes that are known by dotted names.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    ids: Vec<String>,
    /// For each node, those that it refers to, with the first place where it does.
    needs: Vec<BTreeMap<usize, Span>>,
    order: Vec<usize>,
}

/// A node of a graph: its dotted name, and what is in it.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// Its dotted name.
    pub id: &'a str,
    /// Its expressions are those that stand here.
    pub body: &'a Body,
}

impl Graph {
    /// The graph of nodes. A cycle is told, and what is in it is left out of the order.
    pub fn new(nodes: &[Node<'_>], sources: &Sources, diagnostics: &mut Diagnostics) -> Self {
        let ids: Vec<String> = nodes.iter().map(|node| node.id.to_owned()).collect();
        let by_id: BTreeMap<&str, usize> =
            ids.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let needs = nodes.iter().map(|node| needs(node.body, &by_id)).collect();
        let mut graph = Self { ids, needs, order: Vec::new() };
        graph.sort(sources, diagnostics);
        graph
    }

    /// The names of the nodes, in the order in which they were given.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The nodes in an order in which each comes after all that it needs.
    #[must_use]
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The nodes that one refers to.
    pub fn needs(&self, node: usize) -> impl Iterator<Item = usize> {
        self.needs.get(node).into_iter().flat_map(|needs| needs.keys().copied())
    }

    /// The nodes that refer to one: those to evaluate anew when its exports change.
    #[must_use]
    pub fn dependents(&self, node: usize) -> Vec<usize> {
        let is_dependent = |(_, needs): &(usize, &BTreeMap<usize, Span>)| needs.contains_key(&node);
        self.needs.iter().enumerate().filter(is_dependent).map(|(at, _)| at).collect()
    }

    /// Walks the graph without recursion, since a chain may be as long as a configuration.
    fn sort(&mut self, sources: &Sources, diagnostics: &mut Diagnostics) {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut states = vec![State::New; self.ids.len()];
        let mut cyclic = BTreeSet::new();
        for start in 0..self.ids.len() {
            let mut path: Vec<(usize, Vec<usize>)> = Vec::new();
            let mut next = (states[start] == State::New).then_some(start);
            loop {
                if let Some(node) = next.take() {
                    states[node] = State::Open;
                    path.push((node, self.needs[node].keys().rev().copied().collect()));
                }
                let Some((node, rest)) = path.last_mut() else { break };
                match rest.pop() {
                    Some(needed) if states[needed] == State::New => next = Some(needed),
                    Some(needed) if states[needed] == State::Open => {
                        let from = path.iter().position(|(node, _)| *node == needed).unwrap_or(0);
                        let cycle: Vec<usize> =
                            path[from..].iter().map(|(node, _)| *node).collect();
                        diagnostics.push(self.cycle(&cycle, sources));
                        cyclic.extend(cycle);
                    }
                    Some(_) => {}
                    None => {
                        states[*node] = State::Done;
                        self.order.push(*node);
                        path.pop();
                    }
                }
            }
        }
        self.order.retain(|node| !cyclic.contains(node));
    }

    /// An error that names each node of a cycle, and where it refers to the next.
    fn cycle(&self, cycle: &[usize], sources: &Sources) -> Diagnostic {
        let next = cycle.iter().cycle().skip(1);
        let edges: Vec<(usize, usize, Span)> = cycle
            .iter()
            .zip(next)
            .map(|(from, to)| (*from, *to, self.needs[*from].get(to).copied().unwrap_or_default()))
            .collect();
        let first = edges.first().map(|(.., span)| *span).unwrap_or_default();
        let name = |node: usize| format!("\"{}\"", self.ids[node]);
        if let [(node, ..)] = edges.as_slice() {
            return Diagnostic::error(first, format!("{} refers to itself", name(*node)));
        }
        let steps: Vec<String> = edges
            .iter()
            .map(|(from, to, span)| {
                format!("{} needs {} ({})", name(*from), name(*to), sources.place(*span))
            })
            .collect();
        Diagnostic::error(first, format!("components need each other: {}", steps.join(", ")))
    }
}

/// The nodes that a body refers to.
fn needs(body: &Body, by_id: &BTreeMap<&str, usize>) -> BTreeMap<usize, Span> {
    let mut out = BTreeMap::new();
    for reference in body.expressions().into_iter().flat_map(references) {
        if let Some(node) = target(&reference, by_id) {
            out.entry(node)
                .and_modify(|span: &mut Span| *span = (*span).min(reference.span))
                .or_insert(reference.span);
        }
    }
    out
}

/// The node that a reference means: the longest name that the reference begins with.
fn target(reference: &Reference, by_id: &BTreeMap<&str, usize>) -> Option<usize> {
    let lengths = (1..=reference.names.len()).rev();
    lengths
        .into_iter()
        .find_map(|length| by_id.get(reference.names[..length].join(".").as_str()).copied())
}

#[cfg(test)]
mod tests {
    use super::{Graph, Node};
    use crate::config::Config;
    use crate::diag::Diagnostics;
    use crate::parser::parse;
    use crate::source::Sources;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let mut sources = Sources::new();
        let mut problems = Diagnostics::new();
        let file = sources.add("c", text);
        let file = parse(&sources, file, &mut problems);
        let config = Config::of_files([&file], &mut problems);
        let nodes: Vec<_> =
            config.components.iter().map(|it| Node { id: &it.id, body: &it.block.body }).collect();
        let graph = Graph::new(&nodes, &sources, &mut problems);
        let mut told: Vec<String> = graph
            .order()
            .iter()
            .map(|node| {
                let needs: Vec<_> = graph.needs(*node).map(|it| graph.ids()[it].as_str()).collect();
                format!("{} <- {}", graph.ids()[*node], needs.join(" "))
            })
            .collect();
        for (node, id) in graph.ids().iter().enumerate() {
            for dependent in graph.dependents(node) {
                assert!(graph.needs(dependent).any(|it| it == node), "{id}");
            }
        }
        told.extend(problems.iter().map(|it| format!("{}: {it}", sources.place(it.span))));
        assert_eq!(told.join("\n"), expect);
    }

    #[test]
    fn what_is_needed_comes_first() {
        check(
            "b.c \"x\" { v = [a.b.y.out[0].z, string.join(a.b.w.out, \"\")] }\na.b \"y\" { }\na.b \"w\" {\n in {\n v = a.b.y.out\n }\n}",
            "a.b.y <- \na.b.w <- a.b.y\nb.c.x <- a.b.y a.b.w",
        );
    }

    #[test]
    fn cycles_are_told() {
        check(
            "a \"x\" { v = b.y.o }\nb \"y\" { v = c.z.o }\nc \"z\" { v = a.x.o }\nd \"w\" { v = a.x.o }",
            "d.w <- a.x\nc:1:13: components need each other: \"a.x\" needs \"b.y\" (c:1:13), \
             \"b.y\" needs \"c.z\" (c:2:13), \"c.z\" needs \"a.x\" (c:3:13)",
        );
        check("a \"x\" { v = 1 + a.x.o }", "c:1:17: \"a.x\" refers to itself");
    }
}
