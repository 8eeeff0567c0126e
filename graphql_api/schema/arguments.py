"""What the arguments of several fields share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import strawberry

from graphql_api.parties.limits import Invalid, Limits
from graphql_api.parties.operation import take_key

if TYPE_CHECKING:
    from graphql_api.parties.operation import IdempotencyKey
    from graphql_api.schema.context import Info

Value = TypeVar("Value")

KEY_DESCRIPTION = (
    "1 to 128 characters, drawn anew for each change and kept when the same change is sent again: "
    "it is then applied once, and a repeat gets the first answer, a refusal too."
)


def given(value: Value | None) -> Value | None:
    """A value, or None where it was left out."""
    return None if value is strawberry.UNSET else value


def key_of(info: Info, text: str | None) -> IdempotencyKey | Invalid:
    """The caller's idempotencyKey; where the input has none, one that the server draws."""
    limits = Limits()
    key = take_key(info.context.actor.owner, given(text), limits)
    return Invalid(tuple(limits.problems)) if limits.problems else key
