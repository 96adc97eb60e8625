//! Our own short configuration: where lines go, and which pods' they are. Everything may be left
//! out; what is left is right for a collector on every node.
//!
//! ```yaml
//! sinks:
//!   - url: http://barogram:3100
//!     token_file: /etc/barogram/token
//!     tenant: airflow
//! pods:
//!   namespaces: {include: [airflow], exclude: [kube-system]}
//!   labels: {include: {release: airflow}, exclude: {component: statsd}}
//! task_logs: auto
//! labels: {cluster: prod}
//! state_dir: /var/lib/barogram/collector
//! listen: 0.0.0.0:12345
//! ```
//!
//! It is written out as the configuration that says the same in Alloy's language, so that there is
//! one way in which all run.

use std::net::SocketAddr;
use std::path::PathBuf;

use alloy::{Diagnostic, Diagnostics, FileId, Span, quote};
use model::labels::is_label_name;

use crate::config::TaskLogsMode;
use crate::configuration::tree::{Tree, Yaml, read};
use crate::write::{Client, Endpoint};

/// A short configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Short {
    sinks: Vec<Sink>,
    pods: Pods,
    /// Which task log files are read.
    task_logs: TaskLogsMode,
    /// Labels that all lines get.
    labels: Vec<(String, String)>,
    /// Where the collector keeps its state.
    pub state_dir: Option<PathBuf>,
    /// Where its page is served.
    pub listen: Option<SocketAddr>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Sink {
    name: Option<String>,
    url: String,
    token_file: Option<String>,
    tenant: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pods {
    folder: Option<String>,
    namespaces: Chosen<String>,
    labels: Chosen<(String, String)>,
}

/// What is taken, all where nothing is named, and what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Chosen<T> {
    include: Vec<T>,
    exclude: Vec<T>,
}

impl<T> Default for Chosen<T> {
    fn default() -> Self {
        Self { include: Vec::new(), exclude: Vec::new() }
    }
}

/// Whether a text is a short configuration, and not some object of Kubernetes'.
pub(super) fn is_short(file: FileId, text: &str) -> bool {
    match read(file, text).map(|tree| tree.value) {
        Ok(Yaml::Map(entries)) => {
            !entries.iter().any(|(name, ..)| ["apiVersion", "kind"].contains(&name.as_str()))
        }
        Ok(Yaml::Nothing) => true,
        _ => false,
    }
}

/// Reads one, and tells what is wrong with it.
pub(super) fn decode(file: FileId, text: &str) -> (Short, Diagnostics) {
    let mut decoder = Decoder { problems: Diagnostics::default() };
    let mut short = Short::default();
    match read(file, text) {
        Ok(tree) => decoder.root(&tree, &mut short),
        Err(problem) => decoder.problems.push(problem),
    }
    (short, decoder.problems)
}

struct Decoder {
    problems: Diagnostics,
}

impl Decoder {
    fn root(&mut self, tree: &Tree, out: &mut Short) {
        let known = ["sinks", "pods", "task_logs", "labels", "state_dir", "listen"];
        for (name, tree) in self.fields(tree, &known) {
            match name {
                "task_logs" => out.task_logs = self.task_logs(tree),
                "sinks" => {
                    out.sinks = self.list(tree).iter().map(|tree| self.sink(tree)).collect();
                }
                "pods" => out.pods = self.pods(tree),
                "labels" => out.labels = self.labels(tree),
                "state_dir" => out.state_dir = self.text(tree).map(PathBuf::from),
                _ => out.listen = self.listen(tree),
            }
        }
    }

    fn sink(&mut self, tree: &Tree) -> Sink {
        let mut sink = Sink::default();
        let mut url_at = tree.span;
        for (name, tree) in self.fields(tree, &["url", "token_file", "tenant", "name"]) {
            let text = self.text(tree);
            match name {
                "url" => (sink.url, url_at) = (text.unwrap_or_default(), tree.span),
                "token_file" => sink.token_file = text,
                "tenant" => sink.tenant = text,
                _ => sink.name = text,
            }
        }
        if let Err(error) = Client::check(&Endpoint::of_store(&sink.url)) {
            self.wrong(url_at, format!("a sink needs a url: {error}"));
        }
        sink
    }

    fn pods(&mut self, tree: &Tree) -> Pods {
        let mut pods = Pods::default();
        for (name, tree) in self.fields(tree, &["namespaces", "labels", "folder"]) {
            match name {
                "namespaces" => pods.namespaces = self.chosen(tree, Self::texts),
                "labels" => pods.labels = self.chosen(tree, Self::pairs),
                _ => pods.folder = self.text(tree),
            }
        }
        pods
    }

