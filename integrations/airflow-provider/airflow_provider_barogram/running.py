"""Of a task that runs, Airflow also asks the pod itself, and shows what both say.

Airflow leaves out neighbours that are equal, which a line from the store and the same line from the
pod are only by chance. So what the pod says is compared with what the store said in the same
reading, and what was said already is left out. The pod stays worth asking: it knows the last
moments, and all that a collector that is away does not send.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from .client import Entry

# Airflow takes colours out of what a pod says.
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

# A handler serves many threads; a reading stays in one.
_here = threading.local()


@contextmanager
def reading() -> Iterator[None]:
    """One reading, in which lines from the store are remembered."""
    _here.lines = Counter()
    try:
        yield
    finally:
        _here.lines = None


def remember(found: Iterable) -> None:
    """Notes what the store said of a task that runs; nothing outside of a reading."""
    lines = getattr(_here, "lines", None)
    if lines is not None:
        entries = (it for it in found if isinstance(it, Entry))
        lines.update(line for it in entries for line in _plain(it.line))


def news(get_task_log: Callable) -> Callable:
    """The same function of an executor, without the lines that the store had."""

    def asked(ti, try_number):
        answer = get_task_log(ti, try_number)
        lines = getattr(_here, "lines", None)
        if not (answer and lines):
            return answer
        sources, logs = answer
        return sources, [_without(log, lines) for log in logs or []]

    return asked


def _without(log: str, known: Counter) -> str:
    kept, left = [], Counter(known)
    for line in log.split("\n"):
        (plain,) = _plain(line)
        if left[plain] > 0:
            left[plain] -= 1
        else:
            kept.append(line)
    return "\n".join(kept)


def _plain(text: str) -> list[str]:
    return [_COLOURS.sub("", line).rstrip("\r") for line in text.split("\n")]
