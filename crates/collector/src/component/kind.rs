//! The table of components: what each is called, exports, and reads.

use alloy::decode::Arguments;

use crate::component::remote_kubernetes::{Sort, decode as decode_remote};
use crate::component::{
    airflow_pod_ends, airflow_task_logs, discovery_docker, discovery_file, discovery_kubernetes,
    discovery_relabel, local_file, local_file_match, loki_echo, loki_process, loki_relabel,
    loki_source_api, loki_source_docker, loki_source_file, loki_source_journal,
    loki_source_kubernetes, loki_source_kubernetes_events, loki_source_podlogs, loki_source_syslog,
    loki_write, prometheus_exporter_self, prometheus_relabel, prometheus_remote_write,
    prometheus_scrape, remote_http, remote_kubernetes,
};

/// One sort of component.
#[derive(Debug)]
pub struct Kind {
    /// Its name, as users write it.
    pub name: &'static str,
    /// What others may refer to.
    pub exports: &'static [(&'static str, Export)],
    /// Reads its arguments. What is wrong is told among the diagnostics.
    pub decode: fn(&mut Arguments<'_, '_>) -> Settings,
}

/// What sort of value is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// Where entries can be sent.
    Receiver,
    /// Where samples can be sent.
    SampleReceiver,
    /// What only a running component knows.
    Known,
}

/// The settings of a component, as plain data.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each is named after its component")]
pub enum Settings {
    AirflowPodEnds(airflow_pod_ends::Settings),
    AirflowTaskLogs(airflow_task_logs::Settings),
    DiscoveryDocker(discovery_docker::Settings),
    DiscoveryFile(discovery_file::Settings),
    DiscoveryKubernetes(discovery_kubernetes::Settings),
    DiscoveryRelabel(discovery_relabel::Settings),
    LocalFile(local_file::Settings),
    LocalFileMatch(local_file_match::Settings),
    LokiEcho,
    LokiProcess(loki_process::Settings),
    LokiRelabel(loki_relabel::Settings),
    LokiSourceApi(loki_source_api::Settings),
    LokiSourceDocker(loki_source_docker::Settings),
    LokiSourceFile(loki_source_file::Settings),
    LokiSourceJournal(loki_source_journal::Settings),
    LokiSourceKubernetes(loki_source_kubernetes::Settings),
    LokiSourceKubernetesEvents(loki_source_kubernetes_events::Settings),
    LokiSourcePodlogs(loki_source_podlogs::Settings),
    LokiSourceSyslog(loki_source_syslog::Settings),
    LokiWrite(loki_write::Settings),
    PrometheusExporterSelf,
    PrometheusRelabel(prometheus_relabel::Settings),
    PrometheusRemoteWrite(prometheus_remote_write::Settings),
    PrometheusScrape(prometheus_scrape::Settings),
    RemoteHttp(remote_http::Settings),
    RemoteKubernetes(remote_kubernetes::Settings),
}

const RECEIVER: &[(&str, Export)] = &[("receiver", Export::Receiver)];

