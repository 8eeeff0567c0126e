"""What became of the statements of one session, in plain numbers that only rise."""

from __future__ import annotations

from collections import Counter

from graphql_api.errors import (
    DatabaseUnavailableError,
    DeadlineExceededError,
    OverloadedError,
)
from graphql_api.store.failures import AmbiguousError

_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (DeadlineExceededError, "too late"),
    (OverloadedError, "overloaded"),
    (DatabaseUnavailableError, "unavailable"),
    (AmbiguousError, "unknown"),
)
REJECTED = "rejected"
ABANDONED = "abandoned"


class Outcomes:
    """How statements of one kind ended.

    Attributes:
        answered: so many had an answer; a plain number, for it is counted for every one.
        others: how many did not, by what became of them.
        shared: so many were not sent, for an equal one of the same moment was.
    """

    __slots__ = ("answered", "others", "shared")

    def __init__(self) -> None:
        self.answered = 0
        self.shared = 0
        self.others: Counter[str] = Counter()

    def fail(self, error: BaseException) -> None:
        """Count one that failed with an exception of ours."""
        kinds = (name for kind, name in _OUTCOMES if isinstance(error, kind))
        self.others[next(kinds, REJECTED)] += 1
