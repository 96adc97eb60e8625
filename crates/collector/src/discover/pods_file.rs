//! Pods from a file: a Kubernetes `PodList` as JSON, as `kubectl get pods -o json` prints it.
//!
//! It is read again whenever it changes. A pod that was in it stays known for a while: its lines
//! may still be on their way when Kubernetes has forgotten it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use airflow::Pod;
use airflow::pod::Container;
use serde::Deserialize;

use crate::Error;
use crate::limits::GONE_PODS_MAX;
use crate::stage::PodSource;

/// The annotation that holds the uid under which the kubelet knows a static pod.
const CONFIG_HASH: &str = "kubernetes.io/config.hash";

/// A source of pods that reads them from a file.
#[derive(Debug)]
pub struct PodsFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Size, inode and time of change of what was read last.
    read: Option<(u64, u64, i64, i64)>,
    /// By the uid in the name of the log folder.
    pods: HashMap<String, Arc<Pod>>,
    /// The uids of those that are not in the list any more, the first to go first.
    gone: VecDeque<String>,
}

impl PodsFile {
    /// The pods in this file. It may come into being later.
    ///
    /// # Errors
    /// When the file is there and is not a list of pods.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let file = Self { path: path.into(), state: Mutex::default() };
        let read = file.refresh(&mut file.lock());
        match read {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(Error::PodsFile { path: file.path, source })
            }
            _ => Ok(file),
        }
    }

    /// Reads the file if it has changed.
    fn refresh(&self, state: &mut State) -> io::Result<()> {
        let now = fs::metadata(&self.path)?;
        let now = (now.size(), now.ino(), now.mtime(), now.mtime_nsec());
        if state.read == Some(now) {
            return Ok(());
        }
        state.replace(read(&self.path)?);
        state.read = Some(now);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a new list; those that are in it no more are kept, up to a bound.
    fn replace(&mut self, list: Vec<Pod>) {
        let mut listed = HashMap::new();
        for pod in list.into_iter().map(Arc::new) {
            if let Some(hash) = pod.annotations.get(CONFIG_HASH) {
                listed.insert(hash.clone(), Arc::clone(&pod));
            }
            listed.insert(pod.uid.clone(), pod);
        }
        self.gone.retain(|uid| !listed.contains_key(uid));
        let was_listed: HashSet<&String> = self.gone.iter().collect();
        let is_new = |uid: &&String| !listed.contains_key(*uid) && !was_listed.contains(uid);
        let newly_gone: Vec<String> = self.pods.keys().filter(is_new).cloned().collect();
        self.gone.extend(newly_gone);
        while self.gone.len() > GONE_PODS_MAX {
            self.gone.pop_front().map(|uid| self.pods.remove(&uid));
        }
        self.pods.extend(listed);
    }
}

impl PodSource for PodsFile {
    fn pod(&self, namespace: &str, name: &str, uid: &str) -> Option<Arc<Pod>> {
        let mut state = self.lock();
        if let Err(error) = self.refresh(&mut state) {
            // It is asked again and again while a pod is unknown, so it may well be half written.
            let path = self.path.display();
            tracing::debug!(%path, %error, "the pods file cannot be read now");
        }
        let pod = state.pods.get(uid)?;
        (pod.namespace == namespace && pod.name == name).then(|| Arc::clone(pod))
    }
}

fn read(path: &Path) -> io::Result<Vec<Pod>> {
    #[derive(Deserialize)]
    struct PodList {
        items: Vec<Item>,
    }
    let list: PodList = serde_json::from_slice(&fs::read(path)?)?;
    Ok(list.items.into_iter().map(Pod::from).collect())
}

/// What is needed of a pod as the API server tells it.
#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: Option<String>,
    containers: Vec<ContainerSpec>,
}

#[derive(Deserialize)]
struct ContainerSpec {
    name: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    args: Vec<String>,
}

impl From<Item> for Pod {
    fn from(Item { metadata, spec }: Item) -> Self {
        let containers = spec.containers.into_iter().map(|container| Container {
            name: container.name,
            words: container.command.into_iter().chain(container.args).collect(),
        });
        Self {
            namespace: metadata.namespace,
            name: metadata.name,
            uid: metadata.uid,
            node: spec.node_name,
            labels: metadata.labels,
            annotations: metadata.annotations,
            containers: containers.collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULER: &str = r#"{"metadata": {"name": "s", "namespace": "a", "uid": "1",
        "labels": {"tier": "airflow"}, "annotations": {"kubernetes.io/config.hash": "h"}},
        "spec": {"nodeName": "n", "containers": [
            {"name": "c", "command": ["x"], "args": ["y"]}]}}"#;

    #[test]
    fn a_file_that_comes_and_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pods.json");
        let pods = PodsFile::open(&path).unwrap();
        assert_eq!(pods.pod("a", "s", "1"), None);
        fs::write(&path, format!(r#"{{"items": [{SCHEDULER}]}}"#)).unwrap();
        let pod = pods.pod("a", "s", "1").unwrap();
        assert_eq!(pod.node.as_deref(), Some("n"));
        assert_eq!(pod.containers[0].words, ["x", "y"]);
        assert_eq!(pods.pod("a", "s", "h"), Some(pod), "as a static pod");
        assert_eq!(pods.pod("b", "s", "1"), None, "of another namespace");
        fs::write(&path, r#"{"items": []}"#).unwrap();
        assert!(pods.pod("a", "s", "1").is_some(), "a pod stays known");
    }

    #[test]
    fn pods_that_are_gone_are_forgotten_in_their_turn() {
        let pod = |no: usize| Pod { uid: no.to_string(), ..Pod::new("a", "p") };
        let mut state = State::default();
        state.replace(vec![pod(0)]);
        state.replace((1..=GONE_PODS_MAX).map(pod).collect());
        assert!(state.pods.contains_key("0"));
        state.replace(Vec::new());
        assert!(!state.pods.contains_key("0"));
        assert_eq!(state.pods.len(), GONE_PODS_MAX);
        state.replace(vec![pod(1)]);
        assert!(!state.gone.contains(&"1".to_owned()), "one that comes back is not gone");
    }

    #[test]
    fn a_file_that_is_no_list_is_told_of_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pods.json");
        fs::write(&path, "[]").unwrap();
        assert!(matches!(PodsFile::open(&path), Err(Error::PodsFile { .. })));
    }
}
