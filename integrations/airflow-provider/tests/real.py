"""A real barogram and a real Airflow, as processes of their own in a folder of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

# A busy machine with two cores takes half of it.
START_SECONDS = 300
PROJECT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(what: str, ready, process: subprocess.Popen | None = None):
    """Waits until `ready` answers with something; a process that ends meanwhile is an error."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if answer := ready():
                return answer
        except (OSError, ValueError, KeyError):
            pass
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what}: the process ended with status {process.returncode}")
        time.sleep(0.5)
    raise TimeoutError(f"{what}: not within {START_SECONDS} s")


def call(url: str, headers=None, body=None, method=None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    # No proxy: what is asked is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=120) as response:
        return response.read()


@contextmanager
def running(command: list, log: Path, **more):
    """Runs a process, and stops it with all that it started."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, start_new_session=True, **more
        )
        try:
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen):
    """Stops a process and all that it started; one that is gone is gone."""
    # Some of Airflow's processes make groups of their own, so they are looked up one by one.
    try:
        started = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        started = []
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in started:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            pass


class Barogram:
    """The server, with a token and tenants."""

    TOKEN = "a-token"
    TENANT = "team-a"

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serving(self):
        token = self.folder / "token"
        token.write_text(self.TOKEN)
        command = [
            *(os.environ["BAROGRAM_BINARY"], "serve", "--listen", f"127.0.0.1:{self.port}"),
            *("--data", str(self.folder / "data"), "--token-file", str(token), "--multi-tenant"),
        ]
        with running(command, self.folder / "barogram.log") as process:
            wait_for("barogram", lambda: call(f"{self.url}/ready"), process)
            self.process = process
            yield self

    def push(self, lines: list, labels: dict, metadata: dict):
        """Stores lines as `(nanoseconds, text)`."""
        values = [[str(at), line, metadata] for at, line in lines]
        headers = {"Authorization": f"Bearer {self.TOKEN}", "X-Scope-OrgID": self.TENANT}
        body = {"streams": [{"stream": labels, "values": values}]}
        call(f"{self.url}/loki/api/v1/push", headers, body)


class Airflow:
    """`airflow standalone`, asked through the API that the web pages ask."""

    def __init__(self, folder: Path, url: str, token: str, tenant: str):
        import airflow

        self.is_2 = airflow.__version__.startswith("2.")
        self.folder, self.port = folder, free_port()
        self.logs = folder / "logs"
        self.headers: dict = {}
        api = f"http://127.0.0.1:{self.port}"
        self.url = f"{api}/api/v1" if self.is_2 else f"{api}/api/v2"
        connection = {"conn_type": "http", "host": url, "password": token}
        self.env = {
            **os.environ,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "tests" / "dags"),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{api}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            # Several watch each other, and on a busy machine kill each other.
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.basic_auth",
            "AIRFLOW__WEBSERVER__WORKERS": "1",
            "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(self.port),
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": (
                "airflow_provider_barogram.log_config.LOGGING_CONFIG"
            ),
            "AIRFLOW_CONN_BAROGRAM_DEFAULT": json.dumps(
                {**connection, "extra": {"tenant": tenant}}
            ),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(PROJECT),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    @contextmanager
    def up(self):
        command = [sys.executable, "-m", "airflow", "standalone"]
        with running(command, self.folder / "airflow.log", env=self.env) as process:
            wait_for("Airflow", self._login, process)
            wait_for("the DAG", lambda: self.get("/dags/orders"), process)
            yield self

    def run(self, run_id: str):
        """Runs the DAG, and waits until it has succeeded."""
        body = {"dag_run_id": run_id, "logical_date": "2026-03-01T00:00:00Z"}
        call(f"{self.url}/dags/orders/dagRuns", self.headers, body)
        path = f"/dags/orders/dagRuns/{quote(run_id, safe='')}"
        state = wait_for("the run", lambda: self._ended(path))
        assert state == "success"

    def log(self, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1):
        """The sources, and the lines, as the page shows them."""
        path = (
            f"/dags/orders/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}"
            f"/logs/{try_number}?map_index={map_index}&full_content=true"
        )
        if self.is_2:
            text = call(self.url + path, {**self.headers, "Accept": "text/plain"}).decode()
            # The first line names the host.
            lines = text.split("\n")[1:]
            lines = [line for line in lines if line]
        else:
            answer = call(self.url + path, {**self.headers, "Accept": "application/x-ndjson"})
            texts = answer.decode().split("\n")
            messages = [json.loads(text) for text in texts if text]
            self.messages = [it for it in messages if it.get("timestamp")]
            lines = [it["event"] for it in messages]
        if not any("::group::Log message source" in line for line in lines):
            # Airflow 2.9 has no such group.
            sources = [line for line in lines if line.startswith("*** ")]
            return sources, [line for line in lines if line not in sources]
        opens = next(i for i, line in enumerate(lines) if "::group::Log message source" in line)
        closes = next(i for i, line in enumerate(lines) if "::endgroup::" in line)
        sources = [line.replace("*** ", "", 1) for line in lines[opens + 1 : closes]]
        if not self.is_2:
            # Up to Airflow 3.2 they are in the message that opens the group.
            sources += messages[opens].get("sources", [])
        return sources, lines[closes + 1 :]

    def file(self, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1) -> Path:
        """Where Airflow wrote the log of a try."""
        mapped = f"map_index={map_index}/" if map_index >= 0 else ""
        task = f"dag_id=orders/run_id={run_id}/task_id={task_id}"
        return self.logs / f"{task}/{mapped}attempt={try_number}.log"

    def get(self, path: str) -> dict:
        return json.loads(call(self.url + path, self.headers))

    def _ended(self, path: str):
        state = self.get(path)["state"]
        return state if state in ("success", "failed") else None

    def _login(self) -> bool:
        if self.is_2:
            password = (self.folder / "standalone_admin_password.txt").read_text().strip()
            user = b64encode(f"admin:{password}".encode()).decode()
            self.headers = {"Authorization": f"Basic {user}"}
            return bool(self.get("/dags"))
        token = json.loads(call(f"{self.url.replace('/api/v2', '')}/auth/token"))["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}
        return True
