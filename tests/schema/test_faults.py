"""Every fault of the system has a stable code and a message of ours, and nothing else shows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from graphql import GraphQLError

from graphql_api.errors import (
    BadUserInputError,
    DatabaseUnavailableError,
    ErrorCode,
    OutcomeUnknownError,
    PartyfinderError,
    UnauthenticatedError,
)
from graphql_api.schema.faults import format_error
from graphql_api.store import statements
from graphql_api.store.failures import RejectedError
from tests.support.recorder import recording

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from tests.support.api import Api


def every_kind(root: type[PartyfinderError] = PartyfinderError) -> list[type[PartyfinderError]]:
    kinds = [kind for child in root.__subclasses__() for kind in (child, *every_kind(child))]
    return [kind for kind in kinds if kind is not RejectedError]


ARGUMENTS: dict[type[PartyfinderError], tuple[Any, ...]] = {
    BadUserInputError: ("name must not be blank.",),
    OutcomeUnknownError: ("my key",),
    UnauthenticatedError: ("The token has expired.",),
}


@pytest.mark.parametrize("kind", every_kind(), ids=lambda kind: kind.__name__)
def test_a_fault_is_its_message_and_its_code(kind: type[PartyfinderError]) -> None:
    fault = kind(*ARGUMENTS.get(kind, ()))
    more = {"idempotencyKey": "my key"} if kind is OutcomeUnknownError else {}
    assert format_error(GraphQLError("inside", path=["joinParty"], original_error=fault), None) == {
        "message": str(fault),
        "path": ["joinParty"],
        "extensions": {"code": kind.code, **more},
    }
    assert kind.code is not ErrorCode.INTERNAL_SERVER_ERROR
    assert str(fault).endswith(".")


@pytest.mark.parametrize(
    "fault",
    [
        RejectedError(statements.READ_HEAD, ValueError("no such column: secret")),
        KeyError("secret"),
        RuntimeError("secret"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_defect_is_a_reference_to_the_log(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    formatted = format_error(GraphQLError("secret", original_error=fault), None)
    reference = formatted["extensions"]["reference"]
    assert formatted == {
        "message": f"Something went wrong inside the server. Its log knows this as {reference}.",
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "reference": reference},
    }
    assert reference in caplog.text
    assert "secret" in caplog.text


async def test_a_database_that_fails_is_an_error_of_each_field(
    api: Api, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    party = await api.create()

    def unavailable(*_arguments: Any, **_options: Any) -> asyncio.Future[None]:
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        failed.set_exception(DatabaseUnavailableError())
        return failed

    with recording(parts) as recorder:
        monkeypatch.setattr(parts.store._session, "read", unavailable)
        answer = await api.send(
            """query($id: ID!) {
              party(id: $id) { id }
              nodes(ids: [$id, "nonsense"]) { id }
              city(name: "Lisbon") { id parties { nodes { id } } }
            }""",
            id=party["id"],
        )
    assert recorder.sent == []
    city = answer["data"].pop("city")
    assert answer["data"] == {"party": None, "nodes": [None, None]}
    assert city["parties"] is None
    paths = [error["path"] for error in answer["errors"]]
    assert sorted(paths, key=str) == [["city", "parties"], ["nodes", 0], ["party"]]
    assert [error["extensions"] for error in answer["errors"]] == [
        {"code": "DATABASE_UNAVAILABLE"}
    ] * 3
    monkeypatch.undo()
    assert await api.party(party["id"]) == party
