"""A party. Its fields are read straight off a row: the type declares, and is never made."""

from __future__ import annotations

from abc import ABCMeta
from datetime import datetime
from typing import Any, cast

import strawberry

from graphql_api.schema import ids
from graphql_api.schema.context import Info
from graphql_api.schema.node import Node
from graphql_api.store.rows import ListedParty, PartyHead

PartyRow = PartyHead | ListedParty


def resolve_id(party: strawberry.Parent[Any]) -> strawberry.ID:
    """The global id of a row."""
    return ids.party_id(party.party_id)


async def resolve_description(party: strawberry.Parent[Any], info: Info) -> str | None:
    """The description of a row; a copy has none, so the party's own row is loaded."""
    if isinstance(party, ListedParty):
        party = await info.context.loaders.parties.load(party.party_id)
    return None if party is None else cast("PartyHead", party).description


@strawberry.type(description="A party: when and where it is, and how many people come.")
class Party(Node, metaclass=ABCMeta):
    """Maps to the tables `party` (PartyHead) and `party_by_city` (ListedParty)."""

    id: strawberry.ID = strawberry.field(
        resolver=resolve_id, description="Opaque, and the same for ever."
    )
    city: str = strawberry.field(description="The city, as its host wrote it.")
    name: str = strawberry.field(description="What the party is called.")
    date: datetime = strawberry.field(description="When it begins.")
    time_zone: str = strawberry.field(
        description='The IANA name of the time zone it is held in, such as "Europe/Paris".'
    )
    place: str | None = strawberry.field(description="Where in the city.")
    description: str | None = strawberry.field(
        resolver=resolve_description, description="What to expect. Loaded only when asked for."
    )
    people: int = strawberry.field(description="How many people come; never below 0.")
    capacity: int | None = strawberry.field(
        description="How many people may come; null for no limit."
    )
    revision: int = strawberry.field(description="Rises by one with every change of the party.")
    created_at: datetime = strawberry.field(description="When it was posted.")


# Rows are parties to GraphQL, which tells the members of an interface apart by isinstance.
Party.register(PartyHead)
Party.register(ListedParty)


def as_party(row: PartyRow) -> Party:
    """A row as GraphQL's resolvers hand it on; nothing is copied."""
    return cast("Party", row)


def as_parties(rows: list[ListedParty]) -> list[Party]:
    """Rows as GraphQL's resolvers hand them on; nothing is copied."""
    return cast("list[Party]", rows)
