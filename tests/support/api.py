"""A client of the API, as a front end would be one: GraphQL over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web

PARTY = "id city name date timeZone place description people capacity revision createdAt"
OUTCOME = f"""
  __typename
  ... on UserError {{ message }}
  ... on ConflictError {{ party {{ {PARTY} }} expectedPeople expectedRevision }}
  ... on PartyFullError {{ party {{ {PARTY} }} }}
  ... on PartyEmptyError {{ party {{ {PARTY} }} }}
  ... on PartyOverError {{ party {{ {PARTY} }} }}
  ... on AlreadyJoinedError {{ party {{ {PARTY} }} }}
  ... on NotJoinedError {{ party {{ {PARTY} }} }}
  ... on NotHostError {{ party {{ {PARTY} }} }}
  ... on PartyNotFoundError {{ partyId }}
  ... on InvalidInputError {{ fields {{ field message }} }}
"""
_SUCCESSES = {
    "createParty": f"... on CreatePartySuccess {{ party {{ {PARTY} }} }}",
    "updateParty": f"... on UpdatePartySuccess {{ party {{ {PARTY} }} }}",
    "deleteParty": "... on DeletePartySuccess { deletedPartyId }",
    "joinParty": f"... on JoinPartySuccess {{ party {{ {PARTY} }} }}",
    "leaveParty": f"... on LeavePartySuccess {{ party {{ {PARTY} }} }}",
}
_POSSIBLE = {
    "createParty": {"PartyNotFoundError", "InvalidInputError"},
    "updateParty": {"ConflictError", "NotHostError", "PartyNotFoundError", "InvalidInputError"},
    "deleteParty": {"NotHostError", "PartyNotFoundError", "InvalidInputError"},
    "joinParty": {
        "AlreadyJoinedError",
        "ConflictError",
        "PartyFullError",
        "PartyOverError",
        "PartyNotFoundError",
        "InvalidInputError",
    },
    "leaveParty": {
        "NotJoinedError",
        "ConflictError",
        "PartyEmptyError",
        "PartyOverError",
        "PartyNotFoundError",
        "InvalidInputError",
    },
}
_numbers = count(1)


def soon(days: float = 7) -> str:
    """A date so many days ahead, on the second, as the API answers it."""
    moment = (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def a_city() -> str:
    """A city that no other test uses."""
    return f"City {next(_numbers)}"


@dataclass(frozen=True)
class Api:
    """Sends operations to one server."""

    url: str
    session: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)
    runner: web.AppRunner | None = None  # of a server in this process, where the test may stop it

    async def send(self, query: str, **variables: Any) -> dict[str, Any]:
        """The response's body, errors and all."""
        body = {"query": query, "variables": variables}
        async with self.session.post(
            f"{self.url}/graphql", json=body, headers=self.headers
        ) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json()
            return answer

    async def run(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation that must not have errors."""
        answer = await self.send(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def mutate(self, field: str, **wanted: Any) -> dict[str, Any]:
        """What a mutation of one field comes to, with every detail of every member."""
        data = await self.run(mutation(field), input=wanted)
        result: dict[str, Any] = data[field]
        return result

    async def create(self, **wanted: Any) -> dict[str, Any]:
        """A new party, in a city of its own unless told otherwise."""
        wanted = {"city": a_city(), "name": "A party", "date": soon(), **wanted}
        result = await self.mutate("createParty", **wanted)
        assert result["__typename"] == "CreatePartySuccess", result
        party: dict[str, Any] = result["party"]
        return party

    async def party(self, party_id: str) -> dict[str, Any] | None:
        """A party as it is now."""
        data = await self.run(f"query($id: ID!) {{ party(id: $id) {{ {PARTY} }} }}", id=party_id)
        found: dict[str, Any] | None = data["party"]
        return found


def mutation(field: str) -> str:
    """The document of a mutation that asks for everything there is."""
    kind = field[0].upper() + field[1:] + "Input"
    lines = [
        line
        for line in OUTCOME.splitlines()
        if not line.strip().startswith("... on ")
        or "UserError" in line
        or any(name in line for name in _POSSIBLE[field])
    ]
    return (
        f"mutation($input: {kind}!) {{ {field}(input: $input) {{ "
        f"{_SUCCESSES[field]} {' '.join(lines)} }} }}"
    )
