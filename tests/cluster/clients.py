"""Clients that join and leave over HTTP, until each knows how every change of it ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from graphql_api.parties.operation import IdempotencyKey
from tests.support.history import APPLIED, NOTHING, Told, Unsettled
from tests.support.provider import bearer

if TYPE_CHECKING:
    from random import Random

    from tests.cluster.server_process import ServerProcess

REASONS = {
    "ConflictError": "conflict",
    "PartyFullError": "full",
    "PartyEmptyError": "empty",
    "AlreadyJoinedError": "already_joined",
    "NotJoinedError": "not_joined",
}
CHANGED_NOTHING = {"DEADLINE_EXCEEDED", "OVERLOADED", "DATABASE_UNAVAILABLE"}
_PARTY = "party { people revision }"
DOCUMENTS = {
    1: f"""mutation($input: JoinPartyInput!) {{ outcome: joinParty(input: $input) {{ __typename
      ... on JoinPartySuccess {{ {_PARTY} }} ... on ConflictError {{ {_PARTY} }}
      ... on PartyFullError {{ {_PARTY} }} ... on AlreadyJoinedError {{ {_PARTY} }} }} }}""",
    -1: f"""mutation($input: LeavePartyInput!) {{ outcome: leaveParty(input: $input) {{ __typename
      ... on LeavePartySuccess {{ {_PARTY} }} ... on ConflictError {{ {_PARTY} }}
      ... on PartyEmptyError {{ {_PARTY} }} ... on NotJoinedError {{ {_PARTY} }} }} }}""",
}


class NeverSentError(Exception):
    """No connection was made, so nothing was sent."""


class NoAnswerError(Exception):
    """The connection was lost, or nobody answered in time."""


class UnknownError(Exception):
    """The server does not know; its text is the key to send again."""


class NothingChangedError(Exception):
    """The server says that nothing was changed."""


@dataclass
class Record:
    """What was told of one party, and what could not be."""

    party_id: str
    people: int  # as it was seen last
    told: list[Told] = field(default_factory=list)
    unsettled: list[Unsettled] = field(default_factory=list)


@dataclass
class Clients:
    """Everybody, and what befell them.

    Args:
        servers: those where nobody signs in, and those where everybody does, by turns.
        tokens: of the people who are signed in.
    """

    random: Random
    servers: list[ServerProcess]
    records: list[Record]
    session: aiohttp.ClientSession
    tokens: dict[str, str] = field(default_factory=dict)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    unknown: int = 0
    lost: int = 0
    resolved: int = 0
    nothing_changed: int = 0

    async def live(self, name: str) -> None:
        """Join and leave until it is over; signed in where there is a token of this name."""
        number = 0
        while not self.is_over.is_set():
            await asyncio.sleep(self.random.uniform(0, 0.15))
            number += 1
            await self._change(f"{name}-{number}", name if name in self.tokens else None)

    async def join(self, record: Record, key: str) -> None:
        """One join of a party."""
        await self._attend(record, {"partyId": record.party_id, "idempotencyKey": key}, 1, None)

    async def _change(self, key: str, person: str | None) -> None:
        record = self.random.choice(self.records)
        wanted: dict[str, Any] = {"partyId": record.party_id}
        if person is not None or self.random.random() < 0.85:
            wanted["idempotencyKey"] = key
        if self.random.random() < 0.4:
            wanted["expectedPeople"] = max(0, record.people + self.random.choice([0, 0, 0, 1, -1]))
        await self._attend(record, wanted, self.random.choice([1, 1, -1]), person)

    async def _attend(
        self, record: Record, wanted: dict[str, Any], step: int, person: str | None
    ) -> None:
        sent = self._now()
        settled = await self._settle(wanted, step, person)
        if settled is None:
            record.unsettled.append(Unsettled(step, sent, person))
            return
        kind, party = settled
        told = REASONS.get(kind, kind if kind == NOTHING else APPLIED)
        people, revision = (party["people"], party["revision"]) if party else (0, 0)
        record.people = people if party else record.people
        key = wanted.get("idempotencyKey")
        operation_key = None if key is None else IdempotencyKey(person or "", key).operation_key
        expected = wanted.get("expectedPeople")
        record.told.append(
            Told(operation_key, step, expected, sent, self._now(), told, people, revision, person)
        )

    async def _settle(
        self, wanted: dict[str, Any], step: int, person: str | None
    ) -> tuple[str, dict[str, int] | None] | None:
        """Send until the answer is definite; None where it never can be."""
        is_in_doubt = False
        while True:
            try:
                outcome = await self._send(wanted, step, person)
            except UnknownError as error:
                self.unknown += 1
                is_in_doubt = True
                wanted["idempotencyKey"] = str(error)
            except NoAnswerError:
                self.lost += 1
                if "idempotencyKey" not in wanted:
                    return None
                is_in_doubt = True
            except NothingChangedError:
                self.nothing_changed += 1
                if not is_in_doubt and self.random.random() < 0.5:
                    return NOTHING, None
            except NeverSentError:
                pass
            else:
                self.resolved += is_in_doubt
                return outcome["__typename"], outcome["party"]
            await asyncio.sleep(self.random.uniform(0, 0.5))

    async def _send(self, wanted: dict[str, Any], step: int, person: str | None) -> dict[str, Any]:
        url = self.random.choice(self.servers[person is not None :: 2]).url
        headers = {} if person is None else bearer(self.tokens[person])
        body = {"query": DOCUMENTS[step], "variables": {"input": wanted}}
        try:
            async with self.session.post(f"{url}/graphql", json=body, headers=headers) as response:
                answer = await response.json()
        except aiohttp.ClientConnectorError:
            raise NeverSentError from None
        except (aiohttp.ClientError, TimeoutError):
            raise NoAnswerError from None
        for error in answer.get("errors", ()):
            extensions = error["extensions"]
            if extensions["code"] == "OUTCOME_UNKNOWN":
                raise UnknownError(extensions["idempotencyKey"])
            assert extensions["code"] in CHANGED_NOTHING, error
            raise NothingChangedError
        outcome: dict[str, Any] = answer["data"]["outcome"]
        return outcome

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
