//! How the pods of tasks ended that failed, told once each: why a task was killed is in no line of
//! its own.

use std::collections::HashSet;

use airflow::pod::{Attribution, PodEnd, attribute};
use airflow::{Level, Pod, column};
use k8s_openapi::api::core::v1::{Pod as Object, PodStatus};
use model::{Entry, Labels};
use tokio::sync::mpsc;

use crate::limits::{GONE_PODS_MAX, POD_ENDS_MAX};

/// Tells of each pod's end.
#[derive(Debug)]
pub struct PodEnds {
    sender: mpsc::Sender<(Labels, Entry)>,
    /// The uids of pods whose end was told.
    told: HashSet<String>,
}

impl PodEnds {
    /// What tells, and what hears.
    pub fn new() -> (Self, mpsc::Receiver<(Labels, Entry)>) {
        let (sender, receiver) = mpsc::channel(POD_ENDS_MAX);
        (Self { sender, told: HashSet::new() }, receiver)
    }

    /// Looks whether a pod has ended, and tells it if that is news. Where nobody has room to hear
    /// of it, it is told with what the server says of the pod next.
    pub fn look(&mut self, pod: &Pod, object: &Object) {
        let Some(end) = object.status.as_ref().and_then(end).filter(PodEnd::has_failed) else {
            return;
        };
        if self.told.contains(&pod.uid) {
            return;
        }
        let Some(entry) = entry(pod, &end) else { return };
        if self.sender.try_send(entry).is_ok() {
            if self.told.len() >= GONE_PODS_MAX {
                self.told.clear();
            }
            self.told.insert(pod.uid.clone());
        }
    }

    /// Forgets a pod that is gone.
    pub fn forget(&mut self, pod: &Pod) {
        self.told.remove(&pod.uid);
    }
}

/// The entry that tells it, of a pod that ran a try.
fn entry(pod: &Pod, end: &PodEnd) -> Option<(Labels, Entry)> {
    let of: Attribution = attribute(pod).filter(|_| pod.is_executors())?;
    of.task.task_try()?;
    let container = pod.containers.first().map_or("", |container| &*container.name);
    let place = column::Place { pod, container, stream: "" };
    let column::Columns { labels, metadata } =
        column::columns(&place, Some(&of), Some(Level::Error));
    let labels = labels.with_all([("source", PodEnd::SOURCE)]);
    Some((labels, Entry { timestamp: end.at()?, line: end.line(), metadata }))
}

/// How the pod's first container ended, or the pod as a whole where that is not told.
fn end(status: &PodStatus) -> Option<PodEnd> {
    let containers = status.container_statuses.iter().flatten();
    let mut states =
        containers.filter_map(|container| container.state.as_ref()?.terminated.as_ref());
    let is_evicted = status.phase.as_deref() == Some("Failed") && status.reason.is_some();
    if let Some(state) = states.next() {
        let reason = status.reason.clone().filter(|_| is_evicted).or(state.reason.clone());
        let finished = state.finished_at.as_ref()?.0.to_string();
        return Some(PodEnd::new(&finished, Some(state.exit_code), reason));
    }
    let conditions = status.conditions.iter().flatten();
    let since = conditions.filter_map(|condition| Some(condition.last_transition_time.as_ref()?.0));
    let finished = since.max()?.to_string();
    is_evicted.then(|| PodEnd::new(&finished, None, status.reason.clone()))
}
