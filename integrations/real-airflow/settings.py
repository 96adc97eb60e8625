"""airflow.cfg, the template of the executor's pods, and the access to Kubernetes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

# As the official chart has it.
POD_TEMPLATE = """apiVersion: v1
kind: Pod
metadata:
  name: placeholder-name
  labels: {tier: airflow, component: worker, release: airflow}
spec:
  containers:
    - name: base
      image: apache/airflow
      env:
        - {name: AIRFLOW__CORE__EXECUTOR, value: LocalExecutor}
      volumeMounts:
        - {name: logs, mountPath: /opt/airflow/logs}
  volumes:
    - {name: logs, emptyDir: {}}
  restartPolicy: Never
"""


@dataclass
class Ports:
    database: int
    redis: int
    web: int
    worker_log: int
    trigger_log: int
    kubernetes: int


@dataclass
class Settings:
    """What decides how this Airflow runs."""

    major: int
    executor: str
    namespace: str
    database: str
    dags: Path
    ports: Ports

    def write(self, home: Path):
        """Writes the files below AIRFLOW_HOME."""
        (home / "pod.yaml").write_text(POD_TEMPLATE)
        (home / "kubeconfig").write_text(json.dumps(self._kubeconfig()))
        sections = self._shared(home)
        of_line = self._airflow2() if self.major == 2 else self._airflow3()
        for name, values in of_line.items():
            sections.setdefault(name, {}).update(values)
        texts = []
        for name, values in sections.items():
            texts += [f"[{name}]", *(f"{key} = {value}" for key, value in values.items()), ""]
        (home / "airflow.cfg").write_text("\n".join(texts))

    def _shared(self, home: Path) -> dict:
        logs = {
            "worker_log_server_port": self.ports.worker_log,
            "trigger_log_server_port": self.ports.trigger_log,
            # As the official chart has it.
            "colored_console_log": False,
        }
        kubernetes = {
            "namespace": self.namespace,
            "in_cluster": False,
            "config_file": home / "kubeconfig",
            "pod_template_file": home / "pod.yaml",
            "worker_container_repository": "apache/airflow",
            "worker_container_tag": "latest",
            "worker_pods_creation_batch_size": 8,
        }
        core = {
            "dags_folder": self.dags,
            "executor": self.executor,
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "parallelism": 16,
            "fernet_key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            # A busy machine needs longer for an import than the default.
            "dagbag_import_timeout": 120,
        }
        broker = f"redis://127.0.0.1:{self.ports.redis}/0"
        return {
            "core": core,
            "database": {"sql_alchemy_conn": self.database},
            "logging": logs,
            "kubernetes_executor": kubernetes,
            "celery": {
                "broker_url": broker,
                "result_backend": f"db+{self.database}",
                "worker_concurrency": 4,
            },
            "usage_data_collection": {"enabled": False},
        }

    def _airflow2(self) -> dict:
        has_processor = self.executor == "KubernetesExecutor"
        scheduler = {
            "standalone_dag_processor": has_processor,
            # A task that vanished is found within the run.
            "scheduler_zombie_task_threshold": 40,
            "zombie_detection_interval": 8,
        }
        web = {"secret_key": "0123456789abcdef", "web_server_port": self.ports.web, "workers": 1}
        return {"scheduler": scheduler, "webserver": {**web, "warn_deployment_exposure": False}}

    def _airflow3(self) -> dict:
        url = f"http://127.0.0.1:{self.ports.web}"
        scheduler = {
            "task_instance_heartbeat_timeout": 40,
            "task_instance_heartbeat_timeout_detection_interval": 8,
        }
        core = {
            "execution_api_server_url": f"{url}/execution/",
            "simple_auth_manager_all_admins": True,
        }
        api = {"secret_key": "0123456789abcdef" * 2, "port": self.ports.web, "base_url": url}
        return {
            "core": core,
            "api_auth": {"jwt_secret": "0123456789abcdef" * 4},
            "api": {**api, "workers": 1},
            "scheduler": scheduler,
            # The first calls take seconds on a busy machine, and tasks would fail to start.
            "workers": {"execution_api_timeout": 60},
        }

    def _kubeconfig(self) -> dict:
        cluster = {"server": f"http://127.0.0.1:{self.ports.kubernetes}"}
        context = {"cluster": "node", "user": "anyone"}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "node",
            "clusters": [{"name": "node", "cluster": cluster}],
            "contexts": [{"name": "node", "context": context}],
            "users": [{"name": "anyone", "user": {}}],
        }
