"""Lines from a real barogram through a real Airflow, asked by the API that the web pages ask.

Runs with whichever Airflow is installed, and with the binary that BAROGRAM_BINARY names. The DAG is
run by Airflow; what its tasks wrote is pushed as the collector would push it, and removed from the
disk, as it is when a pod is gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

pytest.importorskip("airflow", reason="no Airflow is installed")
if "BAROGRAM_BINARY" not in os.environ:
    pytest.skip("BAROGRAM_BINARY does not name a barogram", allow_module_level=True)

import real

from airflow_provider_barogram import client
from airflow_provider_barogram.client import Budget, Server, Try

RUN = "manual__2026-03-01T00:00:00+00:00"
MILLISECOND = 1_000_000


@pytest.fixture(scope="module")
def barogram(tmp_path_factory):
    with real.Barogram(tmp_path_factory.mktemp("barogram")).serving() as server:
        yield server


@pytest.fixture(scope="module")
def airflow(tmp_path_factory, barogram):
    folder = tmp_path_factory.mktemp("airflow")
    made = real.Airflow(folder, barogram.url, barogram.TOKEN, barogram.TENANT)
    with made.up():
        made.run(RUN)
        yield made


def push(barogram, task_id, lines, *, try_number=1, map_index=-1, run_id=RUN, **labels):
    """Stores lines as the collector does those of a pod of the KubernetesExecutor."""
    labels = {
        "namespace": "airflow",
        "app": "airflow",
        "component": "worker",
        "container": "base",
        "dag_id": "orders",
        "task_id": task_id,
        **labels,
    }
    metadata = {
        "run_id": run_id,
        "try_number": str(try_number),
        "map_index": str(map_index),
        "pod": "orders-x1",
        "attributed_by": "pod-annotations",
    }
    at = time.time_ns()
    barogram.push([(at + i * MILLISECOND, it) for i, it in enumerate(lines)], labels, metadata)


def check(airflow, task_id, expect, sources=(), **asked):
    """Compares the lines that the page shows, and looks for words among its sources."""
    found_sources, found = airflow.log(RUN, task_id, **asked)
    assert found == expect
    for words in sources:
        assert any(words in it for it in found_sources), found_sources


def shown(airflow, lines):
    """What the page shows of lines of a task."""
    return lines if airflow.is_2 else [_event(line) for line in lines]


def _event(line):
    try:
        return json.loads(line)["event"]
    except ValueError:
        return line


def test_what_a_task_wrote_is_shown_when_its_file_is_gone(airflow, barogram):
    file = airflow.file(RUN, "extract")
    wrote = file.read_text().splitlines()
    assert len(wrote) > 3
    # As long as the store has nothing, the file is shown.
    _, from_file = airflow.log(RUN, "extract")
    file.unlink()
    push(barogram, "extract", wrote)
    check(airflow, "extract", from_file, [f"barogram at {barogram.url}"])
    if not airflow.is_2:
        # Messages keep what they hold: levels, loggers, and the rest.
        first = json.loads(next(line for line in wrote if '"level"' in line))
        # Airflow writes times again: 3.0 has them in the file without a zone.
        del first["timestamp"]
        assert any(first.items() <= it.items() for it in airflow.messages)


def test_mapped_instances_are_told_apart(airflow, barogram):
    for index in range(3):
        airflow.file(RUN, "load", map_index=index).unlink()
        push(barogram, "load", [line(airflow, f"number {index}")], map_index=index)
    for index in range(3):
        check(airflow, "load", shown(airflow, [line(airflow, f"number {index}")]), map_index=index)


def test_tries_are_told_apart(airflow, barogram):
    for number in (1, 2):
        airflow.file(RUN, "publish", try_number=number).unlink()
        push(barogram, "publish", [line(airflow, f"try {number}")], try_number=number)
        push(barogram, "publish", [line(airflow, "another run")], try_number=number, run_id="r")
    for number in (1, 2):
        expect = shown(airflow, [line(airflow, f"try {number}")])
        check(airflow, "publish", expect, try_number=number)


def test_an_empty_log_says_why_then_shows_the_scheduler_then_the_task(airflow, barogram):
    airflow.file(RUN, "silent").unlink()
    _, found = airflow.log(RUN, "silent")
    assert len(found) == 1
    assert f"barogram: no line of this try at {barogram.url} from 20" in found[0]
    # Other components wrote of it: better than nothing, but never in place of the task's lines.
    scheduled = line(airflow, "TaskInstance Finished")
    push(barogram, "silent", [scheduled], component="scheduler", container="scheduler")
    others = "barogram: the task wrote no line; other components wrote of this try:"
    star = "*** " if airflow.is_2 else ""
    check(airflow, "silent", [f"{star}{others}", *shown(airflow, [scheduled])])
    # Many pages of lines, JSON or not; what is no message of Airflow's is shown as it is.
    many = [line(airflow, f"line {i}") for i in range(11_000)]
    odd = ['{"no": "event"}', "plain text", "{", "ünïcode \u2028 and \x1b[31mred\x1b[0m"]
    push(barogram, "silent", many)
    push(barogram, "silent", odd, level="info")
    if airflow.is_2:
        # Airflow 2 splits text at Unicode's line separators too.
        odd = [part for it in odd for part in it.splitlines()]
    _, found = airflow.log(RUN, "silent")
    assert [it for it in found if it not in odd] == shown(airflow, many)
    assert [it for it in found if it in odd] == odd


def test_files_are_read_where_the_store_has_nothing(airflow, barogram):
    file = airflow.file(RUN, "silent")
    file.write_text(line(airflow, "on disk") + "\n")
    again = airflow.file(RUN, "load", map_index=0)
    again.write_text(line(airflow, "not shown: the store has the lines") + "\n")
    check(airflow, "load", shown(airflow, [line(airflow, "number 0")]), map_index=0)
    file.unlink()
    again.unlink()


def test_the_store_is_asked_with_hostile_ids(barogram):
    hostile = ['a"b', "a\\", 'x"} | json | y!="', "a`b", "é 😀", "a\nb", "{{.}}", "'; drop --"]
    for i, name in enumerate(hostile):
        asked = Try(name, f"{name}.t", f"{name}+r", i, i)
        labels = {"dag_id": asked.dag_id, "task_id": asked.task_id}
        ids = {"run_id": asked.run_id, "try_number": str(i), "map_index": str(i)}
        now = time.time_ns()
        barogram.push([(now, name)], labels, ids)
        server = Server(barogram.url, token=barogram.TOKEN, tenant=barogram.TENANT)
        found = client.entries(server, asked.query(), now - 1, now + 1, Budget())
        assert [entry.line for entry in found] == [name]


def test_pods_and_other_remote_logging_are_read_besides(airflow):
    found = json.loads(run(airflow.env, [str(real.PROJECT / "tests" / "handlers.py")]))
    # The pod's line has no time, and stands where Airflow puts such lines.
    assert sorted(found["running"][-4:]) == ["a", "b", "c", "d"]
    path = "dag_id=d/run_id=r/task_id=t/attempt=1.log"
    assert found["other"] == ["from the other", "from barogram", path]


def test_settings_come_from_configuration_and_connection(airflow):
    program = """
