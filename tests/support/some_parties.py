"""Parties and changes for the tests of the rules, without an API in between."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from graphql_api import clock
from graphql_api.parties.attendance import Attend
from graphql_api.parties.hosting import Create, NewParty
from graphql_api.parties.operation import IdempotencyKey

if TYPE_CHECKING:
    from uuid import UUID

_numbers = count(1)


def a_key() -> IdempotencyKey:
    """A client's key that was never used."""
    return IdempotencyKey("", f"key {next(_numbers)}")


def a_drawn_key() -> IdempotencyKey:
    """A key as the server draws it."""
    return IdempotencyKey("", f"drawn {next(_numbers)}", is_drawn=True)


def a_creation(**wanted: Any) -> Create:
    """A party in a week, in a city of its own."""
    now = clock.now()
    date = (now + timedelta(days=7)).replace(microsecond=0)
    fields: dict[str, Any] = {"city": f"City {next(_numbers)}", "name": "A party", "date": date}
    party = NewParty(**fields | wanted)
    return Create(a_key(), party, now)


def join(
    party_id: UUID,
    key: IdempotencyKey | None = None,
    expected: int | None = None,
    attendee: str | None = None,
) -> Attend:
    """One person more."""
    return Attend(party_id, key or a_key(), 1, expected, attendee=attendee)


def leave(
    party_id: UUID,
    key: IdempotencyKey | None = None,
    expected: int | None = None,
    attendee: str | None = None,
) -> Attend:
    """One person less."""
    return Attend(party_id, key or a_key(), -1, expected, attendee=attendee)
