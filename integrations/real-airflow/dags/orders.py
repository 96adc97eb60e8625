"""A daily load, two runs at once: lines of all sorts, mapped tasks, one of them tried again."""

import logging
import os
import sys
import time
from datetime import datetime, timedelta

from airflow_names import DAG, task

log = logging.getLogger("acme.orders")


def write_of_all_sorts():
    log.debug("hidden")
    log.info("plain")
    log.warning("two lines\nand an indented\n    third")
    log.error("no user 'ünïcode' \u2028 \U0001f600 \x1b[31mred\x1b[0m")
    log.critical('{"level": "debug", "event": "an event of its own", "dag_id": "other"}')
    print("printed")
    print("printed to stderr", file=sys.stderr)
    print()
    print("   blanks   ")
    log.info("long %s end", "0123456789" * 4000)
    # Not Airflow's: bytes of the process itself.
    os.write(1, b"written to 1\n")
    os.write(2, b"written to 2\nwithout an end")


def write_of_others():
    nap = "dag_id=waits, task_id=nap, run_id=x, map_index=-1"
    log.info("TaskInstance Finished: %s, try_number=1, state=failed", nap)
    log.info("Marking task as FAILED. dag_id=deaths, task_id=killed, run_id=again.by:hand~1")
    log.info("AIRFLOW_CTX_DAG_ID=waits AIRFLOW_CTX_TASK_ID=nap AIRFLOW_CTX_DAG_RUN_ID=x")
    log.info("Executing <Task(PythonOperator): nap> on 2026-03-01 00:00:00+00:00")
    print("[2026-03-01T00:00:00.000+0000] {waits.py:1} ERROR - of nobody")


with DAG(
    dag_id="orders",
    schedule="@daily",
    start_date=datetime(2026, 3, 1),
    end_date=datetime(2026, 3, 2),
    catchup=True,
    max_active_runs=2,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=2)},
):

    @task
    def extract():
        write_of_all_sorts()
        return [1, 2, 3]

    @task
    def load(number, ti=None):
        write_of_others()
        for line in range(200):
            log.info("number %d, line %d of %s", number, line, ti.run_id)
        if number == 2 and ti.try_number == 1:
            raise ValueError("number 2 comes later")

    @task
    def publish():
        # Equal lines in one moment are as many lines.
        for _ in range(20):
            print("the same")
        time.sleep(0.2)

    load.expand(number=extract()) >> publish()