    fn chosen<T>(&mut self, tree: &Tree, values: fn(&mut Self, &Tree) -> Vec<T>) -> Chosen<T> {
        let mut chosen = Chosen::default();
        for (name, tree) in self.fields(tree, &["include", "exclude"]) {
            match name {
                "include" => chosen.include = values(self, tree),
                _ => chosen.exclude = values(self, tree),
            }
        }
        chosen
    }

    fn labels(&mut self, tree: &Tree) -> Vec<(String, String)> {
        for (name, at, _) in entries(tree) {
            if !is_label_name(name) {
                let message = format!(
                    "label name \"{name}\" must consist of letters, digits and underscores, and \
                     not begin with a digit"
                );
                self.wrong(*at, message);
            }
        }
        self.pairs(tree)
    }

    fn task_logs(&mut self, tree: &Tree) -> TaskLogsMode {
        let mode = self.text(tree).unwrap_or_default().parse();
        mode.unwrap_or_else(|problem: String| {
            self.wrong(tree.span, problem);
            TaskLogsMode::Auto
        })
    }

    fn listen(&mut self, tree: &Tree) -> Option<SocketAddr> {
        let text = self.text(tree)?;
        let address = text.parse().ok();
        if address.is_none() {
            let message = format!("{text:?} is no address with a port, such as \"0.0.0.0:12345\"");
            self.wrong(tree.span, message);
        }
        address
    }

    fn texts(&mut self, tree: &Tree) -> Vec<String> {
        self.list(tree).iter().filter_map(|tree| self.text(tree)).collect()
    }

    fn pairs(&mut self, tree: &Tree) -> Vec<(String, String)> {
        if !matches!(tree.value, Yaml::Map(_) | Yaml::Nothing) {
            self.wrong(tree.span, "here must be names and values");
        }
        let pairs = entries(tree).iter();
        pairs.filter_map(|(name, _, value)| Some((name.clone(), self.text(value)?))).collect()
    }

    fn list<'a>(&mut self, tree: &'a Tree) -> &'a [Tree] {
        match &tree.value {
            Yaml::List(items) => items,
            Yaml::Nothing => &[],
            _ => {
                self.wrong(tree.span, "here must be a list");
                &[]
            }
        }
    }

    fn text(&mut self, tree: &Tree) -> Option<String> {
        match &tree.value {
            Yaml::Text(text) => Some(text.clone()),
            _ => {
                self.wrong(tree.span, "here must be a text");
                None
            }
        }
    }

    /// The fields of a map that are known, each once.
    fn fields<'a>(
        &mut self,
        tree: &'a Tree,
        known: &[&'static str],
    ) -> Vec<(&'static str, &'a Tree)> {
        if !matches!(tree.value, Yaml::Map(_) | Yaml::Nothing) {
            let message = format!("here must be names and values: {}", known.join(", "));
            self.wrong(tree.span, message);
        }
        let mut fields: Vec<(&'static str, &Tree)> = Vec::new();
        for (name, at, value) in entries(tree) {
            match known.iter().find(|known| *known == name) {
                Some(known) if fields.iter().any(|(other, _)| other == known) => {
                    self.wrong(*at, format!("\"{name}\" is there already"));
                }
                Some(known) => fields.push((*known, value)),
                None => {
                    let message =
                        format!("there is no \"{name}\" here; there may be {}", known.join(", "));
                    let problem = Diagnostic::error(*at, message);
                    self.problems.push(problem.nearest(name, known.iter().copied()));
                }
            }
        }
        fields
    }

    fn wrong(&mut self, at: Span, message: impl Into<String>) {
        self.problems.push(Diagnostic::error(at, message));
    }
}

fn entries(tree: &Tree) -> &[(String, Span, Tree)] {
    match &tree.value {
        Yaml::Map(entries) => entries,
        _ => &[],
    }
}

impl Short {
    /// The configuration that says the same in Alloy's language.
    pub fn written_out(&self) -> String {
        let mut rules = String::new();
        let Pods { folder, namespaces, labels } = &self.pods;
        choose(&mut rules, "__meta_kubernetes_namespace", "keep", &namespaces.include);
        choose(&mut rules, "__meta_kubernetes_namespace", "drop", &namespaces.exclude);
        for (action, pairs) in [("keep", &labels.include), ("drop", &labels.exclude)] {
            for (name, value) in pairs {
                let source = format!("__meta_kubernetes_pod_label_{}", discovered(name));
                choose(&mut rules, &source, action, std::slice::from_ref(value));
            }
        }
        let folder = folder.as_deref().unwrap_or("/var/log/pods").trim_end_matches('/');
        let labels = self.labels.iter();
        let labels = labels.map(|(name, value)| format!("{} = {}, ", quote(name), quote(value)));
        FORM.replace("TASK_LOGS", &self.task_logs())
            .replace("POD_ENDS", &self.pod_ends())
            .replace("RULES", &rules)
            .replace("PATHS", &quote(&format!("{folder}/*_${{1}}/${{2}}/*.log")))
            .replace("LABELS", &labels.collect::<String>())
            .replace("ENDPOINTS", &self.endpoints())
    }

