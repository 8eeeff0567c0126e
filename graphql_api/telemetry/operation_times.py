"""How long operations take, by their names, of which there may only be so many.

A client may call its operation anything, so names beyond the first hundred of a process, and long
ones, are counted together. No GraphQL name has parentheses: ours cannot be mistaken for theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Histogram

MOST_NAMES: Final = 100
LONGEST_NAME: Final = 64
ANONYMOUS: Final = "(anonymous)"
OTHER: Final = "(other)"
REFUSED: Final = "(refused)"
TYPES: Final = ("query", "mutation", "subscription")


class OperationTimes:
    """Observes operations.

    Args:
        known: type and name of those that have been seen here before.
    """

    def __init__(self, histogram: Histogram, known: Iterable[tuple[str, str]] = ()) -> None:
        self._histogram = histogram
        self._refused = histogram.labels("none", REFUSED)
        self._others = {each: histogram.labels(each, OTHER) for each in TYPES}
        self._named = {(each, ANONYMOUS): histogram.labels(each, ANONYMOUS) for each in TYPES}
        self._most = MOST_NAMES + len(self._named)
        for type_, name in known:
            if type_ in TYPES and name != OTHER:
                self._of(type_, name)

    def observe(self, operation: tuple[str, str | None] | None, seconds: float) -> None:
        """Note an operation's type, name and time; None for one that was refused as invalid."""
        if operation is None:
            self._refused.observe(seconds)
        else:
            self._of(operation[0], operation[1] or ANONYMOUS).observe(seconds)

    def _of(self, type_: str, name: str) -> Histogram:
        found = self._named.get((type_, name))
        if found is not None:
            return found
        if len(self._named) >= self._most or len(name) > LONGEST_NAME:
            return self._others[type_]
        made = self._named[type_, name] = self._histogram.labels(type_, name)
        return made
