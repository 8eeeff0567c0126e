"""Parties that the API itself would not post: of the past, or anywhere in a city's pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4, uuid5

from graphql_api import clock
from graphql_api.caller import ANYBODY
from graphql_api.parties import hosting
from graphql_api.parties.change import Applied
from graphql_api.parties.city import city_key
from graphql_api.schema import ids
from graphql_api.store.rows import PartyHead
from tests.support.api import a_city

if TYPE_CHECKING:
    from graphql_api.app import Parts

_NAMESPACE = UUID("5f2d0a4e-7c0e-4ed1-9d2b-7a0a3f0f5b6c")


def now() -> datetime:
    """The present moment to the second, so that it is easy to read in a failure."""
    return clock.now().replace(microsecond=0)


def a_party_id(name: object = None) -> UUID:
    """A party's id, of the kind that the program makes; always the same for a name."""
    return uuid5(_NAMESPACE, str(uuid4() if name is None else name))


def text_of(moment: datetime) -> str:
    """A moment as the API answers it."""
    return moment.isoformat(timespec="milliseconds") + "Z"


def a_head(**wanted: Any) -> PartyHead:
    """A party's own row, open and just created unless told otherwise."""
    city = wanted.get("city", a_city())
    head = PartyHead(
        party_id=a_party_id(),
        city=city,
        city_key=city_key(city),
        name="A party",
        date=now() + timedelta(days=7),
        time_zone="UTC",
        place=None,
        description=None,
        host=None,
        created_at=now(),
        people=0,
        capacity=None,
        revision=1,
        closed=False,
        digest=b"",
        old_places=(),
    )
    return head._replace(**wanted)


async def post(parts: Parts, **wanted: Any) -> PartyHead:
    """Post a party as its host would have, the day before its date: also one long past."""
    party = hosting.NewParty(
        **{"city": a_city(), "name": "A party", "date": now() + timedelta(days=7), **wanted}
    )
    change = hosting.create(ANYBODY, None, party, min(now(), party.date - timedelta(days=1)))
    assert isinstance(change, hosting.Create), change
    outcome = await parts.committer.commit(change)
    assert isinstance(outcome, Applied), outcome
    return outcome.party


def answer(head: PartyHead) -> dict[str, Any]:
    """A party as the API answers it to a query for everything."""
    return {
        "id": ids.party_id(head.party_id),
        "city": head.city,
        "name": head.name,
        "date": text_of(head.date),
        "timeZone": head.time_zone,
        "place": head.place,
        "description": head.description,
        "people": head.people,
        "capacity": head.capacity,
        "revision": head.revision,
        "createdAt": text_of(head.created_at),
    }
