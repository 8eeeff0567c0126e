"""The rows of the tables, as tuples in the order in which the statements select their columns.

GraphQL reads its fields straight off these: the attribute names are the API's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


class Place(NamedTuple):
    """Where a copy of a party stands in `party_by_city`."""

    city_key: str
    date: datetime


class PartyHead(NamedTuple):
    """The truth about one party: the row of kind 0 in its partition of `party`."""

    party_id: UUID
    city: str
    city_key: str
    name: str
    date: datetime
    time_zone: str
    place: str | None
    description: str | None
    host: str | None
    created_at: datetime
    people: int
    capacity: int | None
    revision: int
    closed: bool
    digest: bytes
    old_places: tuple[Place, ...]

    @property
    def standing_place(self) -> Place:
        """Where the city's page shows it."""
        return Place(self.city_key, self.date)


class ListedParty(NamedTuple):
    """What a city's page shows: a row of `party_by_city`."""

    party_id: UUID
    city: str
    name: str
    date: datetime
    time_zone: str
    place: str | None
    created_at: datetime
    people: int
    capacity: int | None
    revision: int


class OperationRow(NamedTuple):
    """What one operation did, or why it was refused: a row of kind 1 in the party's partition.

    `after` and `revision` are those of the head once the operation had applied; of a refusal, those
    of the head that it was judged on.
    """

    key: str
    digest: bytes
    delta: int
    after: int
    revision: int
    refusal: str | None


class Attendance(NamedTuple):
    """What one operation does to a person's row of kind 2: puts it there, or takes it away.

    `revision` is that of the head once the operation has applied.
    """

    person: str
    joins: bool
    revision: int


class Attendee(NamedTuple):
    """Somebody who has joined a party: a row of kind 2 in its partition."""

    person: str
    joined_at: datetime


class Role(StrEnum):
    """Why a party stands in a person's agenda; stored, so a value keeps its meaning."""

    HOST = "host"
    ATTENDEE = "attendee"


class Agenda(NamedTuple):
    """A partition of `party_by_person`: the parties that a person hosts, or has joined."""

    person: str
    role: Role


class Entry(NamedTuple):
    """A party in an agenda: a row of `party_by_person`."""

    date: datetime
    party_id: UUID
    created_at: datetime
    revision: int


class Standing(NamedTuple):
    """A party's head, some of its operations by their keys, and some people's rows, read together.

    `attendees` has those of the people asked for of whom it is known whether they have joined.
    """

    head: PartyHead | None
    operations: dict[str, OperationRow]
    attendees: dict[str, bool]


class Decision(NamedTuple):
    """How a proposal ended. Where it was not applied: what stands, of the rows that it spoke of."""

    applied: bool
    head: PartyHead | None
    operations: dict[str, OperationRow]
    attendees: frozenset[str] = frozenset()


class CityRow(NamedTuple):
    """A city that has a party ahead: a row of `city_by_prefix`."""

    city_key: str
    city: str


class Slice(NamedTuple):
    """One read of one partition of `party_by_city`.

    `after` and `before` are exclusive bounds (date, party id). Rows come in the order of reading,
    at most `limit` of them.
    """

    city_key: str
    year: int
    after: tuple[datetime, UUID]
    before: tuple[datetime, UUID]
    limit: int
    descending: bool
