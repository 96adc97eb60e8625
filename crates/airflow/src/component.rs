//! Which part of Airflow a container runs.

use std::fmt;

use crate::pod::Pod;

/// A part of an Airflow deployment, named as the official Helm chart names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Component {
    /// Plans task instances and hands them to the executor.
    Scheduler,
    /// Runs the triggers of deferred tasks.
    Triggerer,
    /// Parses DAG files.
    DagProcessor,
    /// Airflow 3: the API, for users and for tasks.
    ApiServer,
    /// Airflow 2: the web interface.
    Webserver,
    /// Runs tasks: a Celery worker, or the pod of one task.
    Worker,
}

impl Component {
    const ALL: [Self; 6] = [
        Self::Scheduler,
        Self::Triggerer,
        Self::DagProcessor,
        Self::ApiServer,
        Self::Webserver,
        Self::Worker,
    ];

    /// The component of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.as_str() == name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduler => "scheduler",
            Self::Triggerer => "triggerer",
            Self::DagProcessor => "dag-processor",
            Self::ApiServer => "api-server",
            Self::Webserver => "webserver",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the pod's own labels call its component: `app.kubernetes.io/component`, else the chart's
/// `component`. Verbatim, and for any pod, Airflow's or not.
#[must_use]
pub fn labelled(pod: &Pod) -> Option<&str> {
    let label = |name: &str| pod.labels.get(name).map(String::as_str);
    label("app.kubernetes.io/component").or_else(|| label("component"))
}

/// The component that a container runs: what the pod's labels say; else the pod of the
/// KubernetesExecutor is a worker; else the name of the container, where the pod is Airflow's and
/// the name is one of the chart's.
#[must_use]
pub fn of<'a>(pod: &'a Pod, container: &str) -> Option<&'a str> {
    labelled(pod).or_else(|| pod.is_executors().then_some(Component::Worker.as_str())).or_else(
        || {
            let named = Component::parse(container).map(Component::as_str);
            named.filter(|_| pod.is_airflow())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(labels: &[(&str, &str)], container: &str, expect: Option<&str>) {
        let pod = Pod::new("airflow", "p").with_labels(labels);
        assert_eq!(of(&pod, container), expect, "for {labels:?} {container}");
    }

    #[test]
    fn labels_come_before_names() {
        check(&[("component", "triggerer"), ("tier", "airflow")], "x", Some("triggerer"));
        check(&[("component", "a"), ("app.kubernetes.io/component", "b")], "x", Some("b"));
        check(&[("kubernetes_executor", "True")], "base", Some("worker"));
        check(&[("tier", "airflow")], "dag-processor", Some("dag-processor"));
        check(&[("tier", "airflow")], "git-sync", None);
        check(&[], "worker", None);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for component in Component::ALL {
            assert_eq!(Component::parse(component.as_str()), Some(component));
        }
    }
}
