"""Tasks that fail, are tried again, are skipped, or never run since others have failed."""

import logging
from datetime import datetime, timedelta

from airflow_names import (
    DAG,
    AirflowSkipException,
    EmptyOperator,
    PythonOperator,
    ShortCircuitOperator,
)

log = logging.getLogger("acme.billing")


def flaky(ti):
    if ti.try_number > 2:
        return
    try:
        int("12,50€")
    except ValueError as error:
        raise KeyError("amount") from error


def broken():
    log.info("this will not do")
    raise RuntimeError("no way\nand no way back")


def skipped():
    raise AirflowSkipException("nothing to do today")


with DAG(
    dag_id="failures.of-tasks_v2",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    default_args={"retry_delay": timedelta(seconds=2)},
):
    is_broken = PythonOperator(task_id="is.broken", python_callable=broken)
    is_broken >> EmptyOperator(task_id="behind_it")
    PythonOperator(task_id="is_flaky", python_callable=flaky, retries=2)
    PythonOperator(task_id="is-skipped", python_callable=skipped)
    gate = ShortCircuitOperator(task_id="gate", python_callable=lambda: False)
    gate >> EmptyOperator(task_id="behind_the_gate")
