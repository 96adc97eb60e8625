"""What a reading finds and says, against a server that answers as Loki's API does. Needs no
Airflow."""

from __future__ import annotations

from fake_store import FakeStore, serving

from airflow_provider_barogram import client, reading
from airflow_provider_barogram.client import DAY, SECOND, Server, Try
from airflow_provider_barogram.reading import Note, Settings
from airflow_provider_barogram.tries import Span

START = 1_772_366_400 * SECOND
SPAN = Span(START, START + DAY, finished=True)
ASKED = Try("d", "t", "r", 1)
RANGE = "from 2026-03-01T12:00:00Z to 2026-03-02T12:00:00Z"
NOTHING = f"barogram: no line of this try at URL {RANGE}; asked for {ASKED.query()}"
CUT = (
    "* barogram: cut here, since the limit of lines is reached; all lines: barogram query "
    "--forward --limit 0 --from 2026-03-01T12:00:00Z --to 2026-03-02T12:00:00Z "
    f"'{ASKED.query()}'"
)


def check(store, sources, lines, *, span=SPAN, explain=False, **settings):
    """Compares what a log view is told: sources, and lines, of which ours begin with a star."""
    with serving(store):
        known = Settings(Server(store.url), **settings)
        if explain:
            told, found = [], reading.explain(known, ASKED, span)
        else:
            it = reading.read(known, ASKED, span)
            told, found = it.sources, list(it.lines)
            assert it.found == bool(found)
    shown = [f"* {it.line}" if isinstance(it, Note) else it.line for it in found]
    plain = [it.replace(store.url, "URL") for it in [*told, *shown]]
    assert plain == [*sources, *lines]
    assert [it.at for it in found] == sorted(it.at for it in found)


def store(count=0, **more):
    return FakeStore([(START + i, "a", f"{i}") for i in range(count)], **more)


def test_lines_and_where_they_are_from():
    check(store(3), ["barogram at URL"], ["0", "1", "2"])
    check(store(), [NOTHING], [])


def test_lines_of_other_components_are_not_the_tasks():
    held = store(1, holds='component!~"scheduler')
    check(held, ["barogram at URL"], ["0"])
    check(held, [NOTHING], [], matchers='component="worker"')
    assert 'source!="airflow.lifecycle", component="worker"} |' in held.asked[-1]["query"]


def test_a_log_that_is_cut_shows_its_end(monkeypatch):
    monkeypatch.setattr(client, "PAGE_ENTRIES_MAX", 4)
    monkeypatch.setattr(reading, "TAIL_ENTRIES", 2)
    end = ["* barogram: the last 2 lines:", "8", "9"]
    check(store(10), ["barogram at URL"], ["0", "1", "2", CUT, *end], lines_max=3)
    # What is left may be fewer.
    end = ["* barogram: the last 1 lines:", "9"]
    check(store(10), ["barogram at URL"], [*map(str, range(9)), CUT, *end], lines_max=9)
    check(store(10), ["barogram at URL"], list(map(str, range(10))), lines_max=10)
    # While it runs, its end changes.
    running = Span(START, START + DAY, finished=False)
    check(store(10), ["barogram at URL"], ["0", "1", "2", CUT], lines_max=3, span=running)


def test_failures_are_told_and_never_raised(monkeypatch):
    monkeypatch.setattr(client, "PAGE_ENTRIES_MAX", 2)
    broken = (500, {}, b"no disk")
    says = "barogram: URL answers with status 500: no disk"
    check(store(5, says=broken), [says], [])
    missing = f"* {says}; lines are missing from here on"
    check(store(5, says=broken, says_from=1), ["barogram at URL"], ["0", "1", missing])
    check(store(5, says=broken), [], [f"* {says}"], explain=True)
    monkeypatch.setattr(client, "fetch", lambda *_: 1 / 0)
    unforeseen = "reading failed (ZeroDivisionError); see the log of the web server"
    check(store(), [f"barogram: {unforeseen}"], [])
    check(store(), [], [f"* barogram: {unforeseen}"], explain=True)


def test_an_empty_log_is_explained():
    check(store(), [], [f"* {NOTHING}"], explain=True)
    others = "* barogram: the task wrote no line; other components wrote of this try:"
    check(store(2), [], [others, "0", "1"], explain=True)
    check(store(999), [], [others, *map(str, range(200))], explain=True)
