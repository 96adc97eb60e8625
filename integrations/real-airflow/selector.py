"""Label and field selectors of Kubernetes' API."""

from __future__ import annotations

import re

_BETWEEN = re.compile(r",(?![^()]*\))")
_SET = re.compile(r"^(\S+)\s+(in|notin)\s+\((.*)\)$")


class Selector:
    """Which pods a request is about."""

    def __init__(self, namespace: str | None, labels: str, fields: str):
        self.namespace = namespace
        self.labels = [part for it in _BETWEEN.split(labels) if (part := it.strip())]
        self.fields = [part for part in fields.split(",") if part]

    def matches(self, pod: dict | None) -> bool:
        if pod is None:
            return False
        metadata = pod["metadata"]
        return (
            self.namespace in (None, metadata["namespace"])
            and all(_has_label(part, metadata.get("labels") or {}) for part in self.labels)
            and all(_has_field(part, pod) for part in self.fields)
        )


def _has_label(part: str, labels: dict) -> bool:
    if found := _SET.match(part):
        name, word, values = found.groups()
        is_among = labels.get(name) in [value.strip() for value in values.split(",")]
        return is_among == (word == "in")
    if "!=" in part:
        name, value = part.split("!=", 1)
        return labels.get(name) != value
    if "=" in part:
        name, value = re.split("==?", part, maxsplit=1)
        return labels.get(name) == value
    return part[1:] not in labels if part.startswith("!") else part in labels


def _has_field(part: str, pod: dict) -> bool:
    path, value = re.split("!=|==?", part, maxsplit=1)
    found = pod
    for name in path.split("."):
        found = (found or {}).get(name)
    return ((found or "") == value) != ("!=" in part)
