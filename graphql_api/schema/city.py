"""A city and its parties."""

from __future__ import annotations

import strawberry

from graphql_api.errors import BadUserInputError
from graphql_api.parties.city import LONGEST_KEY, city_key
from graphql_api.parties.limits import Limits, has_control
from graphql_api.parties.snapshot import Snapshot
from graphql_api.schema import ids
from graphql_api.schema.connection import (
    After,
    Before,
    First,
    From,
    Last,
    Order,
    PartyConnection,
    PartyOrder,
    Until,
    paging,
    read_connection,
)
from graphql_api.schema.context import Info
from graphql_api.schema.node import Node


def resolve_id(city: strawberry.Parent[City]) -> strawberry.ID:
    """The global id of a city."""
    return ids.city_id(city.key)


@strawberry.type(
    description="A city. Names match without regard to case, Unicode composition and surrounding "
    "or doubled spaces."
)
class City(Node):
    """Found under its key in `party_by_city`.

    Args:
        asked_as: what the caller called it.
        host_name: what its hosts call it, where that is known already.
        snapshot: its upcoming parties, where they are known already.
    """

    key: strawberry.Private[str]
    asked_as: strawberry.Private[str]
    host_name: strawberry.Private[str | None] = None
    snapshot: strawberry.Private[Snapshot | None] = None

    id: strawberry.ID = strawberry.field(
        resolver=resolve_id, description="Opaque, and the same for ever."
    )

    @strawberry.field(
        description="Its name as the host of its furthest party wrote it; as it was asked for, "
        "where no party is ahead."
    )
    async def name(self, info: Info) -> str:
        if self.host_name is not None:
            return self.host_name
        row = await info.context.loaders.cities.load(self.key)
        return self.asked_as if row is None else row.city

    @strawberry.field(description="Its parties; the upcoming ones unless from says otherwise.")
    async def parties(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        from_: From = strawberry.UNSET,
        until: Until = strawberry.UNSET,
        order: Order = PartyOrder.SOONEST_FIRST,
    ) -> PartyConnection | None:
        pages = paging(first, after, last, before)
        return await read_connection(info, self.key, pages, from_, until, order, self.snapshot)


def find_city(argument: str, name: str) -> City:
    """The city of a name.

    Raises:
        BadUserInputError: no city can have this name; names `argument`.
    """
    limits = Limits()
    display = limits.city(name)
    if limits.problems:
        raise BadUserInputError(f"{argument} {limits.problems[0].message}.")
    return City(key=city_key(display), asked_as=display)


def city_of_key(key: str) -> City | None:
    """The city of a key out of an id; None where it is the key of no city."""
    if not 0 < len(key) <= LONGEST_KEY or has_control(key) or city_key(key) != key:
        return None
    return City(key=key, asked_as=key)
