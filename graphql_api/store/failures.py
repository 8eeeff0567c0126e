"""What the driver raises, translated: nothing above `store/` ever sees an exception of the driver.

a plain statement        → DatabaseUnavailableError, DeadlineExceededError or OverloadedError
a conditional statement  → AmbiguousError, whatever went wrong on the way: the driver cannot know
                           whether Paxos will complete the proposal
a statement that Cassandra rejects as such → RejectedError: a defect of ours or of the schema
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import cassandra
from cassandra.cluster import NoHostAvailable
from cassandra.protocol import ErrorMessage, OverloadedErrorMessage

from graphql_api.errors import (
    DatabaseUnavailableError,
    DeadlineExceededError,
    OverloadedError,
    PartyfinderError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql_api.store.statements import Statement

_REJECTED = (
    cassandra.InvalidRequest,
    cassandra.Unauthorized,
    cassandra.FunctionFailure,
    cassandra.UnsupportedOperation,
)
BACK_OFF = (0.1, 0.3, 0.6)  # s
_TOO_SLOW = (cassandra.Timeout, cassandra.OperationTimedOut, TimeoutError)


class AmbiguousError(Exception):
    """A conditional statement was sent and its outcome is not known. The text is for logs only."""


class RejectedError(PartyfinderError):
    """Cassandra refused a statement as such. Clients read a fixed sentence, logs the cause."""

    def __init__(self, statement: Statement, cause: BaseException) -> None:
        super().__init__("Something went wrong inside the server.")
        self.detail = f"Cassandra rejected {statement.name}: {cause}"


def translate(statement: Statement, cause: BaseException, *, conditional: bool) -> Exception:
    """The exception of ours that stands for one of the driver's."""
    if isinstance(cause, _REJECTED):
        return RejectedError(statement, cause)
    if conditional:
        return AmbiguousError(f"{statement.name}: {type(cause).__name__}: {cause}")
    if isinstance(cause, _TOO_SLOW):
        return DeadlineExceededError()
    if isinstance(cause, asyncio.QueueFull) or is_overloaded(cause):
        return OverloadedError()
    if isinstance(cause, (NoHostAvailable, cassandra.DriverException, ErrorMessage, OSError)):
        return DatabaseUnavailableError()
    return RejectedError(statement, cause)


def is_overloaded(cause: BaseException) -> bool:
    """Whether a node turned a request away for its load or, as Astra does, for its rate."""
    if isinstance(cause, NoHostAvailable) and isinstance(cause.errors, dict):
        return any(is_overloaded(each) for each in cause.errors.values())
    return isinstance(cause, OverloadedErrorMessage)


def pauses() -> Iterator[float | None]:
    """Seconds to wait before each further attempt of what was turned away; at last None."""
    for longest in BACK_OFF:
        yield random.uniform(longest / 2, longest)  # noqa: S311  # jitter
    yield None
