"""Tasks that are killed: the process of the task, and with it the one that watches over it."""

import logging
import os
import signal
import sys
import time
from datetime import datetime, timedelta

from airflow_names import DAG, PythonOperator

log = logging.getLogger("acme.ops")


def killed(ti):
    log.info("in try %d", ti.try_number)
    sys.stdout.flush()
    time.sleep(0.5)
    if ti.try_number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    log.info("alive")


def vanished(ti):
    log.info("step 1")
    sys.stdout.flush()
    time.sleep(1)
    if ti.try_number == 1:
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    log.info("step 2")


def left():
    log.info("leaving")
    sys.stdout.flush()
    time.sleep(0.5)
    os._exit(7)


with DAG(
    dag_id="deaths",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    default_args={"retries": 1, "retry_delay": timedelta(seconds=2)},
):
    PythonOperator(task_id="killed", python_callable=killed)
    PythonOperator(task_id="vanished", python_callable=vanished)
    PythonOperator(task_id="left", python_callable=left, retries=0)
