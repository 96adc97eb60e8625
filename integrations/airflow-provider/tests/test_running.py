"""What a pod says beside the store. Needs no Airflow."""

from __future__ import annotations

from airflow_provider_barogram import running
from airflow_provider_barogram.client import Entry
from airflow_provider_barogram.reading import Note


def check(stored, pod, expect):
    found = [Note(0, "ours"), *(Entry(i, line) for i, line in enumerate(stored))]
    with running.reading():
        running.remember(found)
        said = running.news(lambda ti, number: (["the pod"], [pod]))(None, 1)
    assert said == (["the pod"], [expect])


def test_a_pod_says_only_what_the_store_does_not():
    check(["a", "b"], "b\nc", "c")
    check([], "a\nb", "a\nb")
    # As often as it was stored.
    check(["a"], "a\na", "a")
    # Entries of several lines, colours, and carriage returns.
    check(["a\nb", "\x1b[31mred\x1b[0m", "c\r"], "a\nb\nred\nc\nd", "d")
    check(["ours"], "ours", "")


def test_nothing_is_known_outside_of_a_reading():
    running.remember([Entry(0, "a")])
    same = running.news(lambda ti, number: (["the pod"], ["a"]))
    assert same(None, 1) == (["the pod"], ["a"])
    with running.reading():
        running.remember([Entry(0, "a")])
    assert same(None, 1) == (["the pod"], ["a"])
    with running.reading():
        running.remember([Entry(0, "a")])
        assert running.news(lambda ti, number: None)(None, 1) is None