from airflow_provider_barogram import client, settings
try:
    it = settings.load()
    print("=", [it.server.url, it.server.token, it.server.tenant, it.lines_max])
except client.StoreError as error:
    print("=", error)
"""

    def check(env, expect):
        assert run({**airflow.env, **env}, ["-c", program]) == str(expect)

    where = {"AIRFLOW__BAROGRAM__URL": "https://b", "AIRFLOW__BAROGRAM__TOKEN": "t"}
    check(where, ["https://b", "t", None, 100_000])
    uri = {"AIRFLOW_CONN_OTHER": "http://:s%40c@b:31?tenant=x"}
    uri["AIRFLOW__BAROGRAM__CONN_ID"] = "other"
    check(uri, ["http://b:31", "s@c", "x", 100_000])
    uri = {"AIRFLOW_CONN_BAROGRAM_DEFAULT": "https://b", "AIRFLOW__BAROGRAM__LINES_MAX": "7"}
    check(uri, ["https://b", None, None, 7])
    file = airflow.folder / "token"
    file.write_text("kept\n")
    kept = {"AIRFLOW__BAROGRAM__TOKEN_FILE": str(file), "AIRFLOW__BAROGRAM__URL": "http://b"}
    check(kept, ["http://b", "kept", None, 100_000])
    wrong = "a setting of [barogram] cannot be used: "
    few = {**where, "AIRFLOW__BAROGRAM__LINES_MAX": "few"}
    check(few, f"{wrong}invalid literal for int() with base 10: 'few'")
    missing = {"AIRFLOW__BAROGRAM__CONN_ID": "nobody", "AIRFLOW__BAROGRAM__TENANT": "y"}
    check(missing, ["http://barogram:3100", None, "y", 100_000])


def test_a_store_that_is_gone_is_told(airflow, barogram):
    """The last test: it stops the store."""
    real.stop(barogram.process)
    gone = f"barogram: cannot reach {barogram.url}: [Errno 111] Connection refused"
    check(airflow, "silent", [gone if not airflow.is_2 else f"*** {gone}"], [gone])
    file = airflow.file(RUN, "silent")
    file.write_text(line(airflow, "on disk") + "\n")
    check(airflow, "silent", shown(airflow, [line(airflow, "on disk")]), [gone])


def run(env, arguments):
    """What a program of its own prints after an equals sign."""
    done = subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True)
    found = [it[2:] for it in done.stdout.splitlines() if it.startswith("= ")]
    assert len(found) == 1, done.stderr
    return found[0]


def line(airflow, message):
    """A line as this Airflow's tasks write it."""
    if airflow.is_2:
        return f"[2026-03-01T00:00:00.000+0000] {{orders.py:1}} INFO - {message}"
    return json.dumps({"timestamp": "2026-03-01T00:00:00Z", "level": "info", "event": message})
