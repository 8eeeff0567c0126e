"""What is done for one request, noted by whoever does it, for whoever wants to read it afterwards.

Every request has a journal with its names. Entries are kept only where a trace or the client asks
for them; to everybody else they cost a look.
"""

from __future__ import annotations

from contextvars import ContextVar
from time import time_ns
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import asyncio

ANSWERED = "answered"


class Entry(NamedTuple):
    """One statement that was waited for, or one proposal of a change.

    Args:
        began: nanoseconds since 1970, as `ended`.
        changes: how many changes a proposal carried; 0 for a statement.
    """

    name: str
    began: int
    ended: int
    outcome: str
    changes: int = 0


class Journal:
    """What is known of a request.

    Attributes:
        request_id: what its client calls it, or we.
        trace_context: the headers of W3C Trace Context that it came with.
        trace_id: the trace that it is part of, in hexadecimal; None for none.
        entries: what was done; None where nobody reads it.
    """

    __slots__ = ("entries", "request_id", "trace_context", "trace_id")

    def __init__(self, request_id: str, trace_id: str | None = None) -> None:
        self.trace_context: dict[str, str] | None = None
        self.request_id = request_id
        self.trace_id = trace_id
        self.entries: list[Entry] | None = None

    def note(self, name: str, began: int, outcome: str, changes: int = 0) -> None:
        """Note what has ended just now."""
        if self.entries is not None:
            self.entries.append(Entry(name, began, time_ns(), outcome, changes))

    def watch(self, name: str, answer: asyncio.Future[Any]) -> None:
        """Note an answer when it is there."""
        began = time_ns()

        def ended(answer: asyncio.Future[Any]) -> None:
            if answer.cancelled():
                self.note(name, began, "abandoned")
            else:
                error = answer.exception()
                self.note(name, began, ANSWERED if error is None else type(error).__name__)

        answer.add_done_callback(ended)


_journal: ContextVar[Journal | None] = ContextVar("journal", default=None)


def open_journal(journal: Journal | None) -> None:
    """Note in this one from here on, in this task and those that it starts."""
    _journal.set(journal)


def of_this_request() -> Journal | None:
    """The journal of the request that this is done for; None outside of any."""
    return _journal.get()


def kept() -> Journal | None:
    """The journal of this request, where its entries are kept."""
    journal = _journal.get()
    return None if journal is None or journal.entries is None else journal
