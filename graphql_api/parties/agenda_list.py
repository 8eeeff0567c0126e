"""The parties that a person hosts or has joined, in pages."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql_api.parties.cursor import Position
from graphql_api.parties.listing import PartyList, Window
from graphql_api.store.rows import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from graphql_api.parties.reading import Reader
    from graphql_api.store.rows import Agenda, Entry, PartyHead

    LoadParty = Callable[[UUID], Awaitable[PartyHead | None]]
    HasJoined = Callable[[tuple[UUID, str]], Awaitable[bool]]


@dataclass(frozen=True)
class AgendaList(PartyList):
    """An agenda's parties, soonest first: its entries name them, their own rows are loaded.

    An entry may be older than what it names. Who has left a party is not shown it.

    Args:
        load: how parties are loaded, for instance a data loader's `load`.
        has_joined: the same for whether a person has joined one.
    """

    agenda: Agenda
    window: Window
    reader: Reader
    load: LoadParty
    has_joined: HasJoined
    latest_first: bool = False

    @property
    def key(self) -> str:
        """The agenda's; no city's key has a line break."""
        return "\n".join(self.agenda)

    async def read(self, limit: int, start: Position | None, *, backwards: bool) -> list[PartyHead]:
        """Read entries until enough of them lead to a party that stands where they say."""
        descending = self.latest_first != backwards
        lower, upper = self.bounds(start, descending=descending)
        found: list[PartyHead] = []
        while wanted := limit - len(found):
            entries = await self.reader.entries(
                self.agenda, lower, upper, wanted, descending=descending
            )
            heads = await asyncio.gather(*map(self._party, entries))
            found += [head for head in heads if head is not None]
            if len(entries) < wanted:
                break
            last = Position(entries[-1].date, entries[-1].party_id)
            lower, upper = (lower, last) if descending else (last, upper)
        return found

    async def _party(self, entry: Entry) -> PartyHead | None:
        """The party of an entry; None where the entry does not hold any more."""
        head = await self.load(entry.party_id)
        if head is None or head.date != entry.date:
            return None
        person, role = self.agenda
        if role is Role.HOST:
            return head if head.host == person else None
        return head if await self.has_joined((entry.party_id, person)) else None
