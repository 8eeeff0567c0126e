"""What an operation took, told to who asks with `"extensions": {"trace": true}`."""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from graphql_api.journal import Entry, Journal


def account(journal: Journal) -> Callable[[], dict[str, Any]]:
    """Keep a journal from now on; what comes back tells what it says, as extensions.

    Milliseconds: of the whole, of that while Cassandra was waited for, and of the rest. Statements
    with when they began and how long they took; proposals with how many changes they carried.
    """
    began = time_ns()
    entries: list[Entry] = []
    journal.entries = entries

    def tell() -> dict[str, Any]:
        took, waited = time_ns() - began, _covered(entries)
        told = [
            {
                "name": each.name,
                "outcome": each.outcome,
                "startMilliseconds": _milliseconds(each.began - began),
                "milliseconds": _milliseconds(each.ended - each.began),
                **({"changes": each.changes} if each.changes else {}),
            }
            for each in entries
        ]
        return {
            "trace": {
                "requestId": journal.request_id,
                "milliseconds": _milliseconds(took),
                "databaseMilliseconds": _milliseconds(waited),
                "serverMilliseconds": _milliseconds(took - waited),
                "statements": [each for each in told if "changes" not in each],
                "proposals": [each for each in told if "changes" in each],
            }
        }

    return tell


def _covered(entries: Iterable[Entry]) -> int:
    """The time in which any of them was under way: most of them are at once."""
    covered = end = 0
    for entry in sorted(entries, key=lambda each: each.began):
        covered += max(0, entry.ended - max(end, entry.began))
        end = max(end, entry.ended)
    return covered


def _milliseconds(nanoseconds: int) -> float:
    return round(nanoseconds / 1_000_000, 3)
