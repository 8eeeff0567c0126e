"""The queries."""

from __future__ import annotations

import asyncio
from typing import Annotated, cast
from uuid import UUID

import strawberry

from graphql_api.errors import BadUserInputError
from graphql_api.parties.listing import LARGEST_PAGE
from graphql_api.schema import ids
from graphql_api.schema.city import City, city_of_key, find_city
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
from graphql_api.schema.party import Party, as_party
from graphql_api.schema.person import Person
from graphql_api.schema.viewer import Viewer

MOST_NODES = 100
CityName = Annotated[str, strawberry.argument(description="The city's name.")]


async def load_node(info: Info, node_id: str) -> Party | City | None:
    """What a global id stands for; None where it stands for nothing."""
    key = ids.decode(node_id)
    if isinstance(key, UUID):
        row = await info.context.loaders.parties.load(key)
        return None if row is None else as_party(row)
    return None if key is None else city_of_key(key)


def _city_or_error(name: str) -> City | BadUserInputError:
    try:
        return find_city("names", name)
    except BadUserInputError as error:
        return error


@strawberry.type(description="What can be looked up.")
class Query:
    """Every field but the lists of ids and names is nullable."""

    @strawberry.field(description="An object by its id; null where the id stands for nothing.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> Node | None:
        return await load_node(info, id)

    @strawberry.field(
        description="Objects by their ids, in the same order, up to 100; null where an id stands "
        "for nothing."
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Their ids.")],
    ) -> list[Node | None]:  # an exception in the list is the error of its item
        if len(ids) > MOST_NODES:
            raise BadUserInputError(f"ids may have {MOST_NODES} items at most.")
        loads = (load_node(info, each) for each in ids)
        return cast("list[Node | None]", await asyncio.gather(*loads, return_exceptions=True))

    @strawberry.field(description="Whoever asks; null where nobody is signed in.")
    def viewer(self, info: Info) -> Viewer | None:
        person = info.context.caller.person
        return None if person is None else Viewer(person=Person(id=strawberry.ID(person)))

    @strawberry.field(description="A party by its id; null where there is none, or no longer.")
    async def party(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> Party | None:
        found = await load_node(info, id)
        return None if isinstance(found, City) else found

    @strawberry.field(description="A city by its name, whether or not it has parties.")
    def city(self, name: CityName) -> City | None:
        return find_city("name", name)

    @strawberry.field(
        description="Cities by their names, in the same order, up to 100. Their parties are read "
        "together."
    )
    def cities(
        self,
        names: Annotated[list[str], strawberry.argument(description="The cities' names.")],
    ) -> list[City | None]:
        if len(names) > MOST_NODES:
            raise BadUserInputError(f"names may have {MOST_NODES} items at most.")
        return cast("list[City | None]", [_city_or_error(name) for name in names])

    @strawberry.field(description="A city's parties; the upcoming ones unless from says otherwise.")
    async def parties(
        self,
        info: Info,
        city: CityName,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        from_: From = strawberry.UNSET,
        until: Until = strawberry.UNSET,
        order: Order = PartyOrder.SOONEST_FIRST,
    ) -> PartyConnection | None:
        key = find_city("city", city).key
        pages = paging(first, after, last, before)
        return await read_connection(info, key, pages, from_, until, order)

    @strawberry.field(
        description="Cities that have a party ahead and whose name begins with a prefix, in "
        "alphabetical order."
    )
    async def search_cities(
        self,
        info: Info,
        prefix: Annotated[
            str, strawberry.argument(description="How the name begins; at least one character.")
        ],
        first: Annotated[
            int | None, strawberry.argument(description="How many at most, from 1 to 100.")
        ] = 10,
    ) -> list[City] | None:
        key = find_city("prefix", prefix).key
        size = 10 if first is None else first
        if not 1 <= size <= LARGEST_PAGE:
            raise BadUserInputError(f"first must be from 1 to {LARGEST_PAGE}.")
        rows = await info.context.reader.search_cities(key, size)
        return [City(key=row.city_key, asked_as=row.city, host_name=row.city) for row in rows]
