"""Which try is asked for, and from when to when. Needs no Airflow."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

from airflow_provider_barogram import tries
from airflow_provider_barogram.client import DAY, SECOND, Try

HOUR = 3600 * SECOND
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def nanos(time: datetime) -> int:
    return int(time.timestamp()) * SECOND


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


class Closed:
    """A task instance whose session is over."""

    try_number = 1
    state = "success"

    @property
    def dag_run(self):
        raise RuntimeError("the session is closed")


def check(ti, expect, *, number=1, history=None, now=None):
    """Compares a span, told as minutes from noon, whole hours before and after as they are."""
    moment = nanos(now or at(60))
    span = tries.span(ti, number, moment, lambda: history)
    minutes = [(time - nanos(NOON)) / (60 * SECOND) for time in (span.start, span.end)]
    assert (*minutes, span.finished) == expect


def instance(**known):
    return SimpleNamespace(**{"try_number": 1, "state": "running", **known})


def test_the_newest_try_shows_its_times():
    check(instance(queued_dttm=at(-5), start_date=at(0)), (-65, 120, False))
    # A deferred task is queued again, a rescheduled one too: what comes first counts.
    check(instance(queued_dttm=at(30), start_date=at(0)), (-60, 120, False))
    # The end of an earlier round says nothing of a task that runs.
    check(instance(start_date=at(0), end_date=at(-90)), (-60, 120, False))
    done = instance(state="success", start_date=at(0), end_date=at(1))
    check(done, (-60, 120, True))
    week = 7 * 24 * 60
    check(done, (-60, 1 + week, True), now=at(3 * week))
    check(instance(state=SimpleNamespace(value="failed"), start_date=at(0)), (-60, 120, True))
    # Without a zone, times are UTC's.
    check(instance(start_date=at(0).replace(tzinfo=None)), (-60, 120, False))


def test_an_older_try_has_its_times_in_history():
    newest = instance(try_number=3, start_date=at(50), dag_run=instance(logical_date=at(-1440)))
    older = instance(start_date=at(0), end_date=at(1))
    check(newest, (-60, 120, True), number=2, history=older)
    check(newest, (-1500, 120, True), number=2)


def test_without_times_of_its_own_the_run_says_when():
    run = instance(queued_at=at(10), start_date=at(11), logical_date=at(-30))
    check(instance(dag_run=run), (-90, 120, False))
    # A run may be for the day after tomorrow.
    check(instance(dag_run=instance(logical_date=at(9999))), (0, 120, False))
    two_years = 25 * 30 * 24 * 60
    check(Closed(), (60 - two_years - 60, 120, True))
    check(instance(), (60 - two_years - 60, 120, False))
    check(None, (60 - two_years - 60, 120, False))


def test_paths_name_tries():
    def check(path, expect):
        assert tries.of_path(path) == expect

    run = "scheduled__2026-03-01T00:00:00+00:00"
    plain = f"dag_id=a.b/run_id={run}/task_id=g.t/attempt=2.log"
    check(plain, Try("a.b", "g.t", run, 2))
    check(f"/logs/{plain}", Try("a.b", "g.t", run, 2))
    mapped = f"dag_id=a/run_id={run}/task_id=t/map_index=7/attempt=1.log"
    check(mapped, Try("a", "t", run, 1, 7))
    check(f"{plain}.trigger.4.log", None)
    check("a/t/2026-03-01/1.log", None)
    assert tries.try_number(plain, instance(try_number=5)) == 2
    assert tries.try_number("a/1.log", instance(try_number=5)) == 5
    assert DAY == 24 * HOUR


def test_instances_name_tries():
    ids = {"dag_id": "d", "task_id": "t", "run_id": "r"}
    assert tries.of_instance(instance(**ids, map_index=3), 2) == Try("d", "t", "r", 2, 3)
    assert tries.of_instance(instance(**ids), 1) == Try("d", "t", "r", 1, -1)
