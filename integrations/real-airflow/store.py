"""A real `barogram up` on the node, and what it answers: the API, LogQL and metrics."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from real import call, free_port, running, wait_for

import node as kubernetes_node
from node import Node

# Nothing new for so long, and all has come: records wait for a quarter of a minute.
SILENCE_SECONDS = 40
SETTLE_SECONDS = 300
PAGE_LINES = 5000
IDS = ("dag_id", "run_id", "task_id", "map_index", "try_number")
_SAMPLE = re.compile(r"^(\w+)\{(.*)\} (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass
class Found:
    """What the API says of a try, or of a run."""

    state: str
    seconds: float | None
    # Whether the times are those of Airflow's database.
    is_exact: bool


@dataclass
class Entry:
    """An entry of the store; `lines` are those of the log that it was made of."""

    labels: dict
    lines: list[str]

    def ids(self) -> tuple | None:
        """Whose it is, if all is told."""
        if not all(name in self.labels for name in IDS):
            return None
        *names, index, number = (self.labels[name] for name in IDS)
        return (*names, int(index), int(number))


@dataclass
class Metrics:
    """Counters by name, by the values of the labels that they are asked for."""

    samples: list = field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> Metrics:
        found = [_SAMPLE.match(line) for line in text.splitlines()]
        unescape = lambda it: it.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        samples = []
        for name, labels, value in (it.groups() for it in found if it):
            said = {key: unescape(it) for key, it in _LABEL.findall(labels)}
            samples.append((name, said, float(value)))
        return cls(samples)

    def counts(self, name: str, *labels: str) -> Counter:
        counts = Counter()
        for sample, said, value in self.samples:
            if sample == name and value:
                counts[tuple(said[label] for label in labels)] += int(value)
        return counts


class Store:
    def __init__(self, folder: Path, binary: str):
        self.folder, self.binary = folder, binary
        self.port, self.start = free_port(), int(time.time()) - 60
        self.url = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def up(self, node: Node, kubernetes_port: int):
        """Nothing is told to it but where a node has what it reads."""
        arguments = {
            "--listen": f"127.0.0.1:{self.port}",
            "--data": self.folder / "barogram",
            "--pods-dir": node.pods_folder,
            "--kubelet-dir": node.volumes,
            "--kubernetes-url": f"http://127.0.0.1:{kubernetes_port}",
            "--node": kubernetes_node.NAME,
        }
        words = [str(word) for pair in arguments.items() for word in pair]
        command = [self.binary, "up", *words]
        with running(command, self.folder / "barogram.log") as process:
            wait_for("barogram", lambda: self._get("/ready"), process)
            yield self

    def settle(self):
        """Waits until nothing more comes."""
        seen, since, until = None, time.monotonic(), time.monotonic() + SETTLE_SECONDS
        while time.monotonic() - since < SILENCE_SECONDS:
            if time.monotonic() > until:
                raise TimeoutError(f"lines still come after {SETTLE_SECONDS} s")
            query = 'sum(count_over_time({service_name=~".+"}[1d]))'
            if (now := self.count(query)) != seen:
                seen, since = now, time.monotonic()
            time.sleep(1)

    def tries(self) -> dict[tuple, Found]:
        rows = self._json("/airflow/v1/tries", since="1d", limit=PAGE_LINES)["tries"]
        return {tuple(row[name] for name in IDS): _found(row) for row in rows}

    def runs(self) -> dict[tuple, Found]:
        rows = self._json("/airflow/v1/runs", since="1d", limit=PAGE_LINES)["runs"]
        return {(row["dag_id"], row["run_id"]): _found(row) for row in rows}

    def log(self, ids: tuple) -> Counter:
        """The lines of a try as the API has them, with what other components say of it."""
        asked, found = dict(zip(IDS, ids), limit=PAGE_LINES), Counter()
        while lines := (page := self._json("/airflow/v1/log", **asked))["lines"]:
            for entry in lines:
                found.update(entry["line"].split("\n"))
            asked["page"] = page["next"]
        return found

    def metrics(self) -> Metrics:
        return Metrics.parse(self._get("/metrics").decode())

    def count(self, query: str, *labels: str) -> Counter:
        """An instant query, by the values of its labels."""
        rows = self._json("/loki/api/v1/query", query=query)["data"]["result"]
        counts = {tuple(row["metric"][it] for it in labels): row["value"][1] for row in rows}
        return Counter({key: int(float(value)) for key, value in counts.items()})

    def entries(self, query: str) -> list[Entry]:
        """All entries of a log query, page by page."""
        found, page = {}, self._page(query, start := self.start * 10**9)
        while page:
            before = len(found)
            for labels, at, line in page:
                start = max(start, int(at))
                # A page begins with the last moment of the one before.
                key = (json.dumps(labels, sort_keys=True), at, line)
                found[key] = Entry(labels, line.split("\n"))
            if len(page) < PAGE_LINES or len(found) == before:
                break
            page = self._page(query, start)
        return list(found.values())

    def _page(self, query: str, start: int) -> list:
        asked = {"query": query, "start": start, "end": int(time.time() + 60) * 10**9}
        asked.update(limit=PAGE_LINES, direction="forward")
        streams = self._json("/loki/api/v1/query_range", **asked)["data"]["result"]
        return [(it["stream"], at, line) for it in streams for at, line in it["values"]]

    def _json(self, path: str, **asked) -> dict:
        return json.loads(self._get(f"{path}?{urlencode(asked)}"))

    def _get(self, path: str) -> bytes:
        return call(self.url + path)


def _found(row: dict) -> Found:
    return Found(row["state"], row.get("duration"), row.get("exact", False))


def quoted(text: str) -> str:
    """As a string of LogQL."""
    return json.dumps(text, ensure_ascii=False)


def lines_of_try(ids: tuple) -> str:
    """The query for the lines of a try, without what barogram itself tells of it."""
    dag, run, task, index, number = ids
    names = f"dag_id={quoted(dag)}, task_id={quoted(task)}"
    streams = f'{{{names}, source!~"airflow[.].*"}}'
    try_ = f'run_id={quoted(run)} | try_number="{number}" | map_index="{index}"'
    return f"{streams} | {try_}"
