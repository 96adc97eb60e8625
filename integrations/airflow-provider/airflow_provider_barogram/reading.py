"""Reads a try's lines and says in words how that went. Nothing here raises: what fails is told.

The words are for the log view of Airflow, whose reader wants to know why lines are missing and
what to do.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain, islice

from . import client
from .client import SECOND, Budget, Entry, Server, StoreError, Try
from .tries import Span

# Lines of other components name tries too, and are not what a task's log is asked for. Nor is what
# a Celery worker says on its console, in a container of this name: the task's lines are in files,
# which must not give way to it.
MATCHERS = 'component!~"scheduler|api-server|webserver|dag-processor", container!="worker"'
# What comes last tells how it ended, so of a log that is cut the end is shown as well.
TAIL_ENTRIES = 1000
TAIL_SECONDS = 10.0
# What schedulers say of a try that wrote nothing: enough for an hour of retries.
OTHERS_ENTRIES = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What there is to set."""

    server: Server
    matchers: str = MATCHERS
    lines_max: int = 100_000
    seconds_max: float = 30.0


@dataclass(frozen=True)
class Note:
    """A line that is not the task's but ours, to be shown at its place."""

    at: int
    line: str


@dataclass(frozen=True)
class Reading:
    """What was found. `lines` is empty when there is nothing, and never raises."""

    sources: list[str]
    lines: Iterator[Entry | Note]
    found: bool


def read(settings: Settings, asked: Try, span: Span) -> Reading:
    """The lines of a try, oldest first, fetched while they are taken."""
    where = client.shown(settings.server.url)
    lines = _lines(settings, asked, span)
    try:
        first = next(lines, None)
    except Exception as error:
        return Reading([told(error)], iter(()), found=False)
    if first is None:
        return Reading([f"barogram: {_nothing(where, asked, span)}"], iter(()), found=False)
    return Reading([f"barogram at {where}"], _safe(chain([first], lines)), found=True)


def explain(settings: Settings, asked: Try, span: Span) -> list[Entry | Note]:
    """Why there is no line: what is wrong with the store, or else what other components, such as
    the scheduler, have written about the try."""
    where, server = client.shown(settings.server.url), settings.server
    budget = Budget(entries=OTHERS_ENTRIES, seconds=settings.seconds_max)
    try:
        found = client.entries(server, asked.query(), span.start, span.end, budget)
        others = list(islice(found, OTHERS_ENTRIES))
    except Exception as error:
        return [Note(span.start, told(error))]
    if not others:
        return [Note(span.start, f"barogram: {_nothing(where, asked, span)}")]
    note = "barogram: the task wrote no line; other components wrote of this try:"
    return [Note(others[0].at, note), *others]


def told(error: Exception) -> str:
    """An error in words for whoever looks at the log."""
    if isinstance(error, StoreError):
        return f"barogram: {error}"
    # Not foreseen: the web server's log gets the place, whoever looks at the log a sentence.
    log.exception("reading from barogram failed")
    return f"barogram: reading failed ({type(error).__name__}); see the log of the web server"


def _lines(settings: Settings, asked: Try, span: Span) -> Iterator[Entry | Note]:
    query = asked.query(settings.matchers)
    budget = Budget(entries=settings.lines_max, seconds=settings.seconds_max)
    last = span.start
    for entry in client.entries(settings.server, query, span.start, span.end, budget):
        last = entry.at
        yield entry
    if budget.cut is None:
        return
    yield Note(last, f"barogram: cut here, since {budget.cut}; all lines: {_command(asked, span)}")
    # While a task runs, what is last changes, and Airflow counts on what it has seen.
    if span.finished:
        tail = Budget(seconds=TAIL_SECONDS)
        ends = client.newest(settings.server, query, last + 1, span.end, TAIL_ENTRIES, tail)
        if ends:
            yield Note(ends[0].at, f"barogram: the last {len(ends)} lines:")
        yield from ends


def _safe(lines: Iterator[Entry | Note]) -> Iterator[Entry | Note]:
    """The same lines, with what is raised in the middle as the last of them."""
    at = 0
    try:
        for line in lines:
            at = line.at
            yield line
    except Exception as error:
        yield Note(at, f"{told(error)}; lines are missing from here on")


def _nothing(where: str, asked: Try, span: Span) -> str:
    return (
        f"no line of this try at {where} from {_rfc3339(span.start)} to {_rfc3339(span.end)}; "
        f"asked for {asked.query()}"
    )


def _command(asked: Try, span: Span) -> str:
    return (
        f"barogram query --forward --limit 0 --from {_rfc3339(span.start)} "
        f"--to {_rfc3339(span.end)} {_shell(asked.query())}"
    )


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _rfc3339(nanos: int) -> str:
    return datetime.fromtimestamp(nanos // SECOND, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> int:
    """The time, in nanoseconds since 1970."""
    return time.time_ns()
