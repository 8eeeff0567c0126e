"""A city that is loaded in bulk is like any other: its pages, its parties, its repair."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api import clock
from graphql_api.commands.large_city import CITY, load_large_city
from graphql_api.errors import DatabaseUnavailableError
from graphql_api.parties.copies import Copies
from graphql_api.parties.repair import Progress, Repair
from tests.support.parties import text_of
from tests.support.servers import environment, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from graphql_api.store.rows import PartyHead
    from tests.support.api import Api

COUNT = 600
NAMES = [f"Party {number + 1:,}" for number in range(COUNT)]
PAGE = """query($city: String!, $start: DateTime, $after: String) {
  parties(city: $city, from: $start, first: 100, after: $after) {
    nodes { id name date people } pageInfo { hasNextPage endCursor }
  }
}"""


@pytest.fixture(scope="module", autouse=True)
async def reported(parts: Parts) -> list[tuple[Any, ...]]:
    """What was reported while the city was loaded."""
    reports: list[tuple[Any, ...]] = []
    await load_large_city(parts, lambda *given: reports.append(given), COUNT)
    return reports


async def everything(api: Api) -> list[dict[str, Any]]:
    """All parties of the city, page by page."""
    start = text_of(clock.now() - timedelta(days=400))
    found: list[dict[str, Any]] = []
    after = None
    while True:
        data = await api.run(PAGE, city=CITY, start=start, after=after)
        found += data["parties"]["nodes"]
        if not data["parties"]["pageInfo"]["hasNextPage"]:
            return found
        after = data["parties"]["pageInfo"]["endCursor"]


async def test_all_parties_are_there_in_order_over_three_years(
    api: Api, reported: list[tuple[Any, ...]]
) -> None:
    parties = await everything(api)
    assert [party["name"] for party in parties] == NAMES
    assert len({party["date"][:4] for party in parties}) in (3, 4)
    assert reported[-1] == (f"Loading {CITY}", "600 of 600", 1)


async def test_they_can_be_found_joined_changed_and_deleted(api: Api) -> None:
    data = await api.run(
        """query($city: String!) {
          searchCities(prefix: "metro") { name }
          parties(city: $city, last: 3) { nodes { id name people revision } }
        }""",
        city=CITY,
    )
    assert data["searchCities"] == [{"name": CITY}]
    joined, moved, deleted = data["parties"]["nodes"]
    answer = await api.mutate("joinParty", partyId=joined["id"])
    assert answer["party"]["people"] == 1
    answer = await api.mutate("updateParty", partyId=moved["id"], city="Smallville")
    assert answer["party"]["city"] == "Smallville"
    answer = await api.mutate("deleteParty", partyId=deleted["id"])
    assert answer["deletedPartyId"] == deleted["id"]
    parties = await everything(api)
    assert [(party["name"], party["people"]) for party in parties[-2:]] == [
        (NAMES[-4], 0),
        (joined["name"], 1),
    ]


async def test_there_is_nothing_to_repair(api: Api, parts: Parts) -> None:
    before = await everything(api)
    walk = Repair(parts.store, parts.copies, rate=1e6).run(Progress())
    done = [progress async for progress in walk][-1]
    assert done.orphans == 0
    assert await everything(api) == before


async def test_what_a_tired_database_refuses_is_sent_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[PartyHead] = []
    tired = [DatabaseUnavailableError(), DatabaseUnavailableError()]

    async def load(_: Copies, heads: Sequence[PartyHead]) -> None:
        if tired:
            raise tired.pop()
        loaded.extend(heads)

    monkeypatch.setattr(Copies, "load", load)
    monkeypatch.setattr("graphql_api.commands.large_city.PAUSE", 0.0)
    await load_large_city(parts, lambda *_: None, 120)
    assert sorted(head.name for head in loaded) == sorted(NAMES[:120])


async def test_the_command_says_what_it_loaded(tmp_path: Path, settings: Settings) -> None:
    code, output, errors = await run(tmp_path, environment(settings), "demo", "--large-city", "7")
    assert (code, output) == (0, "Loaded 7 parties in Metropolis.\n")
    assert "Loading Metropolis: 7 of 7" in errors
