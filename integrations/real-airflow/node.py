"""A node of a cluster: what API server, kubelet and containerd do for pods that are processes here.

What a pod prints is below `pods` as below /var/log/pods, its volume `logs` below `volumes` as below
/var/lib/kubelet/pods. Both are gone when the pod is deleted; what they held stays in `kept`.
"""

from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from container_log import ContainerLog
from selector import Selector

NAME = "kube-node-1"
# What Kubernetes gives a pod to end by itself.
GRACE_SECONDS = 30
# Airflow keeps its logs there, as with the official chart.
VOLUME = "volumes/kubernetes.io~empty-dir/logs"


@dataclass
class Event:
    """What has become of a pod."""

    version: int
    kind: str
    pod: dict
    before: dict | None

    def seen_by(self, selector: Selector) -> str | None:
        """What a watch with that selector tells of it, if anything."""
        was, is_now = selector.matches(self.before), selector.matches(self.pod)
        if self.kind == "DELETED":
            return "DELETED" if was else None
        if was and is_now:
            return "MODIFIED"
        return "ADDED" if is_now else "DELETED" if was else None


class Node:
    def __init__(self, folder: Path, env: dict, tasks_max: int):
        self.pods_folder, self.volumes = folder / "pods", folder / "volumes"
        self.kept, self.env = folder / "kept", env
        for path in (self.pods_folder, self.volumes, self.kept):
            path.mkdir(parents=True)
        # A machine with two cores starts one task after the other.
        self.places = threading.Semaphore(tasks_max)
        self.changed = threading.Condition()
        self.events: list[Event] = []
        self.pods: dict[tuple, dict] = {}
        self.shown: dict[str, dict] = {}
        self.processes: dict[str, subprocess.Popen] = {}
        self.is_stopped = False
        self.has_host_names = os.geteuid() == 0

    @property
    def version(self) -> int:
        return 1000 + len(self.events)

    def create(self, namespace: str, body: dict, is_component=False) -> dict | None:
        """Starts a pod; none if there is one of that name."""
        pod = copy.deepcopy(body)
        metadata = pod["metadata"]
        key = (namespace, metadata["name"])
        with self.changed:
            if key in self.pods:
                return None
            metadata.update(namespace=namespace, uid=str(uuid.uuid4()), creationTimestamp=_now())
            metadata["labels"] = metadata.get("labels") or {}
            pod.update(apiVersion="v1", kind="Pod", status={"phase": "Pending"})
            self.pods[key] = pod
        self.tell("ADDED", pod)
        arguments = (pod, not is_component)
        threading.Thread(target=self._live, args=arguments, daemon=True).start()
        return pod

    def tell(self, kind: str, pod: dict):
        """Lets all who watch know of a change."""
        uid = pod["metadata"]["uid"]
        with self.changed:
            pod["metadata"]["resourceVersion"] = str(self.version + 1)
            shown = copy.deepcopy(pod)
            self.events.append(Event(self.version + 1, kind, shown, self.shown.get(uid)))
            self.shown[uid] = shown
            self.changed.notify_all()

    def select(self, selector: Selector) -> list[dict]:
        with self.changed:
            return [copy.deepcopy(it) for it in self.pods.values() if selector.matches(it)]

    def delete(self, key: tuple) -> dict | None:
        """Asks a pod to end, and removes it when it has."""
        pod = self.pods.get(key)
        if pod is None:
            return None
        process = self.processes.get(pod["metadata"]["uid"])
        if not pod["metadata"].get("deletionTimestamp"):
            pod["metadata"]["deletionTimestamp"] = _now()
            self.tell("MODIFIED", pod)
        if process is not None and process.poll() is None:
            self._terminate(process)
        elif process is not None:
            self._remove(pod)
        return pod

    def stop(self):
        """Kills what still runs, and starts nothing more."""
        self.is_stopped = True
        for process in list(self.processes.values()):
            _kill(process)

    def _live(self, pod: dict, is_task: bool):
        time.sleep(0.05)
        pod["spec"]["nodeName"] = NAME
        pod["status"]["startTime"] = _now()
        self._state(pod, "Pending", {"waiting": {"reason": "ContainerCreating"}})
        if is_task:
            with self.places:
                self._run(pod)
        else:
            self._run(pod)
        if pod["metadata"].get("deletionTimestamp"):
            self._remove(pod)

    def _run(self, pod: dict):
        if self.is_stopped or pod["metadata"].get("deletionTimestamp"):
            return
        started = _now()
        process, copies, log = self._start(pod)
        self._state(pod, "Running", {"running": {"startedAt": started}})
        code = process.wait()
        for thread in copies:
            # What a task has left behind may hold the pipe.
            thread.join(5)
        log.close()
        code = code if code >= 0 else 128 - code
        ended = {"exitCode": code, "reason": "Error" if code else "Completed"}
        ended.update(startedAt=started, finishedAt=_now())
        self._state(pod, "Failed" if code else "Succeeded", {"terminated": ended})

    def _start(self, pod: dict):
        metadata, container = pod["metadata"], pod["spec"]["containers"][0]
        file = Path(_folder(metadata), container["name"], "0.log")
        log = ContainerLog(self.pods_folder / file, self.kept / file)
        volume = self.volumes / metadata["uid"] / VOLUME
        volume.mkdir(parents=True)
        env = {**self.env, "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(volume)}
        said = {it["name"]: it["value"] for it in container.get("env") or [] if it.get("value")}
        env.update(said, HOSTNAME=metadata["name"])
        command = [*(container.get("command") or []), *(container.get("args") or [])]
        if self.has_host_names:
            set_name = f'hostname {metadata["name"]}; exec "$@"'
            own_names = ["unshare", "-u", "--fork", "--kill-child=KILL"]
            command = [*own_names, "sh", "-c", set_name, "sh", *command]
        out, err = os.pipe(), os.pipe()
        ends = {"stdin": subprocess.DEVNULL, "stdout": out[1], "stderr": err[1]}
        process = subprocess.Popen(command, env=env, start_new_session=True, **ends)
        self.processes[metadata["uid"]] = process
        copies = []
        for (pipe, other), stream in ((out, "stdout"), (err, "stderr")):
            os.close(other)
            copies.append(threading.Thread(target=log.copy, args=(pipe, stream), daemon=True))
            copies[-1].start()
        return process, copies, log

    def _state(self, pod: dict, phase: str, state: dict):
        container = pod["spec"]["containers"][0]
        image = container.get("image") or "apache/airflow"
        status = {"name": container["name"], "image": image, "imageID": f"docker.io/{image}"}
        status.update(restartCount=0, ready="running" in state, state=state)
        pod["status"].update(phase=phase, containerStatuses=[status])
        self.tell("MODIFIED", pod)

    def _terminate(self, process: subprocess.Popen):
        target = process.pid
        if self.has_host_names:
            # The process itself is one below the one that gave it a host name.
            children = Path(f"/proc/{target}/task/{target}/children").read_text().split()
            target = int(children[0]) if children else target
        os.kill(target, signal.SIGTERM)
        timer = threading.Timer(GRACE_SECONDS, _kill, [process])
        timer.daemon = True
        timer.start()

    def _remove(self, pod: dict):
        metadata = pod["metadata"]
        with self.changed:
            if self.pods.pop((metadata["namespace"], metadata["name"]), None) is None:
                return
        self.tell("DELETED", pod)
        volume = self.volumes / metadata["uid"]
        if volume.is_dir():
            shutil.copytree(volume / VOLUME, self.kept / _folder(metadata) / "logs")
            shutil.rmtree(volume)
        shutil.rmtree(self.pods_folder / _folder(metadata), ignore_errors=True)


def _folder(metadata: dict) -> str:
    return f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"


def _kill(process: subprocess.Popen):
    """Kills a process and its group; one that is gone is gone."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
