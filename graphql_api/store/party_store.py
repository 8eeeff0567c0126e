"""The statements as typed calls: what the rules in `parties/` may ask of the database."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from cassandra.metadata import Murmur3Token
from cassandra.query import UNSET_VALUE

from graphql_api.store import statements
from graphql_api.store.people_store import PeopleStore
from graphql_api.store.rows import (
    Attendance,
    CityRow,
    Decision,
    ListedParty,
    OperationRow,
    PartyHead,
    Place,
    Slice,
    Standing,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from graphql_api.store.bridge import Rows
    from graphql_api.store.session import Bound, Session

HEAD_KIND, OPERATION_KIND, ATTENDEE_KIND = 0, 1, 2
_HEAD_KEY = (HEAD_KIND, "")
KEYS_PER_READ = 24  # with the head's, as many as Astra takes in one IN of clustering keys
_HEAD_WIDTH = len(PartyHead._fields)
_PREFIX_LENGTH = 10
PING_TIMEOUT = 2.0
_FIRST_STAYS = 2**62  # µs; less the time of a claim, its timestamp


class PartyStore:
    """Parties, their operations, their copies in city pages, and the cities that have any.

    Every method raises a PartyfinderError where the database does not answer.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.people = PeopleStore(session)

    def read_head(self, party_id: UUID) -> asyncio.Future[PartyHead | None]:
        """The party, also a closed one; None where there never was one."""
        return self._session.read(statements.READ_HEAD, _head_in, (party_id,))

    def read_open_head(self, party_id: UUID) -> asyncio.Future[PartyHead | None]:
        """The party; None where there is none, or no longer."""
        return self._session.read(statements.READ_HEAD, _open_head_in, (party_id,))

    async def confirm_standing(
        self,
        party_id: UUID,
        keys: Sequence[str],
        timeout: float,
        people: Sequence[str] = (),
    ) -> Standing:
        """The party, its operations of these keys and whether these people have joined, at SERIAL.

        Whatever was in flight before this read is decided by it.
        """
        wanted = [(OPERATION_KIND, key) for key in keys]
        wanted += [(ATTENDEE_KIND, person) for person in people]
        known = Standing(None, {}, {})
        for start in range(0, max(len(wanted), 1), KEYS_PER_READ):
            asked = wanted[start : start + KEYS_PER_READ]
            rows = await self._session.execute(
                statements.CONFIRM_STANDING, (party_id, [_HEAD_KEY, *asked]), timeout
            )
            known = _and(known, _standing(rows, asked))
        return known

    async def propose(
        self,
        before: PartyHead | None,
        after: PartyHead,
        operations: Iterable[tuple[OperationRow, int]],
        timeout: float,
        attendances: Iterable[Attendance] = (),
    ) -> Decision:
        """Put `after` in the place of `before`, with the operations that did it, each with its TTL.

        It applies where the head still has the revision of `before` and is open (where `before` is
        None: there is no head), none of the operations has a row, and of the people with an
        attendance those who join have none and those who leave have one.

        Raises:
            AmbiguousError: it may have been applied, or may be yet.
            PartyfinderError: it was not applied, and never will be.
        """
        parts = [_replacement(before, after)]
        parts += (_operation(after.party_id, row, ttl) for row, ttl in operations)
        parts += (_attendance(after.party_id, each) for each in attendances)
        rows = await self._session.apply(parts, timeout)
        if rows[0]["[applied]"]:
            return Decision(applied=True, head=after, operations={})
        return _refused(rows)

    async def read_closed_at(self, party_id: UUID) -> int:
        """When a closed party was closed, by the ballot of the transaction: µs since 1970."""
        rows = await self._session.execute(statements.READ_CLOSED_AT, (party_id,))
        return int(rows[0][0] or 0) if rows else 0

    async def close(self, head: PartyHead, timeout: float) -> bool:
        """Close a party that is still as it was read, at its next revision; whether it was.

        Raises:
            AmbiguousError: it may have been closed, or may be yet.
            PartyfinderError: it was not.
        """
        closed = head._replace(closed=True, revision=head.revision + 1)
        # A refused statement on its own tells no more of the head than its condition's columns.
        rows = await self._session.apply([_replacement(head, closed)], timeout)
        return bool(rows[0]["[applied]"])

    async def forget(self, head: PartyHead, people: Sequence[str], timeout: float) -> None:
        """Delete rows of people who had joined a closed party; the head where there are none.

        Nothing is deleted where one of the rows is gone already, or the head is another.

        Raises:
            AmbiguousError: they may have been deleted, or may be yet.
            PartyfinderError: they were not.
        """
        parts: list[Bound] = [
            (statements.DELETE_ATTENDEE, (head.party_id, person)) for person in people
        ]
        whole: Bound = (statements.DELETE_HEAD, (head.party_id, head.revision))
        await self._session.apply(parts or [whole], timeout)

    def read_claim(self, key: str) -> asyncio.Future[UUID | None]:
        """The party that an operation's key was first sent for, where that is known."""
        return self._session.read(statements.READ_CLAIM, _party_id_in, (key,))

    def claim_key(self, key: str, party_id: UUID, ttl: int) -> asyncio.Future[None]:
        """Know an operation's key for a party's; the first claim of a key stays."""
        timestamp = _FIRST_STAYS - time.time_ns() // 1000
        claim = (key, party_id, ttl, timestamp)
        return self._session.read(statements.CLAIM_KEY, _nothing_in, claim)

    def read_slice(self, page: Slice) -> asyncio.Future[Sequence[ListedParty]]:
        """One read of a city's year."""
        statement = statements.READ_PAGE_BACKWARDS if page.descending else statements.READ_PAGE
        where = (page.city_key, page.year, *page.after, *page.before, page.limit)
        return self._session.read(statement, _listed_in, where)

    async def write_copy(self, head: PartyHead, timestamp: int) -> None:
        """Write the party's copy where it stands now; `timestamp` in microseconds."""
        await self._session.execute(*_copy(head, timestamp))

    async def load(self, heads: Sequence[tuple[PartyHead, int]]) -> None:
        """Write new parties and their copies, each with the copy's timestamp, as fast as it goes.

        Only for ids that nobody has ever used: whatever stands under one is overwritten, or stays.
        """
        await self._session.load([(statements.LOAD_HEAD, head) for head, _ in heads])
        await self._session.load([_copy(head, timestamp) for head, timestamp in heads])

    async def delete_copy(self, party_id: UUID, place: Place, timestamp: int) -> None:
        """Delete the party's copy at a place, unless a newer one stands there."""
        await self._session.execute(
            statements.DELETE_COPY,
            (timestamp, place.city_key, place.date.year, place.date, party_id),
        )

    async def delete_copies(
        self, city_key: str, year: int, before: datetime, timestamp: int
    ) -> None:
        """Delete, by one tombstone, what a city's year shows before a date, unless it is newer."""
        await self._session.execute(statements.DELETE_COPIES, (timestamp, city_key, year, before))

    async def scan_heads(self, after: int, limit: int) -> list[tuple[int, PartyHead | None]]:
        """The next partitions of `party` after a token: each one's token and its head.

        A partition whose head is gone, with operations still standing, has None.
        """
        rows = await self._session.execute(statements.SCAN_HEADS, (after, limit))
        return [(token, _head(head) if kind == HEAD_KIND else None) for token, kind, *head in rows]

    @staticmethod
    def token_of(party_id: UUID) -> int:
        """Where a party stands in the order of `scan_heads`."""
        return int(Murmur3Token.from_key(party_id.bytes).value)

    async def scan_city_years(self, after: int, limit: int) -> list[tuple[int, str, int]]:
        """The next partitions of `party_by_city` after a token: token, city's key and year."""
        rows = await self._session.execute(statements.SCAN_CITY_YEARS, (after, limit))
        return [(token, city_key, year) for token, city_key, year in rows]

    async def write_city(self, row: CityRow, ttl: int, timestamp: int) -> None:
        """Keep a city findable for `ttl` seconds under each of its prefixes."""
        writes = (
            self._session.execute(
                statements.WRITE_CITY, (prefix, row.city_key, row.city, ttl, timestamp)
            )
            for prefix in _prefixes(row.city_key)
        )
        await asyncio.gather(*writes)

    async def search_cities(self, prefix: str, limit: int) -> list[CityRow]:
        """Cities whose key begins with `prefix` (not empty), in order of their keys."""
        rows = await self._session.execute(
            statements.READ_CITIES, (prefix[:_PREFIX_LENGTH], prefix, prefix + "\U0010ffff", limit)
        )
        return [CityRow._make(row) for row in rows]

    def read_city(self, city_key: str) -> asyncio.Future[CityRow | None]:
        """The city, where it has a party ahead."""
        prefix = city_key[:_PREFIX_LENGTH]
        return self._session.read(statements.READ_CITY, _city_in, (prefix, city_key))

    async def ping(self) -> None:
        """Ask the smallest question that only a working database answers."""
        await self._session.execute(statements.READ_CITY, ("-", "-"), timeout=PING_TIMEOUT)


