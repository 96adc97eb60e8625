"""Airflow's own processes, as the pods that the official chart makes of them."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

from api_server import ApiServer
from database import Database
from node import GRACE_SECONDS, Node
from real import call, free_port, running, wait_for
from settings import Ports, Settings

NAMESPACE = "airflow"
DAGS = Path(__file__).resolve().parent / "dags"
# These run by themselves: their schedule is due.
SCHEDULED = {"orders": 2}
# The others are told to, with ids of runs as people and programs give them.
TRIGGERED = {
    "failures.of-tasks_v2": "manual__2026-03-01T00:00:00+00:00",
    "deaths": "again.by:hand~1",
    "waits": "x",
}
# How long all runs may take on a busy machine.
RUN_SECONDS = 1500
HEARD_SECONDS = 15


class Deployment:
    def __init__(self, folder: Path, executor: str, tasks_max: int):
        self.version = version("apache-airflow")
        self.major, self.executor = int(self.version.split(".")[0]), executor
        self.folder, self.home = folder, folder / "home"
        self.home.mkdir()
        self.ports = Ports(*(free_port() for _ in range(6)))
        self.database = Database(folder / "postgres.log", self.ports.database)
        self.env = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "USER": os.environ.get("USER", "root"),
            "LANG": "C.UTF-8",
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": str(DAGS),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.node = Node(folder, self.env, tasks_max)
        self.api = ApiServer(self.ports.kubernetes, self.node)
        self.components: list[dict] = []

    @contextmanager
    def up(self):
        """Starts all of it; what is up is stopped in the end, the node with its pods first."""
        settings = Settings(
            self.major, self.executor, NAMESPACE, self.database.url, DAGS, self.ports
        )
        settings.write(self.home)
        with ExitStack() as stack:
            stack.enter_context(self.database.up())
            if self.executor == "CeleryExecutor":
                stack.enter_context(self._redis())
            stack.callback(self.node.stop)
            self.api.start()
            stack.callback(self.api.shutdown)
            self._airflow("db", "migrate")
            for name, command in self._components():
                self._component(name, command)
                if len(self.components) == 1:
                    # Tasks fail that begin before it answers, and the database forgets them.
                    wait_for("Airflow's server", self._answers)
            yield self

    def run(self):
        """Lets all DAGs run to their end."""
        known = {*SCHEDULED, *TRIGGERED}
        wait_for("the DAGs", lambda: self._must_live() and known <= self.database.dags())
        for dag, run in TRIGGERED.items():
            self._airflow("dags", "trigger", dag, "--run-id", run)
        expect = sum(SCHEDULED.values()) + len(TRIGGERED)
        told, until = None, time.monotonic() + RUN_SECONDS
        while time.monotonic() < until:
            self._must_live()
            if (states := self.database.states()) != told:
                told = states
                print(f"runs: {states}", flush=True)
            ended = sum(count for state, count in states.items() if state in ("success", "failed"))
            if ended >= expect:
                # The scheduler hears of the last tasks' ends after the runs have ended.
                time.sleep(HEARD_SECONDS)
                return
            time.sleep(2)
        raise TimeoutError(f"not all runs have ended within {RUN_SECONDS} s: {told}")

    def stop(self):
        """Ends the components as a helm uninstall would, so that their last lines are written."""
        for pod in self.components:
            self.node.delete((NAMESPACE, pod["metadata"]["name"]))
        until = time.monotonic() + 2 * GRACE_SECONDS
        left = [(NAMESPACE, pod["metadata"]["name"]) for pod in self.components]
        while any(key in self.node.pods for key in left) and time.monotonic() < until:
            time.sleep(0.5)
        # Pods that have failed stay, and so do their folders; the truth has them too.
        for key in list(self.node.pods):
            self.node.delete(key)

    def _answers(self) -> bool:
        path = "health" if self.major == 2 else "api/v2/monitor/health"
        return self._must_live() and bool(call(f"http://127.0.0.1:{self.ports.web}/{path}"))

    def _must_live(self) -> bool:
        for pod in self.components:
            if pod["status"]["phase"] not in ("Pending", "Running"):
                raise RuntimeError(f"{pod['metadata']['name']} has ended; see {self.node.kept}")
        return True

    def _components(self):
        server = "webserver" if self.major == 2 else "api-server"
        yield server, server
        if self.major == 3 or self.executor == "KubernetesExecutor":
            yield "dag-processor", "dag-processor"
        yield "scheduler", "scheduler"
        yield "triggerer", "triggerer"
        if self.executor == "CeleryExecutor":
            yield "worker", "celery worker"

    def _component(self, name: str, command: str):
        labels = {"tier": "airflow", "component": name, "release": "airflow"}
        if name in ("triggerer", "worker"):
            pod = f"airflow-{name}-0"
            labels["statefulset.kubernetes.io/pod-name"] = pod
        else:
            labels["pod-template-hash"] = secrets.token_hex(5)[:9]
            pod = f"airflow-{name}-{labels['pod-template-hash']}-{secrets.token_hex(3)[:5]}"
        container = {"name": name, "image": "apache/airflow", "args": ["airflow", *command.split()]}
        container["volumeMounts"] = [{"name": "logs", "mountPath": "/opt/airflow/logs"}]
        spec = {"containers": [container], "volumes": [{"name": "logs", "emptyDir": {}}]}
        body = {"metadata": {"name": pod, "labels": labels, "annotations": {}}, "spec": spec}
        self.components.append(self.node.create(NAMESPACE, body, is_component=True))

    def _redis(self):
        command = ["redis-server", "--port", str(self.ports.redis), "--bind", "127.0.0.1"]
        command += ["--save", "", "--dir", str(self.folder)]
        return running(command, self.folder / "redis.log")

    def _airflow(self, *arguments: str):
        log = self.folder / "cli.log"
        with log.open("ab") as output:
            command = [sys.executable, "-m", "airflow", *arguments]
            ends = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            done = subprocess.run(command, env=self.env, cwd=self.home, **ends)
        if done.returncode != 0:
            raise SystemExit(f"airflow {' '.join(arguments)} has failed; see {log}")
