"""A party is its host's to change, where people sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import soon
from tests.support.provider import MODERATOR, Provider, a_provider, signed_in
from tests.support.recorder import recording
from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

HOST = "query($id: ID!) { party(id: $id) { host { id } viewerIsHost } }"
LISTED = "query($city: String!) { parties(city: $city) { nodes { host { id } viewerIsHost } } }"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[Provider]:
    async with a_provider() as opened:
        yield opened


@pytest.fixture(scope="module")
async def signed(parts: Parts, settings: Settings, provider: Provider) -> AsyncIterator[Api]:
    """A server where people sign in, on the same database as `api`, where they do not."""
    async with serving_app(parts, settings, **provider.settings) as api:
        yield api


@pytest.fixture
def ann(signed: Api, provider: Provider) -> Api:
    return signed_in(signed, provider, "ann")


@pytest.fixture
def bob(signed: Api, provider: Provider) -> Api:
    return signed_in(signed, provider, "bob")


async def test_who_posts_a_party_hosts_it(ann: Api, bob: Api, signed: Api, parts: Parts) -> None:
    party = await ann.create()
    for api, is_host in ((ann, True), (bob, False), (signed, False)):
        seen = {"host": {"id": "ann"}, "viewerIsHost": is_host}
        assert await api.run(HOST, id=party["id"]) == {"party": seen}
        assert await api.run(LISTED, city=party["city"]) == {"parties": {"nodes": [seen]}}
    with recording(parts) as recorder:  # of nobody it is known without a look
        await signed.run(LISTED.replace("host { id }", ""), city=party["city"])
    assert set(recorder.counts) == {"read_page"}


async def test_others_neither_change_nor_delete_it(ann: Api, bob: Api) -> None:
    party = await ann.create()
    refused = {
        "__typename": "NotHostError",
        "message": "Only its host can change or delete this party. Nothing was changed.",
        "party": party,
    }
    assert await bob.mutate("updateParty", partyId=party["id"], name="Bob's") == refused
    assert await bob.mutate("deleteParty", partyId=party["id"]) == refused
    keyed = {"partyId": party["id"], "idempotencyKey": "mine now"}
    assert await bob.mutate("deleteParty", **keyed) == refused
    assert await ann.party(party["id"]) == party
    updated = await ann.mutate("updateParty", partyId=party["id"], name="Ann's")
    assert updated["party"]["name"] == "Ann's"
    # A refusal under a key is recorded: the first answer, with the party's details of now.
    repeated = await bob.mutate("deleteParty", **keyed)
    assert (repeated["__typename"], repeated["party"]["name"]) == ("NotHostError", "Ann's")
    assert await ann.mutate("deleteParty", partyId=party["id"]) == {
        "__typename": "DeletePartySuccess",
        "deletedPartyId": party["id"],
    }


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": f"openid {MODERATOR}"},
        {"scp": ["openid", MODERATOR]},
        {"permissions": [MODERATOR]},
    ],
)
async def test_a_moderator_changes_and_deletes_any_party(
    ann: Api, signed: Api, provider: Provider, claims: dict[str, Any]
) -> None:
    party = await ann.create()
    moderator = signed_in(signed, provider, "mod", **claims)
    updated = await moderator.mutate("updateParty", partyId=party["id"], name="Tidied up")
    assert updated["party"]["name"] == "Tidied up"
    assert (await ann.run(HOST, id=party["id"]))["party"]["host"] == {"id": "ann"}
    deleted = await moderator.mutate("deleteParty", partyId=party["id"])
    assert deleted["__typename"] == "DeletePartySuccess"


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "moderate"},
        {"scope": f"{MODERATOR}:not"},
        {"scope": [7]},
        {"permissions": {MODERATOR: True}},
        {"moderator": True},
    ],
)
async def test_nothing_else_makes_a_moderator(
    ann: Api, signed: Api, provider: Provider, claims: dict[str, Any]
) -> None:
    party = await ann.create()
    someone = signed_in(signed, provider, "someone", **claims)
    refused = await someone.mutate("deleteParty", partyId=party["id"])
    assert refused["__typename"] == "NotHostError"


async def test_a_party_without_a_host_is_the_moderators(
    api: Api, ann: Api, signed: Api, provider: Provider
) -> None:
    party = await api.create()
    assert await ann.run(HOST, id=party["id"]) == {"party": {"host": None, "viewerIsHost": False}}
    refused = await ann.mutate("updateParty", partyId=party["id"], name="Ann's")
    assert refused["__typename"] == "NotHostError"
    moderator = signed_in(signed, provider, "mod", scope=MODERATOR)
    assert (await moderator.run(HOST, id=party["id"]))["party"]["viewerIsHost"] is False
    deleted = await moderator.mutate("deleteParty", partyId=party["id"])
    assert deleted["__typename"] == "DeletePartySuccess"


async def test_without_sign_in_anybody_changes_any_party(api: Api, ann: Api) -> None:
    party = await ann.create()
    assert (await api.mutate("deleteParty", partyId=party["id"]))["deletedPartyId"] == party["id"]


async def test_keys_belong_to_their_caller(ann: Api, bob: Api, api: Api) -> None:
    wanted = {"city": "Keys", "date": soon(), "idempotencyKey": "the same"}
    parties = [await each.create(**wanted) for each in (ann, bob, api)]
    assert len({party["id"] for party in parties}) == 3
    assert [await each.create(**wanted) for each in (ann, bob, api)] == parties
