"""A DAG for the test: a plain task, a mapped one, one that needs two tries, one without lines."""

from __future__ import annotations

from datetime import datetime, timedelta

try:
    from airflow.sdk import dag, task
except ImportError:
    from airflow.decorators import dag, task


@dag(schedule=None, start_date=datetime(2026, 1, 1), catchup=False)
def orders():
    @task
    def extract():
        return [1, 2, 3]

    @task
    def load(number):
        print(number)

    @task(retries=1, retry_delay=timedelta(0))
    def publish(ti=None):
        if ti.try_number == 1:
            raise ValueError("the first try fails")

    @task
    def silent():
        pass

    load.expand(number=extract()) >> publish() >> silent()


orders()
