"""updateParty: other details of a party."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry

from graphql_api import clock
from graphql_api.parties import hosting
from graphql_api.parties.change import Applied, KeyReused, NotFound, Reason, Refused
from graphql_api.parties.limits import Invalid
from graphql_api.schema import ids
from graphql_api.schema.arguments import KEY_DESCRIPTION, given
from graphql_api.schema.context import Info
from graphql_api.schema.party import Party, as_party
from graphql_api.schema.user_errors import (
    ConflictError,
    IdempotencyKeyReusedError,
    InvalidInputError,
    NotHostError,
    PartyNotFoundError,
    invalid_input,
    key_reused,
    not_found,
    not_host,
    revision_conflict,
)

CHANGEABLE = ("city", "name", "date", "time_zone", "place", "description", "capacity")


@strawberry.input(
    description="What to change. A field left out stays; null clears place, description or "
    "capacity, and is invalid for the others."
)
class UpdatePartyInput:
    """The input of updateParty."""

    party_id: strawberry.ID = strawberry.field(description="The party.")
    city: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another city, up to 50 characters."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another name, up to 200 characters."
    )
    date: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Another date: from now to two years ahead."
    )
    time_zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another IANA time zone."
    )
    place: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another place, up to 200 characters."
    )
    description: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another description, up to 2,000 characters."
    )
    capacity: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Room for another number of people, not below those who come already.",
    )
    expected_revision: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The revision that the host saw: where it is no longer true, nothing changes "
        "and the answer is ConflictError.",
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET, description=KEY_DESCRIPTION
    )


@strawberry.type(description="The party is changed.")
class UpdatePartySuccess:
    """The head was replaced."""

    party: Party = strawberry.field(description="The party just after.")


UpdatePartyResult = Annotated[
    UpdatePartySuccess
    | ConflictError
    | PartyNotFoundError
    | InvalidInputError
    | IdempotencyKeyReusedError
    | NotHostError,
    strawberry.union("UpdatePartyResult", description="How an update ended."),
]


async def update_party(
    info: Info,
    input: Annotated[UpdatePartyInput, strawberry.argument(description="What to change.")],
) -> UpdatePartyResult | None:
    """Resolve Mutation.updateParty."""
    now = clock.now()
    changes = _changes(input)
    expected = given(input.expected_revision)
    party_id = ids.decode_party(input.party_id)
    if party_id is None:
        return not_found(input.party_id)
    key = given(input.idempotency_key)
    change = hosting.update(party_id, info.context.actor, key, changes, expected, now)
    if isinstance(change, Invalid):
        return invalid_input(change)
    match await info.context.commit(change):
        case Applied(party):
            return UpdatePartySuccess(party=as_party(party))
        case Refused(Reason.CONFLICT, party):
            return revision_conflict(party, expected)
        case Refused(Reason.BELOW_PEOPLE, party):
            return invalid_input(hosting.below_people(party))
        case NotFound():
            return not_found(input.party_id)
        case Refused(Reason.OUT_OF_TIME):
            return invalid_input(hosting.out_of_time(changes["date"], now))
        case Refused(Reason.NOT_HOST, party):
            return not_host(party)
        case KeyReused():
            return key_reused()
    raise AssertionError(change)


def _changes(wanted: UpdatePartyInput) -> dict[str, Any]:
    given_fields = ((name, getattr(wanted, name)) for name in CHANGEABLE)
    return {name: value for name, value in given_fields if value is not strawberry.UNSET}
