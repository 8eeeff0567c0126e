"""What ran compiled and what did not: `counters()` reads it, `fallback.py` names the reasons."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple


class Counters(NamedTuple):
    """A reading of the process-wide counters.

    Attributes:
        compiled_runs: operations (and subscription events) that ran as compiled code.
        fallback_runs: operations that were handed to graphql-core as a whole.
        fallback_reasons: how many of those there were per reason.
    """

    compiled_runs: int
    fallback_runs: int
    fallback_reasons: dict[str, int]


class Misses(NamedTuple):
    """A reading of what was in no cache, by the whole process.

    Attributes:
        documents: texts that were parsed and validated.
        plans: operations that were compiled.
    """

    documents: int
    plans: int


class Tally:
    """Counts runs. Not locked: under threads a count may be lost, never invented."""

    __slots__ = ("compiled", "documents", "plans", "reasons")

    def __init__(self) -> None:
        self.compiled = self.documents = self.plans = 0
        self.reasons: Counter[str] = Counter()

    def read(self) -> Counters:
        """Return the counts as they stand."""
        return Counters(self.compiled, self.reasons.total(), dict(self.reasons))

    def reset(self) -> None:
        """Start again from zero."""
        self.compiled = self.documents = self.plans = 0
        self.reasons.clear()


TALLY = Tally()


def counters() -> Counters:
    """Return how many operations ran compiled, how many fell back, and why."""
    return TALLY.read()


def misses() -> Misses:
    """Return how many documents and operations were met that no cache had."""
    return Misses(TALLY.documents, TALLY.plans)


def reset_counters() -> None:
    """Set all counts to zero, as tests and benchmarks want."""
    TALLY.reset()
