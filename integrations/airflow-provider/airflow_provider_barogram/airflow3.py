"""Airflow 3: reading by `RemoteLogIO`, and a handler that explains an empty log."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import chain

from . import reading, running, settings, tries
from .client import Try
from .reading import Entry, Note, Settings
from .tries import Span

class RemoteLog:
    """Airflow's `RemoteLogStreamIO`. Nothing is uploaded: barogram's collector takes the lines from
    where the pod writes them.

    `other` is the remote logging that is configured besides, if any. It goes on writing, and is
    read where barogram has no line.
    """

    def __init__(self, other=None):
        self.other = other

    @property
    def processors(self) -> tuple:
        """For the tasks' lines as they are written: none of ours."""
        return getattr(self.other, "processors", ()) if self.other else ()

    def upload(self, path, ti=None) -> None:
        """Hands a log file on to the other remote logging."""
        if self.other:
            _call(self.other.upload, path, ti)

    def stream(self, relative_path: str, ti=None):
        """The sources, and the lines as they come (Airflow 3.0.4 and later)."""
        sources, lines = _read(relative_path, ti)
        if lines is not None:
            return sources, [lines]
        others, logs = self._other(relative_path, ti)
        return [*sources, *others], logs

    def read(self, relative_path: str, ti=None):
        """The sources, and the lines as one text."""
        sources, lines = _read(relative_path, ti)
        if lines is not None:
            return sources, ["\n".join(lines)]
        others, logs = self._other(relative_path, ti, stream=False)
        return [*sources, *others], logs or None

    def _other(self, relative_path: str, ti, stream: bool = True):
        if not self.other:
            return [], []
        can_stream = stream and hasattr(self.other, "stream")
        found = _call(self.other.stream if can_stream else self.other.read, relative_path, ti)
        sources, logs = found
        return sources or [], logs or []


class Explains:
    """What a handler gets that shall say why a log is empty, and nothing twice."""

    def _get_executor_get_task_log(self, ti):
        return running.news(super()._get_executor_get_task_log(ti))

    def _read(self, ti, try_number, metadata=None):
        with running.reading():
            lines, state = super()._read(ti, try_number, metadata)
        is_first = "log_pos" not in (metadata or {})
        if is_first and state.get("log_pos") == 0 and state.get("end_of_log"):
            lines = chain(lines, _messages(_explained(ti, try_number)))
        return lines, state


def _read(relative_path: str, ti) -> tuple[list[str], Iterator[str] | None]:
    try:
        number = tries.try_number(relative_path, ti)
        known, asked, span = _asked(ti, number, relative_path)
        found = reading.read(known, asked, span)
        if not found.found:
            return found.sources, None
        lines = found.lines
        if not span.finished:
            # At most what one reading may hold in all.
            lines = list(lines)
            running.remember(lines)
        return found.sources, _rendered(lines)
    except Exception as error:
        return [reading.told(error)], None


def _explained(ti, try_number: int) -> list[Entry | Note]:
    try:
        return reading.explain(*_asked(ti, try_number))
    except Exception as error:
        return [Note(reading.now(), reading.told(error))]


def _asked(ti, try_number: int, path: str = "") -> tuple[Settings, Try, Span]:
    asked = tries.of_instance(ti, try_number) if ti is not None else tries.of_path(path)
    if asked is None:
        raise ValueError(f"no task instance is given, and {path!r} names none")
    # An older try comes as what Airflow keeps of it, with its own times.
    return settings.load(), asked, tries.span(ti, try_number, reading.now())


def _messages(lines: Iterable[Entry | Note]) -> Iterator:
    from airflow.utils.log.file_task_handler import StructuredLogMessage

    return map(StructuredLogMessage.model_validate_json, _rendered(lines))


def _rendered(lines: Iterable[Entry | Note]) -> Iterator[str]:
    """Lines as Airflow parses them. Its own are JSON already; text gets the time at which it was
    written, so that it keeps its place when Airflow merges several sources."""
    for it in lines:
        if isinstance(it, Note):
            yield _message(it.at, it.line, level="warning", logger="barogram")
        else:
            yield it.line if _is_message(it.line) else _message(it.at, it.line)


def _is_message(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        record = json.loads(line)
        times = record.get("timestamp")
        return isinstance(record.get("event"), str) and isinstance(times, str)
    except (ValueError, RecursionError):
        return False


def _message(at: int, event: str, **more: str) -> str:
    time = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=at // 1000)
    return json.dumps({"timestamp": time.isoformat(), "event": event, **more})


def _call(method, path, ti):
    """Calls a method of another `RemoteLogIO`, of which some take no task instance."""
    takes = inspect.signature(method).parameters
    return method(path, ti) if len(takes) > 1 else method(path)
