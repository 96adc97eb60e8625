"""The protocol, against a server that answers as Loki's API does. Needs no Airflow."""

from __future__ import annotations

import random
import socket
from itertools import islice

import pytest
from fake_store import FakeStore, serving

from airflow_provider_barogram import client
from airflow_provider_barogram.client import Budget, Server, StoreError, Try, quote, shown

START, END = 1_000_000_000_000, 1_000_000_001_000


def check(store: FakeStore, expect, *, asked=None, cut=None, span=(START, END), **server):
    """Reads all that the store has, and compares it: lines, or what is said instead of them."""
    budget = Budget(**server.pop("budget", {}))
    with serving(store):
        url = server.pop("url", store.url)
        asked_at = Server(url(store.url) if callable(url) else url, **server)
        reading = client.entries(asked_at, "{}", *span, budget)
        try:
            found = [entry.line for entry in reading]
        except StoreError as error:
            found = str(error).replace(store.url, "URL")
    assert found == expect
    assert budget.cut == cut
    if asked is not None:
        assert len(store.asked) == asked


def lines(*pairs):
    """Entries of two streams by turns: a time after the start, and a line."""
    return [(START + at, "ab"[i % 2], line) for i, (at, line) in enumerate(pairs)]


@pytest.fixture
def pages_of(monkeypatch):
    return lambda count: monkeypatch.setattr(client, "PAGE_ENTRIES_MAX", count)


def test_streams_are_merged_by_time():
    check(FakeStore(), [], asked=1)
    check(FakeStore(lines((3, "d"), (1, "b"), (2, "c"), (0, "a"))), ["a", "b", "c", "d"], asked=1)
    outside = [(START - 1, "a", "before"), (END, "a", "after")]
    check(FakeStore(outside), [])


def test_pages_follow_each_other(pages_of):
    pages_of(2)
    check(FakeStore(lines((0, "a"), (1, "b"), (2, "c"))), ["a", "b", "c"])
    check(FakeStore(lines((0, "a"), (1, "b"))), ["a", "b"])


def test_entries_of_one_time_are_not_lost_between_pages(pages_of):
    pages_of(3)
    check(FakeStore(lines((0, "a"), (1, "b"), (1, "c"), (1, "d"), (2, "e"))), list("acbde"))
    # The same line in another stream is another entry.
    check(FakeStore(lines((0, "a"), (1, "x"), (1, "x"), (2, "e"))), ["a", "x", "x", "e"])
    # More of one time than a page holds cannot be asked for; the rest is read all the same.
    many = lines(*((1, f"{i}") for i in range(9)), (2, "end"))
    check(FakeStore(many), ["0", "2", "1", "end"])


def test_every_entry_comes_once_and_in_order(pages_of):
    random_ = random.Random(7)
    for _ in range(60):
        size = random_.randint(4, 9)
        pages_of(size)
        times = [random_.randint(0, 20) for _ in range(random_.randint(0, 60))]
        times = [at for i, at in enumerate(times) if times[:i].count(at) < size - 1]
        held = [(START + at, random_.choice("abc"), f"{i}") for i, at in enumerate(times)]
        store = FakeStore(held)
        with serving(store):
            found = list(client.entries(Server(store.url), "{}", START, END, Budget()))
        assert sorted(entry.line for entry in found) == sorted(line for _, _, line in held)
        assert [entry.at for entry in found] == sorted(at for at, _, _ in held)


def test_answers_too_large_are_asked_for_in_smaller_pages(monkeypatch):
    monkeypatch.setattr(client, "RESPONSE_BYTES_MAX", 5000)
    held = lines(*((i, f"{i:0500}") for i in range(20)))
    check(FakeStore(held), [line for _, _, line in held])
    too_long = "a line of URL is longer than can be read"
    check(FakeStore(lines((0, "a" * 6000))), too_long)
    check(FakeStore(lines((0, "a"), (1, "b")), limit_max=1), ["a", "b"])


def test_what_one_reading_may_cost_is_limited(pages_of):
    pages_of(2)
    held = FakeStore(lines(*((i, f"{i}") for i in range(9))))
    check(held, list("012"), cut="the limit of lines is reached", budget={"entries": 3}, asked=3)
    held = FakeStore(lines((0, "aaaa"), (1, "bbbb"), (2, "c")))
    check(held, ["aaaa"], cut="the limit of bytes is reached", budget={"bytes": 7})
    ticks = iter(range(100))
    clock = {"clock": lambda: next(ticks), "seconds": 4}
    held = FakeStore(lines(*((i, f"{i}") for i in range(9))))
    check(held, list("012"), cut="4 s were not enough", budget=clock)


def test_long_ranges_are_cut_into_windows():
    day, held = client.DAY, FakeStore([(0, "a", "old"), (45 * client.DAY, "a", "new")])
    check(held, ["old", "new"], span=(0, 70 * day), asked=3)
    # Beyond the most windows, the last ones are read.
    check(held, ["new"], span=(0, (45 + 25 * 30) * day), asked=3 + client.WINDOWS_MAX)
    with serving(held):
        found = client.newest(Server(held.url), "{}", 0, 70 * day, 5, Budget())
    assert [entry.line for entry in found] == ["new"]


