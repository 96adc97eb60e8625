"""The log file of a container, written as containerd writes it, and read back."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

# What containerd puts into one record; more of a line goes into further ones.
RECORD_BYTES_MAX = 16 * 1024


class ContainerLog:
    """Writes what a process prints. The kubelet removes the file with the pod; `kept` stays."""

    def __init__(self, file: Path, kept: Path):
        self.lock = threading.Lock()
        self.files = []
        for path in (kept, file):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.files.append(path.open("ab", buffering=0))

    def copy(self, pipe: int, stream: str):
        """Writes down what comes from a pipe, until nobody has its other end."""
        rest = b""
        with os.fdopen(pipe, "rb", buffering=0) as source:
            while read := source.read(65536):
                *lines, rest = (rest + read).split(b"\n")
                for line in lines:
                    line = self._pieces(line, stream)
                    self._record(stream, b"F", line.removesuffix(b"\r"))
                rest = self._pieces(rest, stream)
        if rest:
            self._record(stream, b"P", rest)

    def close(self):
        for file in self.files:
            file.close()

    def _pieces(self, line: bytes, stream: str) -> bytes:
        """Writes all of a line that is too long but its last piece."""
        while len(line) > RECORD_BYTES_MAX:
            self._record(stream, b"P", line[:RECORD_BYTES_MAX])
            line = line[RECORD_BYTES_MAX:]
        return line

    def _record(self, stream: str, tag: bytes, text: bytes):
        with self.lock:
            record = b"%s %s %s %s\n" % (_now(), stream.encode(), tag, text)
            for file in self.files:
                file.write(record)


def lines(log: bytes) -> list[bytes]:
    """The lines as they were printed."""
    found, open_lines = [], {}
    for record in log.split(b"\n")[:-1]:
        _, stream, tag, text = record.split(b" ", 3)
        open_lines[stream] = open_lines.get(stream, b"") + text
        if tag == b"F":
            found.append(open_lines.pop(stream))
    return [*found, *open_lines.values()]


def _now() -> bytes:
    seconds, rest = divmod(time.time_ns(), 10**9)
    # As Go prints it: without the zeros at the end.
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + fraction + "Z").encode()
