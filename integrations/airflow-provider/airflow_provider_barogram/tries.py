"""Which try a task instance is asked for, and when that try may have written lines.

Task instances come from any version of Airflow, so they are taken as what they show. What they do
not show, or show only inside a database session that is over, is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from .client import DAY, SECOND, WINDOW_NANOS, WINDOWS_MAX, Try

# Nodes' clocks differ, and a pod may speak before Airflow's database knows of it.
BEFORE_NANOS = 3600 * SECOND
# A pod outlives the state of its task by seconds, one that lost its scheduler by days.
AFTER_NANOS = 7 * DAY
# What has these states writes no more. Any other state may yet.
FINISHED = {"success", "failed", "skipped", "upstream_failed", "removed"}


@dataclass(frozen=True)
class Span:
    """From when to when a try may have written, in nanoseconds since 1970."""

    start: int
    end: int
    finished: bool


def of_instance(ti: object, try_number: int) -> Try:
    """The try of a task instance that has this number."""
    return Try(
        dag_id=str(_get(ti, "dag_id")),
        task_id=str(_get(ti, "task_id")),
        run_id=str(_get(ti, "run_id")),
        try_number=int(try_number),
        map_index=_map_index(_get(ti, "map_index")),
    )


_PATH = re.compile(
    r"(?:^|/)dag_id=(?P<dag_id>.+)/run_id=(?P<run_id>.+)/task_id=(?P<task_id>[^/]+)"
    r"(?:/map_index=(?P<map_index>\d+))?/attempt=(?P<try_number>\d+)\.log$",
    re.DOTALL,
)


def of_path(path: str) -> Try | None:
    """The try whose log file has this path, when paths are as Airflow makes them by default."""
    found = _PATH.search(path)
    if found is None:
        return None
    map_index = _map_index(found["map_index"])
    return Try(
        found["dag_id"], found["task_id"], found["run_id"], int(found["try_number"]), map_index
    )


def try_number(path: str, ti: object) -> int:
    """The number in a log file's path, which is the one that is asked for; else the instance's."""
    found = re.search(r"attempt=(\d+)\.log$", path)
    return int(found[1]) if found else int(_get(ti, "try_number") or 1)


def span(ti: object, number: int, now: int, history: Callable[[], object] = lambda: None) -> Span:
    """When try `number` may have written.

    `ti` shows the times of its newest try. Those of an older one are asked of `history`, which
    answers with something that has them, or with `None`.
    """
    newest = ti is None or _get(ti, "try_number") in (None, number)
    shown = ti if newest else history()
    finished = not newest or str(_text(_get(ti, "state"))) in FINISHED
    began = [_nanos(_get(shown, name)) for name in ("queued_dttm", "start_date")]
    known = [at for at in began if at is not None]
    start = min(known) if known else _start_of_run(_get(ti, "dag_run"))
    if start is None:
        start = now - WINDOWS_MAX * WINDOW_NANOS
    start = min(start, now) - BEFORE_NANOS
    ended = _nanos(_get(shown, "end_date")) if finished else None
    end = now + BEFORE_NANOS
    if ended is not None and ended > start:
        end = min(end, ended + AFTER_NANOS)
    return Span(start, end, finished)


def _start_of_run(run: object) -> int | None:
    """A time before any try of the run. A cleared run has a new start, so the earliest counts."""
    names = ("run_after", "logical_date", "execution_date", "queued_at", "start_date")
    known = [at for at in (_nanos(_get(run, name)) for name in names) if at is not None]
    return min(known) if known else None


def _get(thing: object, name: str) -> object:
    try:
        return getattr(thing, name, None)
    # SQLAlchemy's errors about closed sessions; without its import, and whatever else it has.
    except Exception:
        return None


def _map_index(value: object) -> int:
    return -1 if value is None else int(value)


def _text(state: object) -> object:
    return getattr(state, "value", state)


def _nanos(time: object) -> int | None:
    if not isinstance(time, datetime):
        return None
    aware = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    return int(aware.timestamp()) * SECOND + aware.microsecond * 1000
