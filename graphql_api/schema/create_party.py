"""createParty: a new party."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import strawberry

from graphql_api import clock
from graphql_api.parties import hosting
from graphql_api.parties.change import Applied, KeyReused, NotFound, OutOfTime
from graphql_api.parties.limits import Invalid
from graphql_api.schema import ids
from graphql_api.schema.arguments import KEY_DESCRIPTION, given
from graphql_api.schema.context import Info
from graphql_api.schema.party import Party, as_party
from graphql_api.schema.user_errors import (
    IdempotencyKeyReusedError,
    InvalidInputError,
    PartyNotFoundError,
    invalid_input,
    key_reused,
    not_found,
)


@strawberry.input(description="A party to post.")
class CreatePartyInput:
    """The input of createParty."""

    city: str = strawberry.field(description="The city, up to 50 characters.")
    name: str = strawberry.field(description="What it is called, up to 200 characters.")
    date: datetime = strawberry.field(description="When it begins: from now to two years ahead.")
    time_zone: str | None = strawberry.field(
        default="UTC", description='The IANA time zone it is held in, such as "Europe/Paris".'
    )
    place: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where in the city, up to 200 characters."
    )
    description: str | None = strawberry.field(
        default=strawberry.UNSET, description="What to expect, up to 2,000 characters."
    )
    people: int | None = strawberry.field(
        default=0, description="How many people come already, from 0 to 1,000,000."
    )
    capacity: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="How many people may come, up to 1,000,000; no limit unless given.",
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET, description=KEY_DESCRIPTION
    )


@strawberry.type(description="The party is posted.")
class CreatePartySuccess:
    """The head was inserted."""

    party: Party = strawberry.field(description="The new party.")


CreatePartyResult = Annotated[
    CreatePartySuccess | InvalidInputError | PartyNotFoundError | IdempotencyKeyReusedError,
    strawberry.union("CreatePartyResult", description="How posting a party ended."),
]


async def create_party(
    info: Info,
    input: Annotated[CreatePartyInput, strawberry.argument(description="The party to post.")],
) -> CreatePartyResult | None:
    """Resolve Mutation.createParty."""
    now = clock.now()
    key = given(input.idempotency_key)
    change = hosting.create(info.context.actor, key, _new_party(input), now)
    if isinstance(change, Invalid):
        return invalid_input(change)
    match await info.context.commit(change):
        case Applied(party) if not party.closed:
            return CreatePartySuccess(party=as_party(party))
        case Applied() | NotFound():
            return not_found(ids.party_id(change.party_id))
        case OutOfTime():
            return invalid_input(hosting.out_of_time(change.party.date, now))
        case KeyReused():
            return key_reused()
    raise AssertionError(change)


def _new_party(wanted: CreatePartyInput) -> hosting.NewParty:
    party = hosting.NewParty(
        city=wanted.city,
        name=wanted.name,
        date=wanted.date,
        place=given(wanted.place),
        description=given(wanted.description),
        people=wanted.people or 0,
        capacity=given(wanted.capacity),
    )
    return party if wanted.time_zone is None else replace(party, time_zone=wanted.time_zone)
