"""The first upcoming parties of a city at one moment: what its followers are told, and read from.

Pure but for the one read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from graphql_api.parties.listing import LARGEST_PAGE, CityList, Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from graphql_api.store.rows import ListedParty, Slice

    ReadSlice = Callable[[Slice], Awaitable[Sequence[ListedParty]]]

SIZE = LARGEST_PAGE


class Snapshot(NamedTuple):
    """The first parties of a window, soonest first.

    Args:
        is_whole: no parties follow them in the window.
    """

    parties: tuple[ListedParty, ...]
    window: Window
    is_whole: bool


async def read_snapshot(city_key: str, read_slice: ReadSlice, now: datetime) -> Snapshot:
    """Read the parties that are upcoming now.

    Raises:
        PartyfinderError: the database does not answer.
    """
    window = Window.of(None, None, now)
    found = await CityList(city_key, window, read_slice).read(SIZE, None, backwards=False)
    return Snapshot(tuple(found), window, is_whole=len(found) < SIZE)


def newer(before: Snapshot, seen: Snapshot) -> Snapshot | None:
    """What was seen, where it is news; of each party the newest revision that was ever seen.

    A copy may be read from a node that missed the last write, and a party that moved may stand at
    both places for a moment.
    """
    newest: dict[UUID, ListedParty] = {}
    for party in (*before.parties, *seen.parties):
        known = newest.get(party.party_id)
        if known is None or known.revision < party.revision:
            newest[party.party_id] = party
    present = {party.party_id for party in seen.parties}
    parties = sorted((newest[each] for each in present), key=_order)
    if tuple(parties) == before.parties:
        return None
    return seen._replace(parties=tuple(parties))


@dataclass(frozen=True)
class SnapshotSlices:
    """Answers reads of slices out of a snapshot, as far as it reaches.

    Args:
        read_slice: reads what it does not hold.
    """

    snapshot: Snapshot
    read_slice: ReadSlice

    async def read(self, page: Slice) -> Sequence[ListedParty]:
        """One slice of the snapshot's window, in the order that it asks for."""
        found = [party for party in self.snapshot.parties if _is_within(party, page)]
        if page.descending:
            found.reverse()
        # Soonest first, what is held is a list's beginning: enough of it is an answer in any case.
        has_enough = len(found) >= page.limit and not page.descending
        if has_enough or self._covers(page):
            return found[: page.limit]
        return await self.read_slice(page)

    def _covers(self, page: Slice) -> bool:
        if self.snapshot.is_whole:
            return True
        last = self.snapshot.parties[-1]
        return page.year < last.date.year or _key(*page.before) <= _order(last)


def _is_within(party: ListedParty, page: Slice) -> bool:
    in_year = party.date.year == page.year
    return in_year and _key(*page.after) < _order(party) < _key(*page.before)


def _order(party: ListedParty) -> tuple[datetime, int]:
    return _key(party.date, party.party_id)


def _key(date: datetime, party_id: UUID) -> tuple[datetime, int]:
    return date, party_id.int
