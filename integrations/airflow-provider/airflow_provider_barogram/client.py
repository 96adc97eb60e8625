"""Reads the lines of one try of one task from barogram, or from any server of Loki's API.

Nothing here knows Airflow. `entries` is the door: a generator that fetches page by page, so that
memory is bounded by one page, however many lines there are.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPException, InvalidURL

SECOND = 1_000_000_000
DAY = 24 * 3600 * SECOND

# Loki's and barogram's default of `max_entries_limit_per_query`; asking for more is refused.
PAGE_ENTRIES_MAX = 5000
# The longest line of a store is 256 KiB by default, so that a full page could be a gigabyte. An
# answer beyond this is dropped, and asked for again in smaller pages.
RESPONSE_BYTES_MAX = 32 * 1024 * 1024
# Loki refuses ranges longer than 30 days and an hour (`max_query_length`).
WINDOW_NANOS = 30 * DAY
# Two years. More windows than that are not looked through for one try.
WINDOWS_MAX = 25
# What barogram itself notes of tries has their ids too.
NO_RECORDS = 'source!="airflow.lifecycle"'
# How much of a server's own words is shown.
REFUSAL_CHARS_MAX = 300
READ_BYTES = 256 * 1024


class StoreError(Exception):
    """Why there is no answer, in words for whoever looks at the log."""


@dataclass(frozen=True)
class Server:
    """Where the store is, and who asks."""

    url: str
    token: str | None = field(default=None, repr=False)
    tenant: str | None = None
    ca_file: str | None = None
    # Between two bytes that arrive.
    timeout_seconds: float = 10.0


@dataclass(frozen=True)
class Try:
    """One try of one task instance."""

    dag_id: str
    task_id: str
    run_id: str
    try_number: int
    map_index: int = -1

    def query(self, matchers: str = "") -> str:
        """The LogQL that finds its lines. Ids are quoted: they may hold anything."""
        labels = f"dag_id={quote(self.dag_id)}, task_id={quote(self.task_id)}, {NO_RECORDS}"
        selector = f"{labels}, {matchers}" if matchers else labels
        return (
            f"{{{selector}}} | run_id={quote(self.run_id)}"
            f' | try_number="{int(self.try_number)}" | map_index="{int(self.map_index)}"'
        )


@dataclass(frozen=True)
class Entry:
    """A line, and when it was written, in nanoseconds since 1970."""

    at: int
    line: str


@dataclass
class Budget:
    """What one reading may cost. `cut` says afterwards what was left out, and why."""

    entries: int = 100_000
    bytes: int = 64 * 1024 * 1024
    # For all requests of the reading together.
    seconds: float = 30.0
    clock: Callable[[], float] = time.monotonic
    cut: str | None = None

    def __post_init__(self) -> None:
        self.until = self.clock() + self.seconds

    def take(self, line: str) -> bool:
        """Pays for a line; false, once there is nothing left."""
        # A character takes at most four bytes, most take one; exactness would cost an encoding.
        self.entries, self.bytes = self.entries - 1, self.bytes - len(line)
        if self.entries < 0:
            self.cut = "the limit of lines is reached"
        elif self.bytes < 0:
            self.cut = "the limit of bytes is reached"
        return self.cut is None

    def is_late(self) -> bool:
        """Whether the time is over."""
        return self.clock() > self.until


def quote(text: str) -> str:
    """A LogQL string of exactly this text: Go's escapes, and nothing but ASCII."""
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if " " <= char <= "~":
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        # Half a character, which no stored text can hold.
        code = 0xFFFD
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def entries(
    server: Server, query: str, start: int, end: int, budget: Budget
) -> Iterator[Entry]:
    """All entries from `start` to before `end`, oldest first, until the budget is used up.

    Raises `StoreError`, also in the middle; nothing else.
    """
    for window_start, window_end in windows(start, end):
        for entry in _window(server, query, window_start, window_end, budget):
            if not budget.take(entry.line):
                return
            yield entry
        if budget.cut:
            return


def newest(
    server: Server, query: str, start: int, end: int, count: int, budget: Budget
) -> list[Entry]:
    """The last `count` entries, oldest first, of the last window that has any; fewer, where they
    are too long for one answer."""
    for window in reversed(windows(start, end)):
        limit = min(count, PAGE_ENTRIES_MAX)
        while limit:
            try:
                page = fetch(server, query, *window, limit, budget, "backward")
                break
            except _PageTooLarge:
                limit //= 4
        else:
            return []
        if page:
            return [entry for entry, _ in page]
    return []


def windows(start: int, end: int) -> list[tuple[int, int]]:
    """The range, cut into parts that a server answers; of a very long one, the last ones."""
    start = max(start, end - WINDOWS_MAX * WINDOW_NANOS)
    return [(at, min(at + WINDOW_NANOS, end)) for at in range(start, end, WINDOW_NANOS)]


