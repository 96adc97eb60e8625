"""Airflow's logging configuration with ours in it, for `[logging] logging_config_class`.

It begins with what Airflow would use without it, so whatever else is configured for logging holds
on: remote logging too, which goes on writing and is read where barogram has no line.
"""

from __future__ import annotations

from copy import deepcopy
from logging.config import BaseConfigurator

from airflow.config_templates import airflow_local_settings as stock

LOGGING_CONFIG = deepcopy(stock.DEFAULT_LOGGING_CONFIG)
_task = LOGGING_CONFIG["handlers"]["task"]
_stock_handler = BaseConfigurator({}).resolve(_task["class"])
DEFAULT_REMOTE_CONN_ID = getattr(stock, "DEFAULT_REMOTE_CONN_ID", None)

# Airflow 3 has the name; its value is None where no remote logging is configured.
if hasattr(stock, "REMOTE_TASK_LOG"):
    from .airflow3 import Explains as _Ours
    from .airflow3 import RemoteLog

    REMOTE_TASK_LOG = RemoteLog(stock.REMOTE_TASK_LOG)
else:
    from .airflow2 import Reads as _Ours


class TaskHandler(_Ours, _stock_handler):
    """The handler that Airflow would use, reading from barogram."""


_task["class"] = f"{__name__}.TaskHandler"
