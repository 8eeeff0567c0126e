"""Astra DB with nothing but what its command line writes, against an imitation as strict."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from graphql_api.app import open_parts
from graphql_api.errors import OverloadedError
from graphql_api.parties.change import Applied
from graphql_api.settings import Settings
from tests.connecting.conftest import KEYSPACE, TOKEN, astra_environment
from tests.support.api import Api
from tests.support.parties import post
from tests.support.servers import serving
from tests.support.some_parties import join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from graphql_api.app import Parts
    from tests.connecting.conftest import Secured
    from tests.connecting.imitation import Imitation

CREATE = """mutation ($input: CreatePartyInput!) { createParty(input: $input) {
  ... on CreatePartySuccess { party { id people } } } }"""
JOIN = """mutation ($id: ID!) { joinParty(input: {partyId: $id}) {
  ... on JoinPartySuccess { party { people } } } }"""


@pytest.fixture(scope="module")
async def parts(astra: Imitation) -> AsyncIterator[Parts]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        astra_db_secure_bundle_path=astra.bundle(),
        astra_db_application_token=TOKEN,  # type: ignore[arg-type]  # becomes a secret
        astra_db_keyspace=KEYSPACE,
    )
    async with open_parts(settings) as opened:
        yield opened


async def test_the_astra_settings_alone_make_a_server(astra: Imitation, tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir()
    bundle = astra.bundle().rename(folder / "bundle.zip")
    bundle.chmod(0o400)
    folder.chmod(0o500)
    (tmp_path / ".env").write_text(
        "".join(
            f'{name}="{value}"\n'
            for name, value in astra_environment(bundle).items()
            if name.startswith("ASTRA_DB")
        )
    )
    bare = {k: v for k, v in astra_environment(bundle).items() if not k.startswith("ASTRA_DB")}
    async with aiohttp.ClientSession() as session, serving(tmp_path, bare) as url:
        api = Api(url, session)
        party = {"city": "Astra", "name": "A party", "date": "2027-06-30T20:00:00Z"}
        made = await api.run(CREATE, input=party | {"timeZone": "UTC"})
        party_id = made["createParty"]["party"]["id"]
        for people in (1, 2):
            joined = await api.run(JOIN, id=party_id)
            assert joined["joinParty"]["party"]["people"] == people
        data = await api.run('{ parties(city: "astra") { nodes { id people } } }')
        assert data["parties"]["nodes"] == [{"id": party_id, "people": 2}]
    assert sorted(path.name for path in folder.iterdir()) == ["bundle.zip"]


async def test_everything_goes_through_the_proxy_by_the_nodes_name(
    astra: Imitation, parts: Parts, secured: Secured
) -> None:
    await parts.store.ping()
    host_id = str(secured.execute("SELECT host_id FROM system.local")[0][0])
    assert set(astra.server_names) == {host_id}


async def test_a_group_of_joins_stays_within_astras_limits(parts: Parts) -> None:
    head = await post(parts)
    outcomes = await asyncio.gather(
        *(parts.committer.commit(join(head.party_id)) for _ in range(500))
    )
    people = sorted(outcome.party.people for outcome in outcomes if isinstance(outcome, Applied))
    assert people == list(range(1, 501))
    keys = [f"nobody {number}" for number in range(100)]
    standing = await parts.store.confirm_standing(head.party_id, keys, 10)
    assert standing.head is not None
    assert (standing.head.people, standing.operations) == (500, {})


async def test_a_moment_beyond_the_rate_is_waited_out(astra: Imitation, parts: Parts) -> None:
    head = await post(parts)
    astra.behaviour.refusals = 2
    assert await parts.store.read_head(head.party_id) == head
    astra.behaviour.refusals = 2
    outcome = await parts.committer.commit(join(head.party_id))
    assert isinstance(outcome, Applied)
    assert outcome.party.people == 1
    assert astra.behaviour.refusals == 0


async def test_lasting_beyond_the_rate_has_a_code(astra: Imitation, parts: Parts) -> None:
    head = await post(parts)
    astra.behaviour.refused = 0
    astra.behaviour.refusals = 10**6
    try:
        with pytest.raises(OverloadedError):
            await parts.store.read_head(head.party_id)
        assert 2 <= astra.behaviour.refused <= 8, "a few attempts, not a storm"
    finally:
        astra.behaviour.refusals = 0
    assert await parts.store.read_head(head.party_id) == head
