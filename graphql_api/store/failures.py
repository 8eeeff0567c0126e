"""What the driver raises, translated: nothing above `store/` ever sees an exception of the driver.

a plain statement        → DatabaseUnavailableError, DeadlineExceededError or OverloadedError
a conditional statement  → AmbiguousError, whatever went wrong on the way: the driver cannot know
                           whether Paxos will complete the proposal
a statement that Cassandra rejects as such → RejectedError: a defect of ours or of the schema
"""

from __future__ import annotations

import asyncio
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
    from graphql_api.store.statements import Statement

_REJECTED = (
    cassandra.InvalidRequest,
    cassandra.Unauthorized,
    cassandra.FunctionFailure,
    cassandra.UnsupportedOperation,
)
_TOO_SLOW = (cassandra.Timeout, cassandra.OperationTimedOut, TimeoutError)
_TOO_BUSY = (OverloadedErrorMessage, asyncio.QueueFull)


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
    if isinstance(cause, _TOO_BUSY):
        return OverloadedError()
    if isinstance(cause, (NoHostAvailable, cassandra.DriverException, ErrorMessage, OSError)):
        return DatabaseUnavailableError()
    return RejectedError(statement, cause)