/// All components, by name.
pub static KINDS: [Kind; 27] = [
    Kind {
        name: "airflow.pod_ends",
        exports: &[],
        decode: |args| Settings::AirflowPodEnds(airflow_pod_ends::decode(args)),
    },
    Kind {
        name: "airflow.task_logs",
        exports: &[],
        decode: |args| Settings::AirflowTaskLogs(airflow_task_logs::decode(args)),
    },
    Kind {
        name: "discovery.docker",
        exports: &[("targets", Export::Known)],
        decode: |args| Settings::DiscoveryDocker(discovery_docker::decode(args)),
    },
    Kind {
        name: "discovery.file",
        exports: &[("targets", Export::Known)],
        decode: |args| Settings::DiscoveryFile(discovery_file::decode(args)),
    },
    Kind {
        name: "discovery.kubernetes",
        exports: &[("targets", Export::Known)],
        decode: |args| Settings::DiscoveryKubernetes(discovery_kubernetes::decode(args)),
    },
    Kind {
        name: "discovery.relabel",
        exports: &[("output", Export::Known), ("rules", Export::Known)],
        decode: |args| Settings::DiscoveryRelabel(discovery_relabel::decode(args)),
    },
    Kind {
        name: "local.file",
        exports: &[("content", Export::Known)],
        decode: |args| Settings::LocalFile(local_file::decode(args)),
    },
    Kind {
        name: "local.file_match",
        exports: &[("targets", Export::Known)],
        decode: |args| Settings::LocalFileMatch(local_file_match::decode(args)),
    },
    Kind { name: "loki.echo", exports: RECEIVER, decode: loki_echo::decode },
    Kind {
        name: "loki.process",
        exports: RECEIVER,
        decode: |args| Settings::LokiProcess(loki_process::decode(args)),
    },
    Kind {
        name: "loki.relabel",
        exports: &[("receiver", Export::Receiver), ("rules", Export::Known)],
        decode: |args| Settings::LokiRelabel(loki_relabel::decode(args)),
    },
    Kind {
        name: "loki.source.api",
        exports: &[],
        decode: |args| Settings::LokiSourceApi(loki_source_api::decode(args)),
    },
    Kind {
        name: "loki.source.docker",
        exports: &[],
        decode: |args| Settings::LokiSourceDocker(loki_source_docker::decode(args)),
    },
    Kind {
        name: "loki.source.file",
        exports: &[],
        decode: |args| Settings::LokiSourceFile(loki_source_file::decode(args)),
    },
    Kind {
        name: "loki.source.journal",
        exports: &[],
        decode: |args| Settings::LokiSourceJournal(loki_source_journal::decode(args)),
    },
    Kind {
        name: "loki.source.kubernetes",
        exports: &[],
        decode: |args| Settings::LokiSourceKubernetes(loki_source_kubernetes::decode(args)),
    },
    Kind {
        name: "loki.source.kubernetes_events",
        exports: &[],
        decode: |args| {
            Settings::LokiSourceKubernetesEvents(loki_source_kubernetes_events::decode(args))
        },
    },
    Kind {
        name: "loki.source.podlogs",
        exports: &[],
        decode: |args| Settings::LokiSourcePodlogs(loki_source_podlogs::decode(args)),
    },
    Kind {
        name: "loki.source.syslog",
        exports: &[],
        decode: |args| Settings::LokiSourceSyslog(loki_source_syslog::decode(args)),
    },
    Kind {
        name: "loki.write",
        exports: RECEIVER,
        decode: |args| Settings::LokiWrite(loki_write::decode(args)),
    },
    Kind {
        name: "prometheus.exporter.self",
        exports: &[("targets", Export::Known)],
        decode: prometheus_exporter_self::decode,
    },
    Kind {
        name: "prometheus.relabel",
        exports: &[("receiver", Export::SampleReceiver), ("rules", Export::Known)],
        decode: |args| Settings::PrometheusRelabel(prometheus_relabel::decode(args)),
    },
    Kind {
        name: "prometheus.remote_write",
        exports: &[("receiver", Export::SampleReceiver)],
        decode: |args| Settings::PrometheusRemoteWrite(prometheus_remote_write::decode(args)),
    },
    Kind {
        name: "prometheus.scrape",
        exports: &[],
        decode: |args| Settings::PrometheusScrape(prometheus_scrape::decode(args)),
    },
    Kind {
        name: "remote.http",
        exports: &[("content", Export::Known)],
        decode: |args| Settings::RemoteHttp(remote_http::decode(args)),
    },
    Kind {
        name: "remote.kubernetes.configmap",
        exports: &[("data", Export::Known)],
        decode: |args| Settings::RemoteKubernetes(decode_remote(Sort::ConfigMap, args)),
    },
    Kind {
        name: "remote.kubernetes.secret",
        exports: &[("data", Export::Known)],
        decode: |args| Settings::RemoteKubernetes(decode_remote(Sort::Secret, args)),
    },
];

impl Kind {
    /// The component of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn names_are_in_order_and_told_once() {
        assert!(KINDS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
