"""A change of one party and how it can end. Pure: nothing here reads or writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from graphql_api.parties.operation import IdempotencyKey
    from graphql_api.store.rows import PartyHead


class Reason(StrEnum):
    """Why a change was refused; stored in the operation's row, so a value keeps its meaning."""

    CONFLICT = "conflict"
    FULL = "full"
    EMPTY = "empty"
    OVER = "over"
    BELOW_PEOPLE = "below_people"
    OUT_OF_TIME = "out_of_time"
    NOT_HOST = "not_host"
    ALREADY_JOINED = "already_joined"
    NOT_JOINED = "not_joined"


@dataclass(frozen=True)
class Applied:
    """The change was made, now or when its key was first sent: the party as it was just after."""

    party: PartyHead


@dataclass(frozen=True)
class Refused:
    """Nothing was changed: the party as it was when it was refused."""

    reason: Reason
    party: PartyHead


@dataclass(frozen=True)
class NotFound:
    """There is no such party, or no longer."""


@dataclass(frozen=True)
class KeyReused:
    """The key was used for another change. Nothing was changed."""


@dataclass(frozen=True)
class OutOfTime:
    """The party that was to be posted would have begun. Nothing was changed or recorded."""


NOBODY_KNOWN: Mapping[str, bool] = MappingProxyType({})
Outcome = Applied | Refused | NotFound | KeyReused | OutOfTime


class Change(Protocol):
    """What one operation would do to a party."""

    is_creation: ClassVar[bool]  # the party is new: there is nothing to read before
    goes_alone: ClassVar[bool]  # replaces more than the count: shares its batch with no other

    @property
    def party_id(self) -> UUID:
        """Which party."""

    @property
    def key(self) -> IdempotencyKey:
        """Under which key."""

    @property
    def digest(self) -> bytes:
        """What it asks for."""

    @property
    def attendee(self) -> str | None:
        """Whose row it puts beside the head or takes away: who joins or leaves, signed in."""

    def decide(
        self, head: PartyHead | None, joined: Mapping[str, bool] = NOBODY_KNOWN, /
    ) -> PartyHead | Outcome:
        """The head that should stand in place of `head`, or how the change ends without one.

        The head's revision and old places are seen to by `group.py`.

        Args:
            joined: whether people have joined, as far as that is known. Of who is not in it that is
                taken to be as the change would have it: the condition on the row sees to that.
        """
