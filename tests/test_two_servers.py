"""Everybody at once, through two server processes: the sum is exact, whoever is slow."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp
import pytest

from tests.support.api import Api, mutation
from tests.support.servers import environment, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from graphql_api.settings import Settings

EACH = 50
Answers = list[dict[str, Any]]


@pytest.fixture(scope="module")
async def servers(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Sequence[Api]]:
    directory: Path = tmp_path_factory.mktemp("servers")
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        servings = [serving(directory, environment(settings)) for _ in range(2)]
        urls = await asyncio.gather(*map(stack.enter_async_context, servings))
        assert len(set(urls)) == 2
        yield [Api(url, session) for url in urls]


async def change(servers: Sequence[Api], field: str, party_id: str) -> dict[str, Any]:
    """What becomes of a change: while that is unknown, the key is sent again, to any server."""
    wanted = {"partyId": party_id, "idempotencyKey": str(uuid4())}
    while True:
        answer = await random.choice(servers).send(mutation(field), input=wanted)
        if "errors" not in answer:
            result: dict[str, Any] = answer["data"][field]
            return result
        assert answer["errors"][0]["extensions"] == {
            "code": "OUTCOME_UNKNOWN",
            "idempotencyKey": wanted["idempotencyKey"],
        }


async def everybody(servers: Sequence[Api], party: dict[str, Any], fields: list[str]) -> Answers:
    changes = [change(servers, field, party["id"]) for field in fields]
    return await asyncio.gather(*changes)


def successes(answers: Answers) -> Answers:
    return [each for each in answers if each["__typename"].endswith("Success")]


def see_one_history(party: dict[str, Any], answers: Answers) -> dict[str, Any]:
    """The changes that applied are one after another, each one step; the party that they leave."""
    by_revision = {each["party"]["revision"]: each for each in successes(answers)}
    assert sorted(by_revision) == list(range(2, len(successes(answers)) + 2))
    now = party
    for revision, each in sorted(by_revision.items()):
        step = 1 if each["__typename"] == "JoinPartySuccess" else -1
        now = {**now, "people": now["people"] + step, "revision": revision}
        assert each["party"] == now
    counts = [each["party"]["people"] for each in answers]
    assert min(counts) >= 0
    assert max(counts) <= (1_000_000 if party["capacity"] is None else party["capacity"])
    return now


async def see_it_everywhere(servers: Sequence[Api], party: dict[str, Any]) -> None:
    listed = "query($city: String!) { parties(city: $city) { nodes { id people revision } } }"
    shown = {name: party[name] for name in ("id", "people", "revision")}
    for server in servers:
        assert await server.party(party["id"]) == party
        data = await server.run(listed, city=party["city"])
        assert data["parties"]["nodes"] == [shown]


async def test_fifty_join_and_fifty_leave(servers: Sequence[Api]) -> None:
    party = await servers[0].create(people=EACH)
    fields = ["joinParty", "leaveParty"] * EACH
    answers = await everybody(servers, party, fields)
    assert len(successes(answers)) == 2 * EACH
    now = see_one_history(party, answers)
    assert (now["people"], now["revision"]) == (EACH, 1 + 2 * EACH)
    await see_it_everywhere(servers, now)


async def test_fifty_join_where_there_is_room_for_twenty(servers: Sequence[Api]) -> None:
    party = await servers[1].create(people=10, capacity=30)
    answers = await everybody(servers, party, ["joinParty"] * EACH)
    now = see_one_history(party, answers)
    assert (now["people"], now["revision"]) == (30, 21)
    refused = [each for each in answers if each["__typename"] == "PartyFullError"]
    assert len(refused) == EACH - 20
    assert [each["party"] for each in refused] == [now] * len(refused)
    await see_it_everywhere(servers, now)


async def test_fifty_leave_where_there_are_twenty(servers: Sequence[Api]) -> None:
    party = await servers[0].create(people=20)
    answers = await everybody(servers, party, ["leaveParty"] * EACH)
    now = see_one_history(party, answers)
    assert (now["people"], now["revision"]) == (0, 21)
    refused = [each for each in answers if each["__typename"] == "PartyEmptyError"]
    assert len(refused) == EACH - 20
    await see_it_everywhere(servers, now)


async def test_they_come_and_go_between_nobody_and_capacity(servers: Sequence[Api]) -> None:
    party = await servers[1].create(people=1, capacity=3)
    fields = ["joinParty", "leaveParty"] * EACH
    random.shuffle(fields)
    answers = await everybody(servers, party, fields)
    now = see_one_history(party, answers)
    joined = sum(each["__typename"] == "JoinPartySuccess" for each in answers)
    left = sum(each["__typename"] == "LeavePartySuccess" for each in answers)
    assert now["people"] == 1 + joined - left
    assert {each["__typename"] for each in answers} <= {
        "JoinPartySuccess",
        "LeavePartySuccess",
        "PartyFullError",
        "PartyEmptyError",
    }
    await see_it_everywhere(servers, now)


async def test_one_key_through_both_servers_counts_once(servers: Sequence[Api]) -> None:
    party = await servers[0].create()
    wanted = {"partyId": party["id"], "idempotencyKey": "both"}
    answers = await asyncio.gather(
        *(servers[number % 2].mutate("joinParty", **wanted) for number in range(20))
    )
    now = {**party, "people": 1, "revision": 2}
    assert answers == [{"__typename": "JoinPartySuccess", "party": now}] * 20
    await see_it_everywhere(servers, now)


async def test_of_fifty_who_saw_the_same_count_one_wins(servers: Sequence[Api]) -> None:
    party = await servers[0].create(people=5)
    answers = await asyncio.gather(
        *(
            servers[number % 2].mutate("joinParty", partyId=party["id"], expectedPeople=5)
            for number in range(EACH)
        )
    )
    now = {**party, "people": 6, "revision": 2}
    assert [each["party"] for each in answers] == [now] * EACH
    names = sorted(each["__typename"] for each in answers)
    assert names == ["ConflictError"] * (EACH - 1) + ["JoinPartySuccess"]
    await see_it_everywhere(servers, now)


async def test_one_creation_through_both_servers_is_one_party(servers: Sequence[Api]) -> None:
    wanted = {
        "city": "Twice",
        "name": "Once",
        "date": (await servers[0].create())["date"],
        "idempotencyKey": "one party",
    }
    answers = await asyncio.gather(
        *(servers[number % 2].mutate("createParty", **wanted) for number in range(10))
    )
    assert answers == [answers[0]] * 10
    assert answers[0]["__typename"] == "CreatePartySuccess"
    await see_it_everywhere(servers, answers[0]["party"])
