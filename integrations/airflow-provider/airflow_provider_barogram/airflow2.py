"""Airflow 2: the handler of task logs, which the web server also reads by."""

from __future__ import annotations

from collections.abc import Iterable

from airflow.executors.executor_loader import ExecutorLoader
from airflow.utils.session import create_session

from . import reading, running, settings, tries
from .client import Try
from .reading import Entry, Note, Settings
from .tries import Span

class Reads:
    """What a handler gets that shall read from barogram. All that it wrote before, it writes still;
    and what it read before, it reads where barogram has no line."""

    def _read_remote_logs(self, ti, try_number, metadata=None):
        sources = []
        try:
            known, asked, span = _asked(ti, try_number)
            found = reading.read(known, asked, span)
            sources = found.sources
            if found.found:
                lines = list(found.lines)
                if not span.finished:
                    running.remember(lines)
                return sources, [_text(lines)]
        except Exception as error:
            sources = [reading.told(error)]
        try:
            others, logs = super()._read_remote_logs(ti, try_number, metadata)
        except NotImplementedError:
            return sources, []
        return [*sources, *others], logs

    def _get_executor_get_task_log(self, ti):
        return running.news(super()._get_executor_get_task_log(ti))

    @property
    def _executor_get_task_log(self):
        """The same in Airflow 2.9."""
        return running.news(ExecutorLoader.get_default_executor().get_task_log)

    def _read(self, ti, try_number, metadata=None):
        with running.reading():
            text, state = super()._read(ti, try_number, metadata)
        is_first = "log_pos" not in (metadata or {})
        # An empty log says why it is, and not only in the folded list of sources.
        if is_first and state.get("log_pos") == 0 and state.get("end_of_log"):
            text += _explained(ti, try_number)
        return text, state


def _explained(ti, try_number: int) -> str:
    try:
        return _text(reading.explain(*_asked(ti, try_number)))
    except Exception as error:
        return _text([Note(0, reading.told(error))])


def _asked(ti, try_number: int) -> tuple[Settings, Try, Span]:
    span = tries.span(ti, try_number, reading.now(), lambda: _history(ti, try_number))
    return settings.load(), tries.of_instance(ti, try_number), span


def _history(ti, try_number: int):
    """An older try, which Airflow keeps since 2.10."""
    try:
        from airflow.models.taskinstancehistory import TaskInstanceHistory as History
    except ImportError:
        return None
    ids = ("dag_id", "task_id", "run_id", "map_index")
    same = [getattr(History, name) == getattr(ti, name) for name in ids]
    with create_session() as session:
        query = session.query(History).filter(*same, History.try_number == try_number)
        found = query.order_by(History.id).first()
        if found is not None:
            session.expunge(found)
        return found


def _text(lines: Iterable[Entry | Note]) -> str:
    return "\n".join(f"*** {it.line}" if isinstance(it, Note) else it.line for it in lines)
