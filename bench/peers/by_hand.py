"""What GraphQL costs: the same answers by a handler written by hand, over the same rules and store.

It knows the operations of `workloads.py` by their names and reads no document.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from bench.peers.serving import run_application
from graphql_api import clock
from graphql_api.app import Parts, open_parts
from graphql_api.caller import ANYBODY
from graphql_api.parties import hosting
from graphql_api.parties.attendance import Attend
from graphql_api.parties.change import Applied
from graphql_api.parties.city import city_key, display_name
from graphql_api.parties.limits import Limits
from graphql_api.parties.listing import CityList, Paging, Window
from graphql_api.parties.operation import take_key
from graphql_api.schema import ids
from graphql_api.settings import load_settings

if TYPE_CHECKING:
    from graphql_api.store.rows import ListedParty, PartyHead

PAGE = Paging(first=20)


class ByHand:
    """One method per operation."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request."""
        wanted = orjson.loads(await request.read())
        answer = await getattr(self, wanted["operationName"])(**wanted["variables"])
        body = orjson.dumps({"data": answer})
        return web.Response(body=body, content_type="application/json")

    async def CityPage(self, city: str) -> Any:  # noqa: N802  # the operation's name
        """A city's next parties."""
        return {"parties": {"nodes": await self._page(city)}}

    async def FiveCities(self, cities: list[str]) -> Any:  # noqa: N802
        """Several cities' next parties."""
        pages = await asyncio.gather(*map(self._page, cities))
        return {
            "cities": [
                {"name": display_name(name), "parties": {"nodes": page}}
                for name, page in zip(cities, pages, strict=True)
            ]
        }

    async def OneParty(self, id: str) -> Any:  # noqa: N802
        """A party."""
        party_id = ids.decode_party(id)
        head = None if party_id is None else await self._parts.store.read_head(party_id)
        return {"party": None if head is None or head.closed else _shown(head)}

    async def Create(self, input: dict[str, Any]) -> Any:  # noqa: N802
        """A new party."""
        date = clock.from_aware(datetime.fromisoformat(input["date"]))
        change = hosting.create(
            ANYBODY, None, hosting.NewParty(input["city"], input["name"], date), clock.now()
        )
        assert isinstance(change, hosting.Create)
        return {"createParty": {"party": _shown(await self._commit(change))}}

    async def Join(self, input: dict[str, Any]) -> Any:  # noqa: N802
        """One person more."""
        party_id, key = ids.decode_party(input["partyId"]), take_key("", None, Limits())
        assert party_id is not None
        party = await self._commit(Attend(party_id, key, 1))
        return {"joinParty": {"party": {"people": party.people, "revision": party.revision}}}

    async def _commit(self, change: hosting.Create | Attend) -> PartyHead:
        outcome = await self._parts.committer.commit(change)
        assert isinstance(outcome, Applied)
        return outcome.party

    async def _page(self, city: str) -> list[Any]:
        window = Window.of(None, None, clock.now())
        page = await CityList(city_key(city), window, self._parts.store.read_slice).page(PAGE)
        return [_shown(party) for party in page.parties]


def _shown(party: ListedParty | PartyHead) -> dict[str, Any]:
    return {
        "id": ids.party_id(party.party_id),
        "name": party.name,
        "date": party.date.isoformat(timespec="milliseconds") + "Z",
        "people": party.people,
        "capacity": party.capacity,
    }


async def main() -> None:
    """Serve until SIGTERM."""
    async with open_parts(load_settings()) as parts:
        application = web.Application()
        application.router.add_post("/graphql", ByHand(parts).handle)
        await run_application(application)


if __name__ == "__main__":
    asyncio.run(main())
