//! Who depends on whom, as cargo resolved it.
//!
//! Only normal dependencies count: what a test or a build script needs is not part of the product.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// What our packages' names begin with; the folder and the import table leave it out.
const OURS: &str = "barogram-";

/// The packages and what each needs.
#[derive(Debug, Default)]
pub struct Graph {
    /// The crates of this workspace, by the name of their folder.
    members: BTreeMap<String, Member>,
    /// Every package of the build, by cargo's id, with the ids it needs.
    needs: BTreeMap<String, BTreeSet<String>>,
    /// The name of each package.
    names: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Member {
    id: String,
    direct: BTreeSet<String>,
}

impl Graph {
    /// Asks cargo about the workspace at `root`.
    ///
    /// # Errors
    /// When cargo fails or its answer is not what `--format-version 1` promises.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let answer = Command::new(cargo)
            .args(["metadata", "--format-version", "1"])
            .current_dir(root)
            .output()
            .context("failed to run cargo")?;
        let complaint = String::from_utf8_lossy(&answer.stderr);
        ensure!(answer.status.success(), "cargo metadata failed: {}", complaint.trim());
        let metadata =
            serde_json::from_slice(&answer.stdout).context("cargo metadata: bad JSON")?;
        Self::parse(&metadata).context("cargo metadata: a field is missing")
    }

    /// Reads the answer of `cargo metadata`.
    pub fn parse(metadata: &Value) -> Option<Self> {
        let ours: BTreeSet<&str> = texts(&metadata["workspace_members"])?.collect();
        let mut graph = Self::default();
        for package in metadata["packages"].as_array()? {
            let (id, name) = (package["id"].as_str()?, package["name"].as_str()?);
            graph.names.insert(id.to_owned(), name.to_owned());
            if ours.contains(id) {
                let direct = direct(package)?;
                graph.members.insert(short(name).to_owned(), Member { id: id.to_owned(), direct });
            }
        }
        for node in metadata["resolve"]["nodes"].as_array()? {
            graph.needs.insert(node["id"].as_str()?.to_owned(), normal(node)?);
        }
        Some(graph)
    }

    /// The crates of this workspace.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// The crates of this workspace that a crate names in its manifest.
    pub fn our_imports(&self, member: &str) -> Vec<&str> {
        let direct = self.members.get(member).map(|it| &it.direct);
        let ours = direct.into_iter().flatten().map(|name| short(name));
        ours.filter(|name| self.members.contains_key(*name)).collect()
    }

    /// Whether a crate's manifest names a package that `wanted` accepts, and which.
    pub fn direct_import(&self, member: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let mut direct = self.members.get(member)?.direct.iter();
        direct.find(|name| wanted(short(name))).map(|name| short(name).to_owned())
    }

    /// The shortest chain of packages by which a crate reaches one that `wanted` accepts.
    pub fn chain(&self, member: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let mut reached_by = BTreeMap::new();
        let mut frontier = vec![self.members.get(member)?.id.as_str()];
        while !frontier.is_empty() {
            let mut next = Vec::new();
            for from in frontier {
                for to in self.needs.get(from).into_iter().flatten() {
                    if reached_by.contains_key(to.as_str()) {
                        continue;
                    }
                    reached_by.insert(to.as_str(), from);
                    if wanted(self.name(to)) {
                        return Some(self.show_chain(to, &reached_by));
                    }
                    next.push(to.as_str());
                }
            }
            frontier = next;
        }
        None
    }

    fn show_chain(&self, end: &str, reached_by: &BTreeMap<&str, &str>) -> String {
        let chain: Vec<&str> =
            std::iter::successors(Some(end), |at| reached_by.get(at).copied()).collect();
        let names: Vec<&str> = chain.into_iter().rev().map(|id| self.name(id)).collect();
        names.join(" → ")
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        short(self.names.get(id).map_or(id, String::as_str))
    }
}

/// A package's name as the import table writes it.
fn short(name: &str) -> &str {
    name.strip_prefix(OURS).unwrap_or(name)
}

/// The names in a manifest's `[dependencies]`.
fn direct(package: &Value) -> Option<BTreeSet<String>> {
    let dependencies = package["dependencies"].as_array()?.iter();
    let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
    normal.map(|dependency| Some(dependency["name"].as_str()?.to_owned())).collect()
}

/// The ids of a resolved package's normal dependencies.
fn normal(node: &Value) -> Option<BTreeSet<String>> {
    let is_normal = |dep: &&Value| {
        dep["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|it| it["kind"].is_null()))
    };
    let deps = node["deps"].as_array()?.iter().filter(is_normal);
    deps.map(|dep| Some(dep["pkg"].as_str()?.to_owned())).collect()
}

/// The strings of a JSON array.
fn texts(value: &Value) -> Option<impl Iterator<Item = &str>> {
    Some(value.as_array()?.iter().filter_map(Value::as_str))
}

/// A graph of `member needs a b` lines; a package that has no line of its own is not ours.
#[cfg(test)]
pub fn graph(lines: &[&str]) -> Graph {
    let mut graph = Graph::default();
    for line in lines {
        let (name, needs) = line.split_once(':').unwrap();
        let needs: BTreeSet<String> = needs.split_whitespace().map(str::to_owned).collect();
        let (name, is_ours) = name.strip_prefix('*').map_or((name, true), |name| (name, false));
        if is_ours {
            let member = Member { id: name.to_owned(), direct: needs.clone() };
            graph.members.insert(name.to_owned(), member);
        }
        graph.needs.insert(name.to_owned(), needs);
    }
    graph
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Graph, graph};

    #[test]
    fn reads_what_cargo_answers() {
        let dependency = |name: &str, kind: Option<&str>| json!({"name": name, "kind": kind});
        let edge = |id: &str, kind: Option<&str>| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "workspace_members": ["1", "2"],
            "packages": [
                {"id": "1", "name": "barogram-a", "dependencies": [
                    dependency("barogram-b", None), dependency("serde", Some("dev"))]},
                {"id": "2", "name": "barogram-b", "dependencies": [dependency("tokio", None)]},
                {"id": "3", "name": "tokio", "dependencies": []},
                {"id": "4", "name": "serde", "dependencies": []},
            ],
            "resolve": {"nodes": [
                {"id": "1", "deps": [edge("2", None), edge("4", Some("dev"))]},
                {"id": "2", "deps": [edge("3", None)]},
            ]},
        });
        let graph = Graph::parse(&metadata).unwrap();
        assert_eq!(graph.members().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(graph.our_imports("a"), ["b"]);
        assert_eq!(graph.chain("a", |name| name == "tokio").unwrap(), "a → b → tokio");
        assert_eq!(graph.chain("a", |name| name == "serde"), None);
        assert!(Graph::parse(&json!({})).is_none());
    }

    #[test]
    fn finds_the_shortest_chain() {
        let graph = graph(&["a:b c", "b:c", "c:*d", "*d:e", "*c:x"]);
        assert_eq!(graph.chain("a", |name| name == "c").unwrap(), "a → c");
        assert_eq!(graph.direct_import("a", |name| name == "b"), Some("b".to_owned()));
        assert_eq!(graph.direct_import("a", |name| name == "*d"), None);
    }
}
