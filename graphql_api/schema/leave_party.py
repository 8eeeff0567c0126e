"""leaveParty: one person less."""

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
    ConflictError,
    IdempotencyKeyReusedError,
    InvalidInputError,
    NotJoinedError,
    PartyEmptyError,
    PartyNotFoundError,
    PartyOverError,
    attendance_error,
    invalid_input,
    not_found,
)


@strawberry.input(description="Which party to leave.")
class LeavePartyInput:
    """The input of leaveParty."""

    party_id: strawberry.ID = strawberry.field(description="The party.")
    expected_people: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The count that the person saw: where it is no longer true, nothing changes "
        "and the answer is ConflictError. Without it the leave applies to any count.",
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET, description=KEY_DESCRIPTION
    )


@strawberry.type(description="One person less comes.")
class LeavePartySuccess:
    """The lightweight transaction was applied."""

    party: Party = strawberry.field(description="The party just after.")


LeavePartyResult = Annotated[
    LeavePartySuccess
    | ConflictError
    | PartyEmptyError
    | PartyOverError
    | PartyNotFoundError
    | InvalidInputError
    | IdempotencyKeyReusedError
    | NotJoinedError,
    strawberry.union("LeavePartyResult", description="How a leave ended."),
]


async def leave_party(
    info: Info,
    input: Annotated[LeavePartyInput, strawberry.argument(description="Which party to leave.")],
) -> LeavePartyResult | None:
    """Resolve Mutation.leaveParty."""
    key = key_of(info, input.idempotency_key)
    if isinstance(key, Invalid):
        return invalid_input(key)
    party_id = ids.decode_party(input.party_id)
    if party_id is None:
        return not_found(input.party_id)
    expected = given(input.expected_people)
    person = info.context.caller.person
    change = Attend(party_id, key, -1, expected, attendee=person)
    outcome = await info.context.commit(change)
    match outcome:
        case Applied(party):
            return LeavePartySuccess(party=as_party(party))
        case Refused(Reason.EMPTY, party):
            return PartyEmptyError(
                message="Nobody has joined this party, so nobody can leave it.",
                party=as_party(party),
            )
        case Refused(Reason.NOT_JOINED, party):
            return NotJoinedError(
                message="You have not joined this party. Nothing was changed.",
                party=as_party(party),
            )
    return attendance_error(outcome, input.party_id, expected)
