//! What a pod does with its volumes: which part of Airflow it runs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use airflow::Pod;
use airflow::component::{self, Component};

use crate::config::Namespaces;
use crate::stage::PodSource;
use crate::tail::PodFolder;
use crate::volumes::layout::folders;

/// What a pod runs, as far as it matters for the files that it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A Celery worker: the lines of its tasks are in files.
    Worker,
    /// A scheduler, which runs tasks itself where its executor is the local one.
    Scheduler,
    /// A triggerer, which writes the files of triggers.
    Triggerer,
    /// A pod of the KubernetesExecutor, which prints its task's lines.
    Executors,
    /// Something else, which may become known.
    Other,
}

/// What is known of the pods of this node: by the names of their log folders, and by whoever knows
/// more.
#[derive(Debug)]
pub struct Known {
    /// Who knows pods.
    pub pods: Arc<dyn PodSource>,
    /// Where their log folders are.
    pub pods_folder: PathBuf,
    /// Whose files are read; pods of other namespaces count as nothing.
    pub namespaces: Namespaces,
}

/// A pod whose folder was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodOf {
    /// Its namespace.
    pub namespace: String,
    /// What it does.
    pub role: Role,
}

impl Known {
    /// The pods with these uids.
    pub fn find(&self, uids: &[String]) -> HashMap<String, PodOf> {
        let mut out = HashMap::new();
        for folder in folders(&self.pods_folder) {
            let Some(name) = folder.file_name().and_then(PodFolder::parse) else { continue };
            if uids.contains(&name.uid) {
                let pod = self.pods.pod(&name.namespace, &name.pod, &name.uid);
                let is_meant = self.namespaces.has(&name.namespace);
                let role = || role(pod.as_deref(), &containers(&folder));
                let role = if is_meant { role() } else { Role::Other };
                out.insert(name.uid, PodOf { namespace: name.namespace, role });
            }
        }
        out
    }
}

/// The containers of the pod with this log folder.
fn containers(folder: &Path) -> Vec<String> {
    let names = folders(folder);
    names.iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

/// What a pod does: by its labels, by what its containers run, and where it is not known by their
/// names, which are those of the official chart.
fn role(pod: Option<&Pod>, containers: &[String]) -> Role {
    let Some(pod) = pod else { return of_names(containers) };
    if pod.is_executors() {
        return Role::Executors;
    }
    let labelled = component::labelled(pod).and_then(Component::parse).and_then(of_component);
    labelled.or_else(|| of_words(pod)).unwrap_or_else(|| of_names(containers))
}

fn of_component(component: Component) -> Option<Role> {
    match component {
        Component::Worker => Some(Role::Worker),
        Component::Scheduler => Some(Role::Scheduler),
        Component::Triggerer => Some(Role::Triggerer),
        _ => None,
    }
}

fn of_words(pod: &Pod) -> Option<Role> {
    let words: Vec<&str> =
        pod.containers.iter().flat_map(|it| &it.words).flat_map(|it| it.split(' ')).collect();
    let runs = |command: &[&str]| words.windows(command.len()).any(|words| words == command);
    let known: [(&[&str], Role); 4] = [
        (&["airflow", "celery", "worker"], Role::Worker),
        (&["airflow", "scheduler"], Role::Scheduler),
        (&["airflow", "standalone"], Role::Scheduler),
        (&["airflow", "triggerer"], Role::Triggerer),
    ];
    known.into_iter().find(|(command, _)| runs(command)).map(|(_, role)| role)
}

/// `base` is the container of an executor's pod, or of an operator's.
fn of_names(containers: &[String]) -> Role {
    let mut known = containers.iter().filter_map(|name| Component::parse(name));
    match known.find_map(of_component) {
        Some(role) => role,
        None if containers.iter().any(|name| name == "base") => Role::Executors,
        None => Role::Other,
    }
}

#[cfg(test)]
mod tests {
    use airflow::pod::Container;

    use super::*;

    #[track_caller]
    fn check(labels: Option<&[(&str, &str)]>, words: &str, containers: &[&str], expect: Role) {
        let pod = labels.map(|labels| {
            let words = words.split('|').map(ToOwned::to_owned).collect();
            let containers = vec![Container { name: "x".to_owned(), words }];
            Pod { containers, ..Pod::new("n", "p").with_labels(labels) }
        });
        let containers: Vec<String> = containers.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(role(pod.as_ref(), &containers), expect);
    }

    #[test]
    fn roles() {
        let executors = [("component", "worker"), ("kubernetes_executor", "True")];
        check(Some(&executors), "", &["base"], Role::Executors);
        check(Some(&[("component", "worker")]), "", &[], Role::Worker);
        check(Some(&[("app.kubernetes.io/component", "triggerer")]), "", &[], Role::Triggerer);
        let celery = "bash|-c|exec airflow celery worker";
        check(Some(&[]), celery, &[], Role::Worker);
        check(Some(&[("component", "airflow")]), "airflow|standalone", &[], Role::Scheduler);
        check(Some(&[]), "airflow|dag-processor", &[], Role::Other);
        check(None, "", &["worker", "worker-log-groomer"], Role::Worker);
        check(None, "", &["wait-for-migrations", "scheduler"], Role::Scheduler);
        check(None, "", &["base"], Role::Executors);
        check(None, "", &["webserver"], Role::Other);
    }
}
