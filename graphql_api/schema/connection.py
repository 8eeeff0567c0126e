"""A city's parties as a Relay connection."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from graphql_api import clock
from graphql_api.parties.listing import CityList, Page, Paging, Window
from graphql_api.parties.snapshot import Snapshot, SnapshotSlices
from graphql_api.schema.arguments import given
from graphql_api.schema.context import Info
from graphql_api.schema.page_info import PageInfo
from graphql_api.schema.party import Party, as_parties, as_party


@strawberry.enum(description="The order of a list of parties.")
class PartyOrder(Enum):
    """By date, in one direction or the other."""

    SOONEST_FIRST = strawberry.enum_value(
        "SOONEST_FIRST", description="The next party first; parties of one moment by their ids."
    )
    LATEST_FIRST = strawberry.enum_value(
        "LATEST_FIRST", description="The furthest party first: the other order reversed."
    )


@strawberry.type(description="A party and where it stands in the list.")
class PartyEdge:
    """One item of a connection."""

    cursor: str = strawberry.field(
        description="Opaque; give it as `after` or `before` in the same list."
    )
    node: Party = strawberry.field(description="The party.")


@strawberry.type(description="A page of a list of parties.")
class PartyConnection:
    """Wraps a page that was read."""

    page: strawberry.Private[Page]

    @strawberry.field(description="The page's parties with their cursors.")
    def edges(self) -> list[PartyEdge]:
        cursor = self.page.within.cursor
        return [PartyEdge(cursor=cursor(row), node=as_party(row)) for row in self.page.parties]

    @strawberry.field(description="The page's parties.")
    def nodes(self) -> list[Party]:
        return as_parties(self.page.parties)

    @strawberry.field(description="Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return PageInfo(page=self.page)


First = Annotated[
    int | None,
    strawberry.argument(description="The size of the page, from 1 to 100; 20 unless given."),
]
After = Annotated[
    str | None, strawberry.argument(description="Only what follows this cursor. Goes with first.")
]
Last = Annotated[
    int | None,
    strawberry.argument(description="In place of first: the size of a page counted from the end."),
]
Before = Annotated[
    str | None, strawberry.argument(description="Only what precedes this cursor. Goes with last.")
]
From = Annotated[
    datetime | None,
    strawberry.argument(
        name="from",
        description="Parties that begin at this moment or later; three hours ago unless given.",
    ),
]
Until = Annotated[
    datetime | None,
    strawberry.argument(
        description="Parties that begin before this moment. From and until may span five "
        "calendar years."
    ),
]
Order = Annotated[PartyOrder, strawberry.argument(description="The order of the list.")]


async def read_connection(
    info: Info,
    city_key: str,
    paging: Paging,
    start: datetime | None,
    end: datetime | None,
    order: PartyOrder,
    snapshot: Snapshot | None = None,
) -> PartyConnection:
    """A page of a city's parties, out of a snapshot of the upcoming ones where it holds them."""
    if snapshot is not None and not start and not end:
        slices = SnapshotSlices(snapshot, info.context.loaders.slices.load)
        upcoming = CityList(
            city_key, snapshot.window, slices.read, order is PartyOrder.LATEST_FIRST
        )
        return PartyConnection(page=await upcoming.page(paging))
    window = Window.of(start or None, end or None, clock.now())
    city = CityList(
        city_key, window, info.context.loaders.slices.load, order is PartyOrder.LATEST_FIRST
    )
    return PartyConnection(page=await city.page(paging))


def paging(first: int | None, after: str | None, last: int | None, before: str | None) -> Paging:
    """The arguments of a connection, those left out as None."""
    return Paging(given(first), given(after), given(last), given(before))
