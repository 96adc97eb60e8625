"""Kubernetes' API as far as Airflow's executor and a collector ask for it: pods."""

from __future__ import annotations

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from node import Node
from selector import Selector

_PODS = re.compile(r"^/api/v1(?:/namespaces/([^/]+))?/pods(?:/([^/]+))?$")
_VERBS = ["create", "delete", "get", "list", "patch", "watch"]
_RESOURCE = {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod"}
# What clients ask before they ask for pods.
_ABOUT = {
    "/version": {"major": "1", "minor": "31", "gitVersion": "v1.31.4"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [{**_RESOURCE, "verbs": _VERBS}],
    },
}
# How often a watch that has nothing to tell looks whether it shall end.
WATCH_SECONDS = 5


class ApiServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, node: Node):
        super().__init__(("127.0.0.1", port), Handler)
        self.node = node

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if about := _ABOUT.get(urlsplit(self.path).path):
            return self._answer(about)
        namespace, name, asked = self._asked()
        if name is not None:
            self._answer(self._pod(namespace, name))
        elif asked.get("watch") in ("1", "true", "True"):
            self._watch(_selector(namespace, asked), asked)
        else:
            items = self.server.node.select(_selector(namespace, asked))
            version = {"resourceVersion": str(self.server.node.version)}
            kind = {"kind": "PodList", "apiVersion": "v1"}
            self._answer({**kind, "metadata": version, "items": items})

    def do_POST(self):
        namespace, _, _ = self._asked()
        pod = self.server.node.create(namespace, self._body())
        self._answer(pod, 201, missing=("AlreadyExists", 409))

    def do_PATCH(self):
        namespace, name, _ = self._asked()
        change, pod = self._body(), self._pod(namespace, name)
        if pod is not None:
            with self.server.node.changed:
                _merge(pod, change)
                self.server.node.tell("MODIFIED", pod)
        self._answer(pod)

    def do_DELETE(self):
        namespace, name, _ = self._asked()
        self._body()
        self._answer(self.server.node.delete((namespace, name)))

    def _asked(self):
        url = urlsplit(self.path)
        found = _PODS.match(url.path)
        namespace, name = found.groups() if found else (None, "")
        return namespace, name, {key: it[-1] for key, it in parse_qs(url.query).items()}

    def _pod(self, namespace: str, name: str) -> dict | None:
        return self.server.node.pods.get((namespace, name))

    def _body(self):
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")

    def _answer(self, answer: dict | None, status=200, missing=("NotFound", 404)):
        if answer is None:
            reason, status = missing
            answer = {"kind": "Status", "status": "Failure", "reason": reason, "code": status}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _watch(self, selector: Selector, asked: dict):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._follow(selector, asked)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def _follow(self, selector: Selector, asked: dict):
        node, until = self.server.node, time.monotonic() + float(asked.get("timeoutSeconds", 3600))
        known = int(asked.get("resourceVersion") or 0)
        if known == 0:
            known = node.version
            for pod in node.select(selector):
                self._tell("ADDED", pod)
        while time.monotonic() < until:
            with node.changed:
                node.changed.wait_for(lambda: node.version > known, WATCH_SECONDS)
                news = node.events[known - 1000 :] if node.version > known else []
            for event in news:
                known = event.version
                if kind := event.seen_by(selector):
                    self._tell(kind, event.pod)

    def _tell(self, kind: str, pod: dict):
        line = json.dumps({"type": kind, "object": pod}).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()


def _selector(namespace: str | None, asked: dict) -> Selector:
    return Selector(namespace, asked.get("labelSelector", ""), asked.get("fieldSelector", ""))


def _merge(into: dict, change: dict):
    """RFC 7386."""
    for key, value in change.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
