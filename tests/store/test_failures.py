"""Every exception of the driver is translated, and no text of the driver reaches a client."""

from __future__ import annotations

import inspect
from typing import Any

import cassandra
import pytest
from cassandra import cluster, connection, protocol

from graphql_api.errors import ErrorCode, PartyfinderError
from graphql_api.store import statements
from graphql_api.store.failures import AmbiguousError, RejectedError, translate

SECRET = "10.0.0.1 said: secret"


def exceptions_of_the_driver() -> list[type[Exception]]:
    found = {
        each
        for module in (cassandra, cluster, connection, protocol)
        for each in vars(module).values()
        if inspect.isclass(each)
        and issubclass(each, Exception)
        and each.__module__.startswith("cassandra")
    }
    return sorted(found, key=lambda each: each.__qualname__)


def an_instance(kind: type[Exception]) -> Exception:
    """Made without its constructor, which differs from class to class."""
    if issubclass(kind, protocol.ErrorMessage):
        made: Exception = kind(0x1000, SECRET, {})
        return made
    error: Exception = kind.__new__(kind)
    error.args = (SECRET,)
    return error


KINDS = exceptions_of_the_driver()
REJECTED = (
    cassandra.InvalidRequest,
    cassandra.Unauthorized,
    cassandra.FunctionFailure,
    cassandra.UnsupportedOperation,
)


def test_the_drivers_exceptions_were_found() -> None:
    assert {cassandra.WriteTimeout, cluster.NoHostAvailable, connection.ConnectionShutdown} <= set(
        KINDS
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_plain_statements_failure_is_one_of_ours(kind: type[Exception]) -> None:
    made = translate(statements.READ_HEAD, an_instance(kind), conditional=False)
    assert isinstance(made, PartyfinderError)
    assert SECRET not in made.message
    assert SECRET not in str(made.extensions)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_conditional_statements_failure_is_ambiguous_unless_it_was_rejected(
    kind: type[Exception],
) -> None:
    made = translate(statements.COUNT_PEOPLE, an_instance(kind), conditional=True)
    expected = RejectedError if issubclass(kind, REJECTED) else AmbiguousError
    assert type(made) is expected


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (TimeoutError(), ErrorCode.DEADLINE_EXCEEDED),
        (cassandra.OperationTimedOut(), ErrorCode.DEADLINE_EXCEEDED),
        (cassandra.ReadTimeout("late"), ErrorCode.DEADLINE_EXCEEDED),
        (cluster.NoHostAvailable("none", {}), ErrorCode.DATABASE_UNAVAILABLE),
        (cassandra.Unavailable("few"), ErrorCode.DATABASE_UNAVAILABLE),
        (cassandra.ReadFailure("failed"), ErrorCode.DATABASE_UNAVAILABLE),
        (ConnectionResetError(), ErrorCode.DATABASE_UNAVAILABLE),
        (cassandra.InvalidRequest("no such table"), ErrorCode.INTERNAL_SERVER_ERROR),
        (cassandra.Unauthorized("no right"), ErrorCode.INTERNAL_SERVER_ERROR),
        (protocol.OverloadedErrorMessage(0x1001, "busy", None), ErrorCode.OVERLOADED),
        (KeyError("a defect"), ErrorCode.INTERNAL_SERVER_ERROR),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_which_code_a_client_sees(cause: Any, code: ErrorCode) -> None:
    made = translate(statements.READ_HEAD, cause, conditional=False)
    assert isinstance(made, PartyfinderError)
    assert made.code is code
