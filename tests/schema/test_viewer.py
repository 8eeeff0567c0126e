"""What a person hosts and has joined, and who has joined what they host."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from graphql_api.schema import ids
from graphql_api.store.rows import Attendance
from tests.support.api import soon
from tests.support.provider import MODERATOR, Provider, a_provider, signed_in
from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

VIEWER = """query($first: Int, $after: String, $last: Int, $before: String, $from: DateTime) {
  viewer {
    person { id }
    joined(first: $first, after: $after, last: $last, before: $before, from: $from) {
      nodes { id viewerHasJoined }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
    hosting { nodes { id people viewerIsHost } edges { cursor } }
  }
}"""
ATTENDEES = """query($id: ID!, $first: Int, $after: String) {
  party(id: $id) { attendees(first: $first, after: $after) {
    nodes { id } edges { cursor joinedAt node { id } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  } }
}"""
NO_ID = UUID(int=0)
_numbers = count(1)


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[Provider]:
    async with a_provider() as opened:
        yield opened


@pytest.fixture(scope="module")
async def signed(parts: Parts, settings: Settings, provider: Provider) -> AsyncIterator[Api]:
    async with serving_app(parts, settings, **provider.settings) as api:
        yield api


@pytest.fixture
def ann(signed: Api, provider: Provider) -> Api:
    """Somebody new for each test."""
    return signed_in(signed, provider, f"ann {next(_numbers)}")


@pytest.fixture
def host(signed: Api, provider: Provider) -> Api:
    return signed_in(signed, provider, f"host {next(_numbers)}")


async def joined(api: Api, **paging: Any) -> list[str]:
    """The ids of the parties that were joined."""
    found = await api.run(VIEWER, **paging)
    assert all(node["viewerHasJoined"] for node in found["viewer"]["joined"]["nodes"])
    return [node["id"] for node in found["viewer"]["joined"]["nodes"]]


async def hosting(api: Api) -> list[str]:
    found = await api.run(VIEWER)
    assert all(node["viewerIsHost"] for node in found["viewer"]["hosting"]["nodes"])
    return [node["id"] for node in found["viewer"]["hosting"]["nodes"]]


async def test_nobody_has_no_lists(signed: Api, api: Api) -> None:
    assert await signed.run(VIEWER) == {"viewer": None}
    assert await api.run(VIEWER) == {"viewer": None}


async def test_lists_are_in_order_of_dates_and_follow_the_parties(ann: Api, host: Api) -> None:
    late, soonest, middle = [(await host.create(date=soon(days)))["id"] for days in (400, 2, 30)]
    for party in (middle, late, soonest):
        await ann.mutate("joinParty", partyId=party)
    assert await joined(ann) == await hosting(host) == [soonest, middle, late]
    assert await hosting(ann) == await joined(host) == []
    await host.mutate("updateParty", partyId=soonest, date=soon(35), city="Elsewhere")
    assert await joined(ann) == await hosting(host) == [middle, soonest, late]
    await ann.mutate("leaveParty", partyId=middle)
    assert await joined(ann) == [soonest, late]
    await ann.mutate("joinParty", partyId=middle)
    await host.mutate("deleteParty", partyId=late)
    assert await joined(ann) == await hosting(host) == [middle, soonest]
    assert await joined(ann, **{"from": soon(33)}) == [soonest]


async def test_what_a_crash_left_of_a_leave_is_not_shown(ann: Api, host: Api, parts: Parts) -> None:
    party = await host.create()
    await ann.mutate("joinParty", partyId=party["id"])
    head = await parts.store.read_head(ids.decode_party(party["id"]) or NO_ID)
    assert head is not None
    person = (await ann.run("{ viewer { person { id } } }"))["viewer"]["person"]["id"]
    await ann.mutate("leaveParty", partyId=party["id"])
    later = head.revision + 10
    await parts.copies.agendas.write_attendances(
        head, [Attendance(person, joins=True, revision=later)]
    )
    assert await joined(ann) == []


async def test_lists_come_in_pages(ann: Api, host: Api) -> None:
    parties = [(await host.create(date=soon(days)))["id"] for days in range(1, 6)]
    for party in parties:
        await ann.mutate("joinParty", partyId=party)

    async def page(**paging: Any) -> tuple[list[str], dict[str, Any]]:
        found = (await ann.run(VIEWER, **paging))["viewer"]["joined"]
        return [node["id"] for node in found["nodes"]], found["pageInfo"]

    first, info = await page(first=2)
    assert (first, info["hasNextPage"], info["hasPreviousPage"]) == (parties[:2], True, False)
    second, info = await page(first=3, after=info["endCursor"])
    assert (second, info["hasNextPage"], info["hasPreviousPage"]) == (parties[2:], False, True)
    back, info = await page(last=2, before=info["startCursor"])
    assert (back, info["hasNextPage"], info["hasPreviousPage"]) == (parties[:2], True, False)
    foreign = (await host.run(VIEWER))["viewer"]["hosting"]["edges"][0]["cursor"]
    answer = await ann.send(VIEWER, after=foreign)
    assert answer["data"]["viewer"]["joined"] is None
    assert answer["errors"][0]["message"].startswith("after is not a cursor of this list: ")
    answer = await ann.send(VIEWER, first=101)
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_attendees_are_the_host_s_to_see(
    signed: Api, host: Api, provider: Provider, api: Api
) -> None:
    party = await host.create()
    people = [f"person {number}" for number in range(5)]
    for person in people:
        joining = signed_in(signed, provider, person)
        await joining.mutate("joinParty", partyId=party["id"])
    moderator = signed_in(signed, provider, "mod", scope=MODERATOR)
    for reader in (host, moderator):
        found = (await reader.run(ATTENDEES, id=party["id"]))["party"]["attendees"]
        assert found["nodes"] == [{"id": person} for person in people]
        moments = [edge["joinedAt"] for edge in found["edges"]]
        assert moments == sorted(moments)
        assert party["createdAt"] <= moments[0] <= moments[-1] <= soon(0.01)
    for reader in (signed, api, signed_in(signed, provider, people[0])):
        assert await reader.run(ATTENDEES, id=party["id"]) == {"party": {"attendees": None}}
    seen, after = [], None
    for has_next in (True, True, False):
        page = await host.run(ATTENDEES, id=party["id"], first=2, after=after)
        found = page["party"]["attendees"]
        seen += [node["id"] for node in found["nodes"]]
        info = found["pageInfo"]
        assert (info["hasNextPage"], info["hasPreviousPage"]) == (has_next, after is not None)
        after = info["endCursor"]
    assert seen == people
    other = await host.create()
    for cursor in (after, "nonsense", "é", ""):
        answer = await host.send(ATTENDEES, id=other["id"], after=cursor)
        assert answer["data"] == {"party": {"attendees": None}}
        assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
