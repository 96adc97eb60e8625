"""Reads the settings: from `[barogram]` of Airflow's configuration, and from a connection."""

from __future__ import annotations

import logging
from pathlib import Path

from airflow.configuration import conf

from .client import Server, StoreError
from .reading import MATCHERS, Settings

DEFAULT_CONN_ID = "barogram_default"
DEFAULT_URL = "http://barogram:3100"
SECTION = "barogram"

log = logging.getLogger(__name__)


def load() -> Settings:
    """What holds now. It is read each time, so that a change needs no restart.

    Raises `StoreError` for a setting that cannot be used.
    """
    try:
        return Settings(
            server=_server(),
            matchers=_option("matchers") or MATCHERS,
            lines_max=int(_option("lines_max") or Settings.lines_max),
            seconds_max=float(_option("seconds_max") or Settings.seconds_max),
        )
    except (OSError, ValueError) as error:
        raise StoreError(f"a setting of [{SECTION}] cannot be used: {error}") from error


def _server() -> Server:
    url = _option("url")
    connection = None if url else _connection(_option("conn_id") or DEFAULT_CONN_ID)
    extra = connection.extra_dejson if connection else {}
    return Server(
        url=url or (_url(connection) if connection else DEFAULT_URL),
        token=_option("token") or _token_of_file() or (connection.password if connection else None),
        tenant=_option("tenant") or extra.get("tenant"),
        ca_file=_option("ca_file") or extra.get("ca_file"),
    )


def _token_of_file() -> str:
    file = _option("token_file")
    return Path(file).read_text(encoding="utf-8").strip() if file else ""


def _option(name: str) -> str:
    return (conf.get(SECTION, name, fallback="") or "").strip()


def _connection(conn_id: str):
    # The one of the database and the secrets backends: logs are read where the web server is.
    from airflow.exceptions import AirflowNotFoundException
    from airflow.models.connection import Connection

    try:
        return Connection.get_connection_from_secrets(conn_id)
    except AirflowNotFoundException:
        log.debug("there is no connection %s; barogram is asked at %s", conn_id, DEFAULT_URL)
        return None


def _url(connection) -> str:
    host = connection.host or ""
    if "://" in host:
        return host
    scheme = "https" if "https" in (connection.schema, connection.conn_type) else "http"
    port = f":{connection.port}" if connection.port else ""
    return f"{scheme}://{host}{port}"
