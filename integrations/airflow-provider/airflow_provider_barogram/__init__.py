"""Shows the logs of Airflow's tasks from barogram's store, also of pods that are gone."""

from __future__ import annotations

__version__ = "0.1.0"

_OPTIONS = {
    "conn_id": ("barogram_default", "The connection that says where barogram is, unless url does."),
    "url": ("", "Where barogram is, such as http://barogram:3100. Goes before the connection."),
    "token": ("", "The token that barogram asks for."),
    "token_file": ("", "A file with that token, read each time."),
    "tenant": ("", "The tenant, where barogram tells tenants apart."),
    "ca_file": ("", "A file with the certificates to trust, instead of the system's."),
    "matchers": (
        "",
        "LogQL matchers that the lines of a task pass, beside those of its ids. "
        "Empty: those that leave out schedulers and API servers.",
    ),
    "lines_max": ("100000", "The most lines that are shown of one try, before its last ones."),
    "seconds_max": ("30", "How long one reading may take."),
}


def get_provider_info() -> dict:
    """What Airflow wants to know of a provider: above all, that the token is a secret."""
    options = {
        name: {
            "description": description,
            "type": "string",
            "version_added": __version__,
            "example": None,
            "default": default,
            "sensitive": name == "token",
        }
        for name, (default, description) in _OPTIONS.items()
    }
    return {
        "package-name": "airflow-provider-barogram",
        "name": "barogram",
        "description": "Shows the logs of tasks from barogram's store.",
        "versions": [__version__],
        "config": {
            "barogram": {
                "description": "Where task logs are read from.",
                "options": options,
            }
        },
    }