    /// What reads task logs. Which pods are meant it knows by their namespaces alone.
    fn task_logs(&self) -> String {
        let mode = match self.task_logs {
            TaskLogsMode::Auto => "auto",
            TaskLogsMode::On => "on",
            TaskLogsMode::Off => return String::new(),
        };
        let namespaces = self.namespaces();
        format!(
            "airflow.task_logs \"volumes\" {{\n  mode = \"{mode}\"\n{namespaces}  forward_to = \
             [loki.write.sinks.receiver]\n}}\n\n"
        )
    }

    /// What tells why pods failed, likewise.
    fn pod_ends(&self) -> String {
        let namespaces = self.namespaces();
        format!(
            "airflow.pod_ends \"pods\" {{\n{namespaces}  forward_to = \
             [loki.write.sinks.receiver]\n}}\n\n"
        )
    }

    /// The arguments that say whose pods are meant.
    fn namespaces(&self) -> String {
        let list = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
            names.join(", ")
        };
        let Chosen { include, exclude } = &self.pods.namespaces;
        let (include, exclude) = (list(include), list(exclude));
        format!("  namespaces = [{include}]\n  exclude_namespaces = [{exclude}]\n")
    }

    fn endpoints(&self) -> String {
        let local = [Sink { url: "http://127.0.0.1:3100".to_owned(), ..Sink::default() }];
        let sinks = if self.sinks.is_empty() { &local } else { self.sinks.as_slice() };
        let mut out = String::new();
        for sink in sinks {
            let url = Endpoint::of_store(&sink.url).url;
            let fields = [
                ("url", Some(&url)),
                ("name", sink.name.as_ref()),
                ("tenant_id", sink.tenant.as_ref()),
                ("bearer_token_file", sink.token_file.as_ref()),
            ];
            out.push_str("  endpoint {\n    batch_wait = \"200ms\"\n");
            for (name, value) in fields {
                out.extend(value.map(|value| format!("    {name} = {}\n", quote(value))));
            }
            out.push_str("  }\n");
        }
        out
    }
}

/// What is written out, with places for what is told. Pods of other nodes are asked for where
/// nobody tells the node's name, and match no file.
const FORM: &str = r#"discovery.kubernetes "pods" {
  role = "pod"
  selectors {
    role  = "pod"
    field = string.trim_suffix(string.replace("spec.nodeName=" + coalesce(sys.env("NODE_NAME"), "") + ";", "spec.nodeName=;", ""), ";")
  }
}

discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets
RULES  rule {
    source_labels = ["__meta_kubernetes_pod_uid", "__meta_kubernetes_pod_container_name"]
    separator     = "/"
    regex         = "(.+)/(.+)"
    replacement   = PATHS
    target_label  = "__path__"
  }
  rule {
    source_labels = ["__meta_kubernetes_pod_annotation_kubernetes_io_config_hash", "__meta_kubernetes_pod_container_name"]
    separator     = "/"
    regex         = "(.+)/(.+)"
    replacement   = PATHS
    target_label  = "__path__"
  }
}

local.file_match "pods" { path_targets = discovery.relabel.pods.output }

loki.source.file "pods" {
  targets    = local.file_match.pods.targets
  forward_to = [loki.process.pods.receiver]
}

loki.process "pods" {
  stage.cri { }
  stage.traceback { }
  stage.airflow { }
  stage.label_drop { values = ["filename"] }
  stage.structured_metadata { values = { stream = "" } }
  forward_to = [loki.write.sinks.receiver]
}

TASK_LOGSPOD_ENDSloki.write "sinks" {
  external_labels = { LABELS}
ENDPOINTS}
"#;

/// A rule that keeps or drops targets by a label that has one of these values, if there are any.
fn choose(out: &mut String, source: &str, action: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    let regex: Vec<String> = values.iter().map(|value| literally(value)).collect();
    let (source, regex) = (quote(source), quote(&regex.join("|")));
    out.push_str(&format!(
        "  rule {{\n    source_labels = [{source}]\n    regex = {regex}\n    action = \"{action}\"\n  \
         }}\n"
    ));
}

/// A name as discovery changes it.
fn discovered(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// An expression that matches nothing but this.
fn literally(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() && c != '_' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests;
