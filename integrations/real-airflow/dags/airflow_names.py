"""Names that moved between Airflow 2 and 3, so that one DAG file serves both."""

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.sdk import DAG, BaseOperator, task
    from airflow.sdk.exceptions import AirflowSkipException
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.exceptions import AirflowSkipException
    from airflow.models.baseoperator import BaseOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.python import PythonOperator, ShortCircuitOperator
    from airflow.sensors.python import PythonSensor

__all__ = [
    "DAG",
    "AirflowSkipException",
    "BaseOperator",
    "EmptyOperator",
    "PythonOperator",
    "PythonSensor",
    "ShortCircuitOperator",
    "task",
]
