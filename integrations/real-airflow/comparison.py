"""What was found beside what is true, as numbers and as sentences about what is not right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

# How far a duration may be from the database's where it is said to be the database's,
SECONDS_OFF = 1.0
# and where it is from a task's own first word to its last one, which a busy machine delays.
WORDS_SECONDS_OFF = 10.0


@dataclass
class Score:
    """How many there are, how many of them are right, and what is wrong with the others."""

    what: str
    right: int
    of: int
    wrong: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return self.right == self.of and not self.wrong

    def __str__(self) -> str:
        return f"{self.what} {self.right} of {self.of}"


def records(what: str, facts: dict, found: dict) -> list[Score]:
    """Compares tries, or runs, with the database's. Of what never ran nothing needs to be found."""
    ran = {ids: fact for ids, fact in facts.items() if fact.has_run}
    both = [(ids, ran[ids], found[ids]) for ids in ran if ids in found]
    missing = [f"{ids} is missing" for ids in ran if ids not in found]
    missing += [f"{ids} was never there" for ids in found if ids not in facts]
    states = [
        f"{ids} is {one.state}, and said to be {other.state}"
        for ids, one, other in both
        if one.state != other.state
    ]
    durations = [
        f"{ids} took {one.seconds} s, and is said to have taken {other.seconds} s"
        for ids, one, other in both
        if not _is_near(one, other)
    ]
    return [
        Score(f"{what} found", len(both), len(ran), missing),
        Score(f"{what}' states right", len(both) - len(states), len(ran), states),
        Score(f"{what}' durations right", len(both) - len(durations), len(ran), durations),
    ]


def counts(what: str, expect: Counter, found: Counter) -> Score:
    """Compares counters, name by name."""
    names = {*expect, *found}
    wrong = [
        f"{name} is {expect[name]}, and counted as {found[name]}"
        for name in sorted(names)
        if expect[name] != found[name]
    ]
    return Score(what, len(names) - len(wrong), len(names), wrong)


def lines(what: str, expect: dict[object, Counter], found: dict[object, Counter]) -> Score:
    """Compares lines: each as often as it was written, and nothing else."""
    right, wrong = 0, []
    for whose in sorted({*expect, *found}, key=str):
        one, other = expect.get(whose, Counter()), found.get(whose, Counter())
        right += (one & other).total()
        for line, count in (one - other).items():
            wrong.append(f"{whose}: lost {count} times: {line[:200]!r}")
        for line, count in (other - one).items():
            wrong.append(f"{whose}: {count} times too many: {line[:200]!r}")
    return Score(what, right, sum(it.total() for it in expect.values()), wrong)


def _is_near(one, other) -> bool:
    if one.seconds is None or other.seconds is None:
        return one.seconds is other.seconds
    off = SECONDS_OFF if other.is_exact else WORDS_SECONDS_OFF
    return abs(one.seconds - other.seconds) <= off
