"""The node does what Kubernetes does, as far as it is asked."""

from __future__ import annotations

import os
import time

import container_log
from container_log import RECORD_BYTES_MAX, ContainerLog
from node import Event, Node
from selector import Selector


def check_log(folder, printed: bytes, expect: list, records: int):
    log = ContainerLog(folder / "pod" / "0.log", folder / "kept" / "0.log")
    read, write = os.pipe()
    os.write(write, printed)
    os.close(write)
    log.copy(read, "stdout")
    log.close()
    written = (folder / "kept" / "0.log").read_bytes()
    assert written == (folder / "pod" / "0.log").read_bytes()
    assert container_log.lines(written) == expect
    assert written.count(b"\n") == records


def test_lines_are_written_as_records_and_read_back(tmp_path):
    long = b"a" * (2 * RECORD_BYTES_MAX + 1)
    cases = [
        (b"", [], 0),
        (b"a\n\nb\n", [b"a", b"", b"b"], 3),
        (b"a\r\nb", [b"a", b"b"], 2),
        (long + b"\n", [long], 3),
        (b"a" * RECORD_BYTES_MAX + b"\n", [b"a" * RECORD_BYTES_MAX], 1),
        (b"\x00\xff\n", [b"\x00\xff"], 1),
    ]
    for number, (printed, expect, records) in enumerate(cases):
        check_log(tmp_path / str(number), printed, expect, records)


def pod(namespace="airflow", **fields):
    metadata = {"namespace": namespace, "name": "p", "labels": {"a": "1", "b": "2"}}
    return {"metadata": metadata, **fields}


def test_selectors_choose():
    here = pod(spec={"nodeName": "n"})
    cases = [
        ("", "", True),
        ("a=1,b==2", "", True),
        ("a!=1", "", False),
        ("a in (1, 3),!c", "", True),
        ("a notin (1,3)", "", False),
        ("c", "", False),
        ("", "spec.nodeName=n", True),
        ("", "spec.nodeName!=n", False),
        ("", "status.phase!=Failed", True),
    ]
    for labels, fields, expect in cases:
        for namespace, is_here in ((None, True), ("airflow", True), ("other", False)):
            found = Selector(namespace, labels, fields).matches(here)
            assert found == (expect and is_here), (labels, fields, namespace)


def test_a_watch_tells_what_comes_into_sight_and_what_goes():
    watch = Selector(None, "", "spec.nodeName=n")
    out, here = pod(spec={}), pod(spec={"nodeName": "n"})
    cases = [
        ("ADDED", out, None, None),
        ("MODIFIED", here, out, "ADDED"),
        ("MODIFIED", here, here, "MODIFIED"),
        ("MODIFIED", out, here, "DELETED"),
        ("DELETED", here, here, "DELETED"),
        ("DELETED", out, out, None),
    ]
    for kind, now, before, expect in cases:
        assert Event(1001, kind, now, before).seen_by(watch) == expect


def test_a_pod_lives_and_leaves_what_it_wrote(tmp_path):
    node = Node(tmp_path, {"PATH": os.environ["PATH"]}, tasks_max=1)
    program = "echo printed; echo written > $AIRFLOW__LOGGING__BASE_LOG_FOLDER/x; exit 3"
    container = {"name": "base", "args": ["sh", "-c", program]}
    body = {"metadata": {"name": "p"}, "spec": {"containers": [container]}}
    made = node.create("airflow", body)
    assert node.create("airflow", body) is None
    wait(lambda: made["status"]["phase"] == "Failed")
    node.delete(("airflow", "p"))
    wait(lambda: not node.pods)
    folder = node.kept / f"airflow_p_{made['metadata']['uid']}"
    assert container_log.lines((folder / "base/0.log").read_bytes()) == [b"printed"]
    wait(lambda: (folder / "logs/x").is_file() and not any(node.pods_folder.iterdir()))
    assert (folder / "logs/x").read_text() == "written\n"
    ended = node.shown[made["metadata"]["uid"]]["status"]["containerStatuses"][0]["state"]
    assert ended["terminated"]["exitCode"] == 3
    kinds = [event.kind for event in node.events]
    assert (kinds[0], kinds[-1]) == ("ADDED", "DELETED")


def wait(ready):
    until = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.05)
