"""A party. Its fields are read straight off a row: the type declares, and is never made."""

from __future__ import annotations

from abc import ABCMeta
from datetime import datetime
from typing import Annotated, Any, cast

import strawberry

from graphql_api.parties.attendee_list import attendee_page
from graphql_api.parties.listing import PartyRow
from graphql_api.schema import ids
from graphql_api.schema.arguments import given
from graphql_api.schema.attendees import AttendeeConnection
from graphql_api.schema.context import Info
from graphql_api.schema.node import Node
from graphql_api.schema.person import Person
from graphql_api.store.rows import ListedParty, PartyHead


def resolve_id(party: strawberry.Parent[Any]) -> strawberry.ID:
    """The global id of a row."""
    return ids.party_id(party.party_id)


async def resolve_description(party: strawberry.Parent[Any], info: Info) -> str | None:
    """The description of a row; a copy has none, so the party's own row is loaded."""
    head = await _head(party, info)
    return None if head is None else head.description


async def resolve_host(party: strawberry.Parent[Any], info: Info) -> Person | None:
    """The host of a row."""
    head = await _head(party, info)
    host = None if head is None else head.host
    return None if host is None else Person(id=strawberry.ID(host))


async def resolve_viewer_is_host(party: strawberry.Parent[Any], info: Info) -> bool | None:
    """Whether the caller is the host of a row; of nobody that is known without a look."""
    caller = info.context.caller
    if caller.person is None:
        return False
    head = await _head(party, info)
    return head is not None and caller.is_person(head.host)


async def resolve_viewer_has_joined(party: strawberry.Parent[Any], info: Info) -> bool | None:
    """Whether the caller comes to a row's party; of nobody that is known without a look."""
    person = info.context.caller.person
    if person is None:
        return False
    return await info.context.loaders.attendance.load((party.party_id, person))


async def resolve_attendees(
    party: strawberry.Parent[Any],
    info: Info,
    first: Annotated[
        int | None,
        strawberry.argument(description="The size of the page, from 1 to 100; 20 unless given."),
    ] = strawberry.UNSET,
    after: Annotated[
        str | None, strawberry.argument(description="Only what follows this cursor.")
    ] = strawberry.UNSET,
) -> AttendeeConnection | None:
    """Who has joined a row's party; for its host and moderators."""
    caller = info.context.caller
    head = None if caller.person is None else await _head(party, info)
    if head is None or not caller.may_host(head.host):
        return None
    page = await attendee_page(info.context.reader, head.party_id, given(first), given(after))
    return AttendeeConnection(page=page)


async def _head(party: PartyRow, info: Info) -> PartyHead | None:
    """The party's own row; None where it is gone since its copy was read."""
    if isinstance(party, PartyHead):
        return party
    return await info.context.loaders.parties.load(party.party_id)


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
    host: Person | None = strawberry.field(
        resolver=resolve_host,
        description="Who posted it; null where nobody was signed in. Loaded only when asked for.",
    )
    viewer_has_joined: bool | None = strawberry.field(
        resolver=resolve_viewer_has_joined,
        description="Whether whoever asks has joined it; false for who is not signed in, null only "
        "where it could not be looked up.",
    )
    viewer_is_host: bool | None = strawberry.field(
        resolver=resolve_viewer_is_host,
        description="Whether whoever asks posted it; false for who is not signed in, null only "
        "where it could not be looked up.",
    )
    attendees: AttendeeConnection | None = strawberry.field(
        resolver=resolve_attendees,
        description="Who has joined it while signed in; for its host and moderators, null for "
        "anybody else.",
    )


# Rows are parties to GraphQL, which tells the members of an interface apart by isinstance.
Party.register(PartyHead)
Party.register(ListedParty)


def as_party(row: PartyRow) -> Party:
    """A row as GraphQL's resolvers hand it on; nothing is copied."""
    return cast("Party", row)


def as_parties(rows: list[PartyRow]) -> list[Party]:
    """Rows as GraphQL's resolvers hand them on; nothing is copied."""
    return cast("list[Party]", rows)
