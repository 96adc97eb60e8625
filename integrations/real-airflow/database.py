"""PostgreSQL for Airflow, and what Airflow has written into it: the truth of what ran."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg2
import psycopg2.extras
from real import running, wait_for

USER = NAME = "airflow"
_TRY = "dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date, hostname"


@dataclass
class Fact:
    """What the database says of a try, or of a run."""

    state: str | None
    start: datetime | None
    end: datetime | None
    # Whether a process has worked at it. What was skipped or failed by others never ran.
    has_run: bool = True

    @property
    def seconds(self) -> float | None:
        return (self.end - self.start).total_seconds() if self.start and self.end else None


class Database:
    def __init__(self, log: Path, port: int):
        self.log, self.port = log, port
        # SQLAlchemy 2.1 takes another driver unless it is told.
        self.url = f"postgresql+psycopg2://{USER}:Zq7-vault-x9@127.0.0.1:{port}/{NAME}"

    @contextmanager
    def up(self):
        # It may have to be somebody else's, who may not look into the folder of ours.
        with tempfile.TemporaryDirectory(prefix="real-airflow-") as folder:
            prefix = []
            if os.geteuid() == 0:
                # PostgreSQL refuses to be root.
                prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
                shutil.chown(folder, "postgres")
            with self._running(Path(folder), prefix) as process:
                wait_for("PostgreSQL", self._make, process)
                yield self

    def _running(self, folder: Path, prefix: list):
        programs, data = _programs(), folder / "data"
        init = [*prefix, programs / "initdb", "-D", data, "-A", "trust", "-U", USER, "--no-sync"]
        subprocess.run(init, check=True, stdout=subprocess.DEVNULL, cwd="/")
        command = [*prefix, programs / "postgres", "-D", data, "-k", folder, "-p", str(self.port)]
        for setting in ("fsync=off", "max_connections=300", "listen_addresses=127.0.0.1"):
            command += ["-c", setting]
        return running(command, self.log, cwd="/")

    def ask(self, query: str) -> list:
        connection = self._connect(NAME)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall()
        finally:
            connection.close()

    def tries(self) -> dict[tuple, Fact]:
        """By DAG, run, task, map index and number."""
        tables = ("task_instance_history", "task_instance")
        rows = [row for table in tables for row in self.ask(f"select {_TRY} from {table}")]
        return {row[:5]: Fact(*row[5:8], has_run=bool(row[8] and row[6])) for row in rows}

    def runs(self) -> dict[tuple, Fact]:
        """By DAG and run."""
        rows = self.ask("select dag_id, run_id, state, start_date, end_date from dag_run")
        return {row[:2]: Fact(*row[2:]) for row in rows}

    def states(self) -> dict[str, int]:
        """How many runs there are of each state."""
        return dict(self.ask("select state, count(*) from dag_run group by 1"))

    def dags(self) -> set[str]:
        """The DAGs that can run."""
        return {row[0] for row in self.ask("select dag_id from serialized_dag")}

    def _connect(self, name: str):
        return psycopg2.connect(host="127.0.0.1", port=self.port, user=USER, dbname=name)

    def _make(self) -> bool:
        try:
            connection = self._connect("postgres")
        except psycopg2.OperationalError:
            return False
        connection.autocommit = True
        connection.cursor().execute(f"create database {NAME}")
        connection.close()
        return True


def _programs() -> Path:
    """Debian keeps them beside the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    where = str(found[-1]) if found else shutil.which("initdb")
    if where is None:
        raise SystemExit("PostgreSQL is missing: apt-get install postgresql")
    return Path(where).parent
