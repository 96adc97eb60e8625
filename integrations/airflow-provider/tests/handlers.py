"""A program: what Airflow's own reader shows by our handler where a real pod, or a real remote
logging, would be needed. Prints it as JSON. Run by `test_airflow.py` with Airflow's settings."""

from __future__ import annotations

import json
from types import SimpleNamespace

from airflow.executors.executor_loader import ExecutorLoader
from airflow.utils.log.file_task_handler import FileTaskHandler
from airflow.utils.state import TaskInstanceState

from airflow_provider_barogram import log_config, reading
from airflow_provider_barogram.client import Entry
from airflow_provider_barogram.reading import Reading

PATH = "dag_id=d/run_id=r/task_id=t/attempt=1.log"
IDS = {"dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1, "try_number": 1}


def main():
    FileTaskHandler._render_filename = lambda *_: PATH
    print("=", json.dumps({"running": running_task(), "other": other_remote_logging()}))


def running_task():
    """The store has three lines; the pod knows the last two of them and one more."""
    stores("a", "b", "c")
    answer = ["the pod"], ["b\nc\nd"]
    executor = SimpleNamespace(get_task_log=lambda *_: answer)
    ExecutorLoader.get_default_executor = lambda: executor
    return shown(log_config.TaskHandler, TaskInstanceState.RUNNING)


def other_remote_logging():
    """What is shown with it when the store has nothing, when it has a line, and what was
    uploaded."""
    uploaded = []

    class Other:
        processors = ("one",)

        # As some providers have it: without a task instance.
        def upload(self, path):
            uploaded.append(path)

        def read(self, relative_path, ti):
            return ["the other"], ["from the other"]

    class OtherHandler(FileTaskHandler):
        def _read_remote_logs(self, ti, try_number, metadata=None):
            return Other().read(PATH, ti)

    handler = log_config.TaskHandler
    if hasattr(log_config, "REMOTE_TASK_LOG"):
        from airflow import logging_config

        log_config.REMOTE_TASK_LOG.other = Other()
        if hasattr(logging_config, "REMOTE_TASK_LOG"):
            logging_config.REMOTE_TASK_LOG = log_config.REMOTE_TASK_LOG
        log_config.REMOTE_TASK_LOG.upload(PATH, None)
        assert log_config.REMOTE_TASK_LOG.processors == ("one",)
    else:
        handler = type("Handler", (log_config._Ours, OtherHandler), {})
        uploaded.append(PATH)
    found = []
    for lines in ([], ["from barogram"]):
        stores(*lines)
        found.append(shown(handler, TaskInstanceState.SUCCESS)[-1])
    return [*found, *uploaded]


def stores(*lines):
    entries = [Entry(1_000_000 * i, line) for i, line in enumerate(lines)]
    found = bool(entries)
    reading.read = lambda *_: Reading(["the store"], iter(entries), found=found)


def shown(handler, state):
    ti = SimpleNamespace(**IDS, state=state, hostname="", executor=None)
    lines, _ = handler("/nowhere")._read(ti, 1)
    return lines.split("\n") if isinstance(lines, str) else [it.event for it in lines]


main()