def _prefixes(city_key: str) -> Iterable[str]:
    return (city_key[:length] for length in range(1, min(len(city_key), _PREFIX_LENGTH) + 1))


def _head_in(rows: Rows) -> PartyHead | None:
    return _head(rows[0]) if rows else None


def _open_head_in(rows: Rows) -> PartyHead | None:
    head = _head_in(rows)
    return None if head is None or head.closed else head


def _listed_in(rows: Rows) -> Sequence[ListedParty]:
    return [ListedParty._make(row) for row in rows]


def _city_in(rows: Rows) -> CityRow | None:
    return CityRow._make(rows[0]) if rows else None


def _nothing_in(_rows: Rows) -> None:
    """A write's answer."""


def _party_id_in(rows: Rows) -> UUID | None:
    return rows[0][0] if rows else None


def _head(row: Sequence[Any]) -> PartyHead:
    head = PartyHead._make(row)
    if not head.old_places:
        return head._replace(old_places=())
    return head._replace(old_places=tuple(Place(*place) for place in head.old_places))


def _standing(rows: Rows, asked: Iterable[tuple[int, str]]) -> Standing:
    head, operations = None, {}
    attendees = {person: False for kind, person in asked if kind == ATTENDEE_KIND}
    for row in rows:
        kind, *fields = row[_HEAD_WIDTH:]
        if kind == HEAD_KIND:
            head = _head(row[:_HEAD_WIDTH])
        elif kind == OPERATION_KIND:
            operation = OperationRow._make(fields)
            operations[operation.key] = operation
        else:
            attendees[fields[0]] = True
    return Standing(head, operations, attendees)


