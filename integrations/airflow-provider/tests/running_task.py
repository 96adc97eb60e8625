"""A program: lets Airflow's own reader read a task that runs, whose lines are in the store and whose
pod is asked too. Prints what is shown as JSON. Run by `test_airflow.py` with Airflow's settings."""

from __future__ import annotations

import json
from types import SimpleNamespace

from airflow.utils.log.file_task_handler import FileTaskHandler
from airflow.utils.state import TaskInstanceState

from airflow_provider_barogram import log_config, reading
from airflow_provider_barogram.client import Entry
from airflow_provider_barogram.reading import Reading


def main():
    stored = [Entry(1_000_000 * i, line) for i, line in enumerate(["a", "b", "c"])]
    reading.read = lambda *_: Reading(["the store"], iter(stored), found=True)

    def pod_says(_ti, _try_number):
        return ["the pod"], ["b\nc\nd"]

    FileTaskHandler._get_executor_get_task_log = lambda _self, _ti: pod_says
    FileTaskHandler._render_filename = lambda *_: "dag_id=d/run_id=r/task_id=t/attempt=1.log"
    running = TaskInstanceState.RUNNING
    ids = {"dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1, "try_number": 1}
    ti = SimpleNamespace(**ids, state=running, hostname="", executor=None)
    shown, _ = log_config.TaskHandler("/nowhere")._read(ti, 1)
    lines = shown.split("\n") if isinstance(shown, str) else [it.event for it in shown]
    print("=", json.dumps(lines))


main()
