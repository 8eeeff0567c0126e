"""joinParty: one person more."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graphql_api.parties.attendance import Attend
from graphql_api.parties.change import Applied, Reason, Refused
from graphql_api.parties.limits import Invalid
from graphql_api.schema import ids
from graphql_api.schema.arguments import KEY_DESCRIPTION, given, key_of
from graphql_api.schema.context import Info
from graphql_api.schema.party import Party, as_party
from graphql_api.schema.user_errors import (
    AlreadyJoinedError,
    ConflictError,
    IdempotencyKeyReusedError,
    InvalidInputError,
    PartyFullError,
    PartyNotFoundError,
    PartyOverError,
    attendance_error,
    invalid_input,
    not_found,
)


@strawberry.input(description="Which party to join.")
class JoinPartyInput:
    """The input of joinParty."""

    party_id: strawberry.ID = strawberry.field(description="The party.")
    expected_people: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The count that the person saw: where it is no longer true, nothing changes "
        "and the answer is ConflictError. Without it the join applies to any count.",
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET, description=KEY_DESCRIPTION
    )


@strawberry.type(description="One person more comes.")
class JoinPartySuccess:
    """The lightweight transaction was applied."""

    party: Party = strawberry.field(description="The party just after.")


JoinPartyResult = Annotated[
    JoinPartySuccess
    | ConflictError
    | PartyFullError
    | PartyOverError
    | PartyNotFoundError
    | InvalidInputError
    | IdempotencyKeyReusedError
    | AlreadyJoinedError,
    strawberry.union("JoinPartyResult", description="How a join ended."),
]


async def join_party(
    info: Info,
    input: Annotated[JoinPartyInput, strawberry.argument(description="Which party to join.")],
) -> JoinPartyResult | None:
    """Resolve Mutation.joinParty."""
    key = key_of(info, input.idempotency_key)
    if isinstance(key, Invalid):
        return invalid_input(key)
    party_id = ids.decode_party(input.party_id)
    if party_id is None:
        return not_found(input.party_id)
    expected = given(input.expected_people)
    person = info.context.caller.person
    change = Attend(party_id, key, 1, expected, attendee=person)
    outcome = await info.context.commit(change)
    match outcome:
        case Applied(party):
            return JoinPartySuccess(party=as_party(party))
        case Refused(Reason.FULL, party):
            return PartyFullError(
                message=f"The party is full: {party.people} people come already.",
                party=as_party(party),
            )
        case Refused(Reason.ALREADY_JOINED, party):
            return AlreadyJoinedError(
                message="You have joined this party already. Nothing was changed.",
                party=as_party(party),
            )
    return attendance_error(outcome, input.party_id, expected)