def _and(known: Standing, read: Standing) -> Standing:
    """What two reads came to, one after the other. People may have left once the head has moved."""
    is_same = known.head is not None and known.head.revision == _revision(read.head)
    attendees = known.attendees | read.attendees if is_same else read.attendees
    return Standing(read.head, known.operations | read.operations, attendees)


def _revision(head: PartyHead | None) -> int:
    return 0 if head is None else head.revision


def _refused(rows: list[dict[str, Any]]) -> Decision:
    """What stood in a batch's way; where that is not the head, there is none."""
    head, operations, attendees = None, {}, set()
    for row in rows:
        if "kind" not in row:
            continue
        if row["kind"] == HEAD_KIND:
            head = _head([row[column] for column in statements.HEAD_COLUMNS])
        elif row["kind"] == OPERATION_KIND:
            operation = OperationRow._make(row[name] for name in statements.OPERATION_COLUMNS)
            operations[operation.key] = operation
        else:
            attendees.add(row["key"])
    return Decision(applied=False, head=head, operations=operations, attendees=frozenset(attendees))


def _replacement(before: PartyHead | None, after: PartyHead) -> Bound:
    if before is None:
        return statements.INSERT_HEAD, after
    guard = (before.party_id, before.revision)
    same = before._replace(
        people=after.people, revision=after.revision, old_places=after.old_places
    )
    if same == after:
        places = UNSET_VALUE if before.old_places == after.old_places else after.old_places
        return statements.COUNT_PEOPLE, (after.people, after.revision, places, *guard)
    changed = (
        after.city,
        after.city_key,
        after.name,
        after.date,
        after.time_zone,
        after.place,
        after.description,
        after.people,
        after.capacity,
        after.revision,
        after.closed,
        after.old_places,
    )
    return statements.REPLACE_HEAD, (*changed, *guard)


def _copy(head: PartyHead, timestamp: int) -> Bound:
    place = head.standing_place
    copy = (
        head.party_id,
        head.city,
        head.name,
        head.date,
        head.time_zone,
        head.place,
        head.created_at,
        head.people,
        head.capacity,
        head.revision,
    )
    return statements.WRITE_COPY, (place.city_key, place.date.year, *copy, timestamp)


def _attendance(party_id: UUID, attendance: Attendance) -> Bound:
    if attendance.joins:
        return statements.INSERT_ATTENDEE, (party_id, attendance.person, attendance.revision)
    return statements.DELETE_ATTENDEE, (party_id, attendance.person)


def _operation(party_id: UUID, row: OperationRow, ttl: int) -> Bound:
    return statements.INSERT_OPERATION, (party_id, *row, ttl)
