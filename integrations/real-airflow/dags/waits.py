"""Tasks in several processes: deferred to a trigger, and rescheduled by a sensor."""

import os
from datetime import datetime, timedelta

from airflow_names import DAG, BaseOperator, PythonSensor
from nap_trigger import NapTrigger


class NapOperator(BaseOperator):
    def execute(self, context):
        print("going to sleep")
        self.defer(trigger=NapTrigger(4), method_name="resume", timeout=timedelta(seconds=120))

    def resume(self, context, event=None):
        self.log.info("woke up by %s", event)


def is_there() -> bool:
    """Once it was looked for."""
    # Something that is the same for all processes of a deployment, and new in each.
    mark = os.path.join(os.environ["AIRFLOW_HOME"], "looked-for")
    found = os.path.exists(mark)
    open(mark, "w").close()
    return found


with DAG(dag_id="waits", schedule=None, start_date=datetime(2026, 1, 1)):
    NapOperator(task_id="nap")
    PythonSensor(
        task_id="poke", python_callable=is_there, mode="reschedule", poke_interval=5, timeout=300
    )
