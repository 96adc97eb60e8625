"""What Airflow's processes have printed and written to files, kept when their pods were gone."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import container_log
from node import Node

# Where a task's log file lies, of a trigger too; of both lines.
_FILE = re.compile(
    r"dag_id=(?P<dag>[^/]+)/run_id=(?P<run>[^/]+)/task_id=(?P<task>[^/]+)/"
    r"(?:map_index=(?P<index>\d+)/)?attempt=(?P<number>\d+)\.log(?P<trigger>\.trigger\.\d+\.log)?$"
)


@dataclass
class KeptLogs:
    # What each pod has printed.
    printed: dict[str, Counter] = field(default_factory=dict)
    # The pods that the executor has made, and for which try each.
    executors: dict[str, tuple] = field(default_factory=dict)
    # Those of them that failed.
    failed: set[str] = field(default_factory=set)
    # The lines of the log files of a try whose lines no pod prints: of triggers, and of tasks that
    # were no pods of their own.
    files: dict[tuple, Counter] = field(default_factory=lambda: defaultdict(Counter))
    # The lines of the log files of tasks that were pods.
    doubled: dict[tuple, Counter] = field(default_factory=lambda: defaultdict(Counter))

    @classmethod
    def of(cls, node: Node) -> KeptLogs:
        kept = cls()
        for pod in node.shown.values():
            metadata = pod["metadata"]
            ids = _ids(metadata.get("annotations") or {})
            if ids is not None:
                kept.executors[metadata["name"]] = ids
                if pod["status"].get("phase") == "Failed":
                    kept.failed.add(metadata["name"])
            name = f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"
            kept._read(metadata["name"], node.kept / name)
        return kept

    def of_try(self, ids: tuple) -> Counter:
        """All lines of a try that can be collected."""
        pods = [pod for pod, whose in self.executors.items() if whose == ids]
        return sum((self.printed[pod] for pod in pods), Counter()) + self.files[ids]

    def tries(self) -> set[tuple]:
        return {*self.executors.values(), *self.files}

    def _read(self, pod: str, folder: Path):
        logs = [path.read_bytes() for path in folder.glob("*/0.log")]
        printed = (line for log in logs for line in container_log.lines(log))
        self.printed[pod] = Counter(map(_text, printed))
        for path in (folder / "logs").rglob("attempt=*.log*"):
            found = _FILE.match(str(path.relative_to(folder / "logs")))
            dag, run, task, index, number, trigger = found.groups()
            ids = (dag, run, task, int(index or -1), int(number))
            is_printed = pod in self.executors and trigger is None
            where = self.doubled if is_printed else self.files
            where[ids].update(map(_text, _lines(path.read_bytes())))


def _ids(annotations: dict) -> tuple | None:
    """What Airflow's executor says of the pods that it makes."""
    if "dag_id" not in annotations:
        return None
    names = [annotations[name] for name in ("dag_id", "run_id", "task_id")]
    return (*names, int(annotations.get("map_index", -1)), int(annotations["try_number"]))


def _lines(file: bytes) -> list[bytes]:
    *lines, rest = file.split(b"\n")
    return [*lines, rest] if rest else lines


def _text(line: bytes) -> str:
    """As JSON can have it."""
    return line.decode(errors="replace")
