"""What the comparison calls right, and what not."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import comparison


def fact(state="success", seconds=2.0, has_run=True):
    return SimpleNamespace(state=state, seconds=seconds, has_run=has_run)


def found(state="success", seconds=2.0, is_exact=True):
    return SimpleNamespace(state=state, seconds=seconds, is_exact=is_exact)


def check_records(facts, answers, *expect):
    """Each of `expect` is how many are right, of how many, and how many sentences there are."""
    scores = comparison.records("tries", facts, answers)
    assert [(it.right, it.of, len(it.wrong)) for it in scores] == list(expect)


def test_records_are_compared():
    all_right = (1, 1, 0)
    check_records({"a": fact()}, {"a": found()}, all_right, all_right, all_right)
    check_records({"a": fact()}, {}, (0, 1, 1), (0, 1, 0), (0, 1, 0))
    check_records({}, {"a": found()}, (0, 0, 1), (0, 0, 0), (0, 0, 0))
    check_records({"a": fact()}, {"a": found("failed")}, all_right, (0, 1, 1), all_right)
    check_records({"a": fact()}, {"a": found(seconds=3.1)}, all_right, all_right, (0, 1, 1))
    check_records({"a": fact()}, {"a": found(seconds=2.9)}, all_right, all_right, all_right)
    check_records({"a": fact()}, {"a": found(seconds=None)}, all_right, all_right, (0, 1, 1))


def test_what_never_ran_need_not_be_found():
    nothing = (0, 0, 0)
    check_records({"a": fact(has_run=False)}, {}, nothing, nothing, nothing)
    check_records({"a": fact(has_run=False)}, {"a": found()}, nothing, nothing, nothing)


def test_durations_that_are_not_the_databases_may_be_off_by_more():
    right, wrong = (1, 1, 0), (0, 1, 1)
    for seconds, expect in ((11.9, right), (12.1, wrong)):
        check_records({"a": fact()}, {"a": found(seconds=seconds)}, right, right, wrong)
        words = found(seconds=seconds, is_exact=False)
        check_records({"a": fact()}, {"a": words}, right, right, expect)


def check_lines(expect, answers, right, of, wrong):
    score = comparison.lines("lines", expect, answers)
    assert (score.right, score.of, len(score.wrong)) == (right, of, wrong)
    assert score.is_right == (not wrong)


def test_lines_are_there_once_and_nobody_elses():
    expect = {"a": Counter(["x", "x", "y"]), "b": Counter(["z"])}
    check_lines(expect, expect, 4, 4, 0)
    check_lines(expect, {"a": Counter(["x", "y"]), "b": Counter(["z"])}, 3, 4, 1)
    check_lines(expect, {"a": Counter(["x", "x", "y", "y"]), "b": Counter(["z"])}, 4, 4, 1)
    check_lines(expect, {"a": Counter(["x", "x", "y", "z"])}, 3, 4, 2)
    check_lines(expect, {**expect, "c": Counter(["w"])}, 4, 4, 1)


def test_counts_are_compared_by_name():
    score = comparison.counts("counts", Counter(a=2, b=1), Counter(a=2, c=1))
    assert (score.right, score.of, len(score.wrong)) == (1, 3, 2)
