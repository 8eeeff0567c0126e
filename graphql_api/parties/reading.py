"""What queries read: each key is one read of one partition.

Reads that are asked for in one turn of the event loop leave together (`store/reads.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Sequence
    from uuid import UUID

    from graphql_api.parties.cursor import Position
    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import (
        Agenda,
        Attendee,
        CityRow,
        Entry,
        ListedParty,
        PartyHead,
        Slice,
    )


class Reader:
    """Reads for those who look, not for those who change.

    A future's exception is a PartyfinderError: the database does not answer.
    """

    def __init__(self, store: PartyStore) -> None:
        self._store = store

    def party(self, party_id: UUID) -> Future[PartyHead | None]:
        """A party; None where there is none, or no longer."""
        return self._store.read_open_head(party_id)

    def attendance(self, asked: tuple[UUID, str]) -> Future[bool]:
        """Whether a person has joined a party: its id, and the person."""
        return self._store.people.has_joined(*asked)

    def slice(self, wanted: Slice) -> Future[Sequence[ListedParty]]:
        """A part of a city's year."""
        return self._store.read_slice(wanted)

    def city(self, key: str) -> Future[CityRow | None]:
        """A city by its key; None where it has no party ahead."""
        return self._store.read_city(key)

    def attendees(self, party_id: UUID, after: str, limit: int) -> Future[list[Attendee]]:
        """The people who have joined a party, in order of their names, after one of them."""
        return self._store.people.read_attendees(party_id, after, limit)

    def entries(
        self, agenda: Agenda, after: Position, before: Position, limit: int, *, descending: bool
    ) -> Future[list[Entry]]:
        """A part of an agenda, between exclusive bounds."""
        return self._store.people.read_entries(agenda, after, before, limit, descending=descending)

    async def search_cities(self, prefix: str, limit: int) -> list[CityRow]:
        """Cities with a party ahead whose key begins with `prefix`, which is not empty."""
        return await self._store.search_cities(prefix, limit)
