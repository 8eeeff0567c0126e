"""Outcomes that a client can act on: data, members of the mutations' unions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import strawberry

from graphql_api.parties.change import KeyReused, NotFound, Outcome, Reason, Refused
from graphql_api.schema.party import Party, as_party

if TYPE_CHECKING:
    from graphql_api.parties.limits import Invalid
    from graphql_api.store.rows import PartyHead


@strawberry.interface(description="Why a mutation changed nothing, in a form to act on.")
class UserError:
    """Every member of a result union that is not the success."""

    message: str = strawberry.field(description="One sentence for the person.")


@strawberry.type(
    description="What the caller saw is no longer true; nothing was changed. Look at the party as "
    "it is and decide anew, with a new idempotencyKey."
)
class ConflictError(UserError):
    """The lightweight transaction was decided for another change."""

    party: Party = strawberry.field(description="The party as it is.")
    expected_people: int | None = strawberry.field(
        description="The count that the caller had seen, where that was asked for.", default=None
    )
    expected_revision: int | None = strawberry.field(
        description="The revision that the caller had seen, where that was asked for.",
        default=None,
    )


@strawberry.type(description="Everybody whom the party has room for comes already.")
class PartyFullError(UserError):
    """People equals capacity."""

    party: Party = strawberry.field(description="The party as it is.")


@strawberry.type(description="Nobody comes, so nobody can leave.")
class PartyEmptyError(UserError):
    """People is zero."""

    party: Party = strawberry.field(description="The party as it is.")


@strawberry.type(
    description="Whoever asks has joined the party already: a person who is signed in counts once."
)
class AlreadyJoinedError(UserError):
    """The person's row stands beside the party's."""

    party: Party = strawberry.field(description="The party as it is.")


@strawberry.type(
    description="Whoever asks has not joined the party: a person who is signed in leaves only then."
)
class NotJoinedError(UserError):
    """No such row stands there."""

    party: Party = strawberry.field(description="The party as it is.")


@strawberry.type(description="The party began more than a day ago.")
class PartyOverError(UserError):
    """Too late to join or leave."""

    party: Party = strawberry.field(description="The party as it was.")


@strawberry.type(description="There is no party of this id, or no longer.")
class PartyNotFoundError(UserError):
    """Never there, deleted, or not an id of a party at all."""

    party_id: strawberry.ID = strawberry.field(description="The id that was given.")


@strawberry.type(
    description="The party is somebody else's: its host and moderators alone change or delete it."
)
class NotHostError(UserError):
    """Happens only where people sign in."""

    party: Party = strawberry.field(description="The party as it is.")


@strawberry.type(
    description="The idempotencyKey was used for another change; nothing was changed. Draw a new "
    "key for each change."
)
class IdempotencyKeyReusedError(UserError):
    """Same key, other digest."""


@strawberry.type(description="A field of the input that cannot be used.")
class InvalidField:
    """One problem."""

    field: str = strawberry.field(description="The field's name in the input.")
    message: str = strawberry.field(description="What the field takes.")


@strawberry.type(description="The input cannot be used; nothing was changed.")
class InvalidInputError(UserError):
    """Names every problem at once."""

    fields: list[InvalidField] = strawberry.field(description="Every field that cannot be used.")


def invalid_input(invalid: Invalid) -> InvalidInputError:
    """The error of an input that was checked."""
    fields = [InvalidField(field=each.field, message=each.message) for each in invalid.fields]
    named = "; ".join(f"{each.field} {each.message}" for each in fields)
    return InvalidInputError(message=f"{named[:1].upper()}{named[1:]}.", fields=fields)


def key_reused() -> IdempotencyKeyReusedError:
    """The error of a key that stands for another change."""
    return IdempotencyKeyReusedError(
        message="This idempotencyKey was used for another change. Nothing was changed."
    )


def not_host(party: PartyHead) -> NotHostError:
    """The error of a party that belongs to another."""
    return NotHostError(
        message="Only its host can change or delete this party. Nothing was changed.",
        party=as_party(party),
    )


def not_found(party_id: str) -> PartyNotFoundError:
    """The error of an id that leads nowhere."""
    return PartyNotFoundError(
        message="There is no party with this id, or no longer.", party_id=strawberry.ID(party_id)
    )


def count_conflict(party: PartyHead, expected: int | None) -> ConflictError:
    """The error of a count that is no longer true."""
    people = "1 person" if party.people == 1 else f"{party.people} people"
    return ConflictError(
        message=f"Somebody was quicker: {people} now, you saw {expected}. Nothing was changed.",
        party=as_party(party),
        expected_people=expected,
    )


def revision_conflict(party: PartyHead, expected: int | None) -> ConflictError:
    """The error of a revision that is no longer true."""
    return ConflictError(
        message=f"The party was changed since: revision {party.revision} now, you saw {expected}. "
        "Nothing was changed.",
        party=as_party(party),
        expected_revision=expected,
    )


def attendance_error(
    outcome: Outcome, party_id: str, expected: int | None
) -> ConflictError | PartyOverError | PartyNotFoundError | IdempotencyKeyReusedError:
    """What became of a join or a leave, in the cases that both have."""
    match outcome:
        case Refused(Reason.CONFLICT, party):
            return count_conflict(party, expected)
        case Refused(Reason.OVER, party):
            return PartyOverError(
                message="This party began more than a day ago and can no longer be joined or left.",
                party=as_party(party),
            )
        case KeyReused():
            return key_reused()
        case NotFound():
            return not_found(party_id)
    raise AssertionError(outcome)