def test_the_last_lines_are_had_without_the_others():
    store = FakeStore(lines((0, "a"), (1, "b"), (2, "c"), (2, "d")))
    with serving(store):
        found = client.newest(Server(store.url), "{}", START, END, 3, Budget())
    assert sorted(entry.line for entry in found) == ["b", "c", "d"]
    assert [entry.at - START for entry in found] == [1, 2, 2]


def test_pages_are_fetched_as_they_are_taken(pages_of):
    pages_of(2)
    store = FakeStore(lines(*((i, f"{i}") for i in range(9))))
    with serving(store):
        reading = client.entries(Server(store.url), "{}", START, END, Budget())
        assert [entry.line for entry in islice(reading, 2)] == ["0", "1"]
        assert len(store.asked) == 1


def test_failures_are_told():
    def says(status, body=b"", headers=None):
        return FakeStore(says=(status, headers or {}, body))

    no_loki = "URL does not answer as Loki does; is this the address of barogram?"
    check(says(200, b"<html>hello</html>"), no_loki)
    check(says(200, b'{"data": {"result": [{"values": [1]}]}}'), no_loki)
    check(says(200, b'{"data": {"result": [{"stream": {}, "values": [["x", "y"]]}]}}'), no_loki)
    check(says(200, b"[]"), no_loki)
    check(says(401), "URL refuses our token (status 401); mend the token")
    check(says(403), "URL refuses our token (status 403); mend the token")
    check(says(500, b"it\nbroke"), "URL answers with status 500: it broke")
    check(says(503), "URL answers with status 503: Service Unavailable")
    check(says(400, b"a" * 1000), "URL answers with status 400: " + "a" * 300)
    elsewhere = "URL sends us elsewhere (status 302); give its own address"
    check(says(302, headers={"Location": "http://example.com"}), elsewhere)
    half = says(200, b"{}", {"Transfer-Encoding": "chunked"})
    check(half, "cannot reach URL: IncompleteRead(0 bytes read)")


def test_addresses_that_cannot_be_asked_are_told():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nobody = f"http://user:secret@127.0.0.1:{port}"
    refused = f"cannot reach http://127.0.0.1:{port}: [Errno 111] Connection refused"
    check(FakeStore(), refused, url=nobody)
    scheme = "is no address of barogram; it begins with http:// or https://"
    check(FakeStore(), f"'file:///etc/passwd' {scheme}", url="file:///etc/passwd")
    check(FakeStore(), f"'barogram:3100' {scheme}", url="barogram:3100")
    for url in ("http://a b", "http://[", "http://a:port"):
        check(FakeStore(), f"{url} is no address that can be asked", url=url)


def test_a_server_may_not_keep_us_waiting():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        check(FakeStore(), f"cannot reach {url}: no answer in time", url=url, timeout_seconds=0.1)
    dripping = FakeStore(lines((0, "a" * 400)), drip_seconds=0.02)
    late = "URL took longer than 0.2 s to answer"
    check(dripping, late, budget={"seconds": 0.2})


def test_token_and_tenant_are_sent():
    store = FakeStore()
    check(store, [], token="t0ken", tenant="team-a")
    # In an address, they are a user's name and password; a name alone is of no use.
    check(store, [], url=lambda url: url.replace("//", "//any:pass%20word@"))
    check(store, [], url=lambda url: url.replace("//", "//any@"))
    check(store, [])
    sent = [(it.get("authorization"), it.get("x-scope-orgid")) for it in store.headers]
    assert sent == [("Bearer t0ken", "team-a"), ("Bearer pass word", None), *[(None, None)] * 2]


def test_no_secret_is_told():
    bad = "the token has characters no header can hold".replace("no header", "that no header")
    for token in ("s3cret\nX: y", "s3cret\u20ac"):
        check(FakeStore(), f"{bad}; mend the token", token=token)
    assert "s3cret" not in repr(Server("http://a", token="s3cret"))
    assert shown("http://user:s3cret@host:1/loki?x=s3cret") == "http://host:1/loki"


def test_ids_are_quoted():
    def check(text, expect):
        assert quote(text) == expect

    check("sales.etl-1", '"sales.etl-1"')
    check('a"} | b', r'"a\"} | b"')
    check("a\\", r'"a\\"')
    check("a\nb\x00`", r'"a\u000ab\u0000`"')
    check("é😀", r'"\u00e9\U0001f600"')
    check("\ud800", r'"\ufffd"')
    no_records = 'source!="airflow.lifecycle"'
    selector = f'{{dag_id="d", task_id="g.t", {no_records}}}'
    query = f'{selector} | run_id="r+1" | try_number="2" | map_index="-1"'
    assert Try("d", "g.t", "r+1", 2).query() == query
    assert Try("d", "t", "r", 1, 7).query('a!="b"').startswith(
        f'{{dag_id="d", task_id="t", {no_records}, a!="b"}}'
    )
