"""deleteParty: no such party any more."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graphql_api.parties.change import Applied, KeyReused, NotFound, Reason, Refused
from graphql_api.parties.hosting import Delete
from graphql_api.parties.limits import Invalid
from graphql_api.schema import ids
from graphql_api.schema.arguments import KEY_DESCRIPTION, key_of
from graphql_api.schema.context import Info
from graphql_api.schema.user_errors import (
    IdempotencyKeyReusedError,
    InvalidInputError,
    NotHostError,
    PartyNotFoundError,
    invalid_input,
    key_reused,
    not_found,
    not_host,
)


@strawberry.input(description="Which party to delete.")
class DeletePartyInput:
    """The input of deleteParty."""

    party_id: strawberry.ID = strawberry.field(description="The party.")
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET, description=KEY_DESCRIPTION
    )


@strawberry.type(description="The party is gone.")
class DeletePartySuccess:
    """The head was closed."""

    deleted_party_id: strawberry.ID = strawberry.field(description="The id it had.")


DeletePartyResult = Annotated[
    DeletePartySuccess
    | PartyNotFoundError
    | InvalidInputError
    | IdempotencyKeyReusedError
    | NotHostError,
    strawberry.union("DeletePartyResult", description="How a deletion ended."),
]


async def delete_party(
    info: Info,
    input: Annotated[DeletePartyInput, strawberry.argument(description="Which party to delete.")],
) -> DeletePartyResult | None:
    """Resolve Mutation.deleteParty."""
    key = key_of(info, input.idempotency_key)
    if isinstance(key, Invalid):
        return invalid_input(key)
    party_id = ids.decode_party(input.party_id)
    if party_id is None:
        return not_found(input.party_id)
    outcome = await info.context.commit(Delete(party_id, key, info.context.caller))
    match outcome:
        case Applied():
            return DeletePartySuccess(deleted_party_id=input.party_id)
        case NotFound():
            return not_found(input.party_id)
        case Refused(Reason.NOT_HOST, party):
            return not_host(party)
        case KeyReused():
            return key_reused()
    raise AssertionError(outcome)
