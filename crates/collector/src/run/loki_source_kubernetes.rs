//! `loki.source.kubernetes` at work.
//!
//! Alloy asks the API server for the lines of each container, which comes too late for a pod that
//! lives a moment. What the API server would tell stands in the files of this node: they are read,
//! unwrapped as the kubelet unwraps them, with the labels that Alloy's component gives. Containers
//! whose files are not here are asked for as Alloy does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use alloy::Target;
use model::Labels;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::component::loki_source_kubernetes::Settings;
use crate::run::births::Births;
use crate::run::follow::Files;
use crate::run::glob::{Listing, Pattern};
use crate::run::loki_source_file::is_kept;
use crate::run::pod_logs::{self, Container as Named, Wanted};
use crate::run::read::{Reading, Source, read};
use crate::run::stats::Stats;

/// Reads until it is told to end.
pub async fn run(
    files: Files,
    settings: watch::Receiver<Settings>,
    births: Arc<Births>,
    (stats, cancel): (Arc<Stats>, CancellationToken),
    logs: pod_logs::Parts,
) {
    let source =
        Source { settings, forward_to: |it| &it.forward_to, wanted, looks_for_files: |_| true };
    let files = read(source, Reading { files, births, stats, cancel });
    tokio::join!(files, pod_logs::run(logs));
}

/// The container that a target is, for the API.
pub fn by_api(target: &Target, settings: &Settings) -> Option<Wanted> {
    let container = Container::of(target)?;
    let labels = container.labels(target, settings.keeps_meta);
    let Container { namespace, pod, container, uid } = container;
    let folder = format!("{namespace}_{pod}_{uid}");
    let is_plain = |name: &String| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    if ![&namespace, &pod, &container].into_iter().all(is_plain) {
        return None;
    }
    let find = |name: &str| target.get(&format!("__meta_kubernetes_pod_{name}")).cloned();
    let phase = find("phase").unwrap_or_default();
    Some(Wanted {
        container: Named { namespace, pod, container },
        folder,
        labels,
        node: find("node_name"),
        is_finished: ["Succeeded", "Failed"].contains(&phase.as_str()),
        state: format!("{phase} {}", find("container_id").unwrap_or_default()),
    })
}

/// The names of the files of all containers, and the labels that their lines get.
fn wanted(settings: &Settings, births: &Births) -> BTreeMap<PathBuf, Vec<Labels>> {
    let (mut listing, held) = (Listing::default(), births.paths());
    let mut wanted: BTreeMap<PathBuf, Vec<Labels>> = BTreeMap::new();
    for target in &settings.targets {
        let Some(container) = Container::of(target) else { continue };
        let root = births.root().display();
        let Container { namespace, pod, container: name, uid } = &container;
        let pattern = Pattern::new(&format!("{root}/{namespace}_{pod}_{uid}/{name}/*.log"));
        let held = held.iter().filter(|path| pattern.matches(path)).cloned();
        let labels = container.labels(target, settings.keeps_meta);
        for path in pattern.files(&mut listing).into_iter().chain(held) {
            let known = wanted.entry(path).or_default();
            if !known.contains(&labels) {
                known.push(labels.clone());
            }
        }
    }
    wanted
}

/// Which container a target is.
struct Container {
    namespace: String,
    pod: String,
    container: String,
    uid: String,
}

impl Container {
    fn of(target: &Target) -> Option<Self> {
        let find = |own: &str, discovered: &str| {
            let found = target.get(own).or_else(|| target.get(discovered))?;
            // A name of Kubernetes' has nothing of a pattern.
            let is_name = !found.is_empty() && !found.contains(['*', '?', '[', '{', '/']);
            is_name.then(|| found.clone())
        };
        Some(Self {
            namespace: find("__pod_namespace__", "__meta_kubernetes_namespace")?,
            pod: find("__pod_name__", "__meta_kubernetes_pod_name")?,
            container: find("__pod_container_name__", "__meta_kubernetes_pod_container_name")?,
            // A static pod's folder has the hash of its configuration in the place of the uid.
            uid: find("", "__meta_kubernetes_pod_annotation_kubernetes_io_config_hash")
                .or_else(|| find("__pod_uid__", "__meta_kubernetes_pod_uid"))
                .unwrap_or_else(|| "*".to_owned()),
        })
    }

    fn labels(&self, target: &Target, keeps_meta: bool) -> Labels {
        let Self { namespace, pod, container, .. } = self;
        let instance = format!("{namespace}/{pod}:{container}");
        let own = target.iter().filter(|(name, _)| is_kept(name, keeps_meta));
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        Labels::new([("instance", instance.as_str())].into_iter().chain(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_container() {
        let target = |pairs: &[(&str, &str)]| -> Target {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let full = target(&[
            ("__meta_kubernetes_namespace", "a"),
            ("__meta_kubernetes_pod_name", "p"),
            ("__meta_kubernetes_pod_container_name", "c"),
            ("__meta_kubernetes_pod_uid", "u"),
            ("app", "x"),
        ]);
        let found = Container::of(&full).unwrap();
        assert_eq!(found.uid, "u");
        assert_eq!(found.labels(&full, false).to_string(), r#"{app="x", instance="a/p:c"}"#);
        assert!(Container::of(&target(&[("__pod_name__", "p")])).is_none());
    }
}
