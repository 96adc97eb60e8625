"""A small server that answers as Loki's API does, from a list of entries, and remembers what it was
asked."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class FakeStore:
    """What it holds, as `(time, stream, line)`, how it behaves, and what it was asked."""

    entries: list = field(default_factory=list)
    # Refuses to answer with more, as `max_entries_limit_per_query` does.
    limit_max: int = 5000
    # What it says instead: a status, headers and a body.
    says: tuple | None = None
    # Only these answers of it are so; the others are proper.
    says_from: int = 0
    # Waits before each piece of ten bytes.
    drip_seconds: float = 0.0
    # Answers queries that hold this text only.
    holds: str = ""
    asked: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    url: str = ""

    def answer(self, target: str) -> tuple[int, dict, bytes]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        self.asked.append(query)
        if self.says is not None and len(self.asked) > self.says_from:
            return self.says
        limit = int(query["limit"])
        if limit > self.limit_max:
            text = f"max entries limit per query exceeded, limit > max ({limit} > {self.limit_max})"
            return 400, {}, text.encode()
        start, end = int(query["start"]), int(query["end"])
        found = [it for it in self.entries if start <= it[0] < end]
        if self.holds not in query["query"]:
            found = []
        backward = query["direction"] == "backward"
        # Python's sort keeps the order of equal times, also in reverse.
        found = sorted(found, key=lambda it: it[0], reverse=backward)[:limit]
        streams: dict = {}
        for at, stream, line in found:
            streams.setdefault(stream, []).append([str(at), line])
        result = [{"stream": {"s": name}, "values": values} for name, values in streams.items()]
        data = {"resultType": "streams", "result": result, "stats": {}}
        return 200, {}, json.dumps({"status": "success", "data": data}).encode()


@contextmanager
def serving(store: FakeStore):
    """Serves it on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            store.headers.append({name.lower(): it for name, it in self.headers.items()})
            status, headers, body = store.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                if not store.drip_seconds:
                    self.wfile.write(body)
                    return
                for at in range(0, len(body), 10):
                    time.sleep(store.drip_seconds)
                    self.wfile.write(body[at : at + 10])
            except OSError:
                # Whoever asked had enough.
                pass

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