def _window(
    server: Server, query: str, start: int, end: int, budget: Budget
) -> Iterator[Entry]:
    """Pages forward. Each page begins with the time at which the last one ended, since more
    entries may have that time; those that were there already are known by labels and line."""
    page_entries = PAGE_ENTRIES_MAX
    seen: set[tuple[str, str]] = set()
    while start < end:
        if budget.is_late():
            budget.cut = f"{budget.seconds:g} s were not enough"
            return
        try:
            page = fetch(server, query, start, end, page_entries, budget)
        except _PageTooLarge as error:
            if page_entries == 1:
                raise StoreError(str(error)) from None
            page_entries = max(page_entries // 4, 1)
            continue
        for entry, key in page:
            if entry.at != start or key not in seen:
                yield entry
        if len(page) < page_entries:
            return
        last = page[-1][0].at
        if last == start:
            # More entries of one nanosecond than a page can have: what is beyond cannot be asked
            # for, so we go on after it.
            last, seen = start + 1, set()
        else:
            seen = {key for entry, key in page if entry.at == last}
        start = last


class _PageTooLarge(Exception):
    pass


def fetch(
    server: Server,
    query: str,
    start: int,
    end: int,
    limit: int,
    budget: Budget,
    direction: str = "forward",
) -> list[tuple[Entry, tuple[str, str]]]:
    """One page, oldest first, each entry with what tells it from others of its time."""
    asked = {
        "query": query,
        # Of ten digits or fewer it would be taken for seconds.
        "start": f"{start:011}",
        "end": f"{end:011}",
        "limit": str(limit),
        "direction": direction,
    }
    body = _get(server, f"/loki/api/v1/query_range?{urllib.parse.urlencode(asked)}", budget)
    try:
        answer = json.loads(body.decode("utf-8", "replace"))
        page = [
            (Entry(int(at), line), (json.dumps(stream["stream"], sort_keys=True), line))
            for stream in answer["data"]["result"]
            for at, line, *_ in stream["values"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{shown(server.url)} does not answer as Loki does; is this the address of barogram?"
        ) from error
    # Stable: what has one time stays in the order of the answer, which within a stream and
    # backward is newest first.
    if direction == "backward":
        page.reverse()
    return sorted(page, key=lambda found: found[0].at)


def _get(server: Server, path: str, budget: Budget) -> bytes:
    where = shown(server.url)
    request = _request(server, path)
    try:
        with _opener(server).open(request, timeout=server.timeout_seconds) as response:
            return _body(response, where, budget)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error, where) from None
    except urllib.error.URLError as error:
        raise StoreError(f"cannot reach {where}: {_cause(error.reason)}") from error
    except (ValueError, InvalidURL) as error:
        raise StoreError(f"{where} is no address that can be asked") from error
    except (OSError, HTTPException) as error:
        raise StoreError(f"cannot reach {where}: {_cause(error)}") from error


def _request(server: Server, path: str) -> urllib.request.Request:
    headers = {"Accept": "application/json", "User-Agent": "airflow-provider-barogram"}
    url, password = _without_user(server.url)
    token = server.token or password
    if token:
        headers["Authorization"] = f"Bearer {_header('token', token)}"
    if server.tenant:
        headers["X-Scope-OrgID"] = _header("tenant", server.tenant)
    # An address of another scheme, such as `file:`, is nothing that is asked over the network.
    if not server.url.lower().startswith(("http://", "https://")):
        raise StoreError(
            f"{shown(server.url)!r} is no address of barogram; it begins with http:// or https://"
        )
    try:
        return urllib.request.Request(url.rstrip("/") + path, headers=headers)
    except ValueError:
        raise StoreError(f"{shown(server.url)} is no address that can be asked") from None


def _header(what: str, value: str) -> str:
    """A header's value. http.client would refuse a bad one by an error that repeats it."""
    if not (value.isascii() and value.isprintable()):
        raise StoreError(f"the {what} has characters that no header can hold; mend the {what}")
    return value


def _cause(error: object) -> str:
    # `TimeoutError` only since Python 3.10.
    if isinstance(error, socket.timeout):
        return "no answer in time"
    return str(error) or type(error).__name__


def _body(response, where: str, budget: Budget) -> bytes:
    body = bytearray()
    while chunk := response.read(READ_BYTES):
        body += chunk
        if len(body) > RESPONSE_BYTES_MAX:
            raise _PageTooLarge(f"a line of {where} is longer than can be read")
        if budget.is_late():
            raise StoreError(f"{where} took longer than {budget.seconds:g} s to answer")
    return bytes(body)


def _refusal(error: urllib.error.HTTPError, where: str) -> Exception:
    try:
        text = error.read(READ_BYTES).decode("utf-8", "replace")
    except (OSError, HTTPException):
        text = ""
    if error.code == 400 and "max entries limit" in text:
        return _PageTooLarge(f"{where} refuses even one line: {text[:REFUSAL_CHARS_MAX]}")
    if error.code in (401, 403):
        return StoreError(f"{where} refuses our token (status {error.code}); mend the token")
    if 300 <= error.code < 400:
        return StoreError(f"{where} sends us elsewhere (status {error.code}); give its own address")
    words = " ".join(text.split())[:REFUSAL_CHARS_MAX] or error.reason
    return StoreError(f"{where} answers with status {error.code}: {words}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send our token along to wherever it is sent."""

    def redirect_request(self, *_args):
        return None


def _opener(server: Server) -> urllib.request.OpenerDirector:
    changed = os.stat(server.ca_file).st_mtime_ns if server.ca_file else 0
    return _made_opener(server.ca_file, changed)


# Reading the system's certificates takes longer than many a query.
@lru_cache(maxsize=4)
def _made_opener(ca_file: str | None, _changed: int) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context(cafile=ca_file)
    return urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), _NoRedirect
    )


def shown(url: str) -> str:
    """An address as it may be shown: without user and password."""
    return _without_user(url)[0].partition("?")[0]


def _without_user(url: str) -> tuple[str, str]:
    """An address without user and password, and the password."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    user, _, host = host.rpartition("@")
    password = urllib.parse.unquote(user.partition(":")[2])
    return scheme + separator + host + slash + path, password
