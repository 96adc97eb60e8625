//! `service_name`: the label that Loki gives a stream that has none, because Grafana's log apps
//! sort by it.

use model::Labels;

/// The label.
pub const SERVICE_NAME: &str = "service_name";
/// Its value when nothing tells.
pub const UNKNOWN_SERVICE: &str = "unknown_service";

/// The labels that tell the service, by default, in the order in which they are asked.
pub const DEFAULT_SOURCES: [&str; 13] = [
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
];

/// The labels with a `service_name`: their own, else the value of the first source that they have,
/// else `unknown_service`. Without sources nothing is added.
#[must_use]
pub fn with_service_name(labels: &Labels, sources: &[String]) -> Labels {
    if sources.is_empty() || labels.get(SERVICE_NAME).is_some() {
        return labels.clone();
    }
    let found = sources.iter().find_map(|name| labels.get(name));
    labels.with(SERVICE_NAME, found.unwrap_or(UNKNOWN_SERVICE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(labels: &str, expect: &str) {
        let sources = DEFAULT_SOURCES.map(str::to_owned);
        let labels = Labels::parse(labels).unwrap();
        assert_eq!(with_service_name(&labels, &sources).get(SERVICE_NAME), Some(expect));
        assert_eq!(with_service_name(&labels, &[]), labels);
    }

    #[test]
    fn the_first_source_tells() {
        check(r#"{job="j", container="c"}"#, "c");
        check(r#"{container="c", app="a", name="n"}"#, "a");
        check(r#"{namespace="airflow"}"#, "unknown_service");
    }

    #[test]
    fn a_name_of_its_own_stays() {
        let labels = Labels::parse(r#"{service_name="mine", app="a"}"#).unwrap();
        assert_eq!(with_service_name(&labels, &DEFAULT_SOURCES.map(str::to_owned)), labels);
    }
}
