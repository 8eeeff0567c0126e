"""Lists of parties in pages. A page of a city's is one slice of one partition, or of two years'."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from graphql_api.errors import BadUserInputError
from graphql_api.parties import cursor
from graphql_api.parties.cursor import Position
from graphql_api.parties.limits import furthest_date
from graphql_api.store.rows import ListedParty, PartyHead, Slice

PartyRow = PartyHead | ListedParty

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    ReadSlice = Callable[[Slice], Awaitable[Sequence[ListedParty]]]

STILL_UPCOMING = timedelta(hours=3)  # a party that has just begun is still found
PAGE_SIZE = 20
LARGEST_PAGE = 100
MOST_YEARS = 5

_TICK = timedelta(milliseconds=1)
# Below and above every party id: Cassandra orders uuids by version first, and ours are version 5.
_FIRST_ID = UUID(int=0)
_LAST_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True)
class Window:
    """Which of a city's parties are listed: from `start` (inclusive) until `end` (exclusive)."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, start: datetime | None, end: datetime | None, now: datetime) -> Window:
        """A window with the defaults: from three hours ago, until past the furthest party.

        Raises:
            BadUserInputError: it is empty or spans more than five calendar years.
        """
        begins = now - STILL_UPCOMING if start is None else start
        ends = max(furthest_date(now), begins) + timedelta(days=1) if end is None else end
        if ends <= begins:
            raise BadUserInputError(
                "until must be later than from, which is three hours ago unless given."
            )
        if (ends - _TICK).year - begins.year >= MOST_YEARS:
            raise BadUserInputError(
                f"from and until may span {MOST_YEARS} calendar years at most; give both, "
                "closer together."
            )
        return cls(begins, ends)


@dataclass(frozen=True)
class Paging:
    """How many parties, counted from where. One of `first` and `last`, with its own cursor."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            BadUserInputError: names the argument.
        """
        if self.first is not None and self.last is not None:
            raise BadUserInputError("give first or last, not both.")
        if self.before is not None and (self.first is not None or self.after is not None):
            raise BadUserInputError("before goes with last, not with first or after.")
        if self.after is not None and self.last is not None:
            raise BadUserInputError("after goes with first, not with last.")
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 1 <= size <= LARGEST_PAGE:
                raise BadUserInputError(f"{name} must be from 1 to {LARGEST_PAGE}.")

    @property
    def size(self) -> int:
        """The number of parties on a full page."""
        return self.first or self.last or PAGE_SIZE

    @property
    def is_backwards(self) -> bool:
        """Whether the page is the last before a cursor rather than the first after one."""
        return self.last is not None or self.before is not None


class PartyList(ABC):
    """Parties within a window of time, in order of their dates: soonest or latest first."""

    window: Window
    latest_first: bool

    @property
    @abstractmethod
    def key(self) -> str:
        """What tells this list's cursors from those of others."""

    @abstractmethod
    async def read(
        self, limit: int, start: Position | None, *, backwards: bool
    ) -> Sequence[PartyRow]:
        """Read along the list, or against it, from a position (exclusive) or the window's edge."""

    async def page(self, paging: Paging) -> Page:
        """Read one page.

        Raises:
            BadUserInputError: a cursor is damaged or foreign.
            PartyfinderError: the database does not answer.
        """
        start = self._start(paging)
        found = list(await self.read(paging.size, start, backwards=paging.is_backwards))
        has_more = False if len(found) < paging.size else None
        if paging.is_backwards:
            found.reverse()
        return Page(found, self, start, is_backwards=paging.is_backwards, has_more=has_more)

    def cursor(self, party: PartyRow) -> str:
        """Where a party stands in this list."""
        return cursor.encode(_position(party), self.key)

    def bounds(self, start: Position | None, *, descending: bool) -> tuple[Position, Position]:
        """Between which positions (exclusive) lies what is read from a position."""
        lower = Position(self.window.start - _TICK, _LAST_ID)
        upper = Position(self.window.end, _FIRST_ID)
        if start is None:
            return lower, upper
        if descending:
            return lower, min(upper, start, key=_order)
        return max(lower, start, key=_order), upper

    def _start(self, paging: Paging) -> Position | None:
        if paging.after is not None:
            return cursor.decode("after", paging.after, self.key)
        if paging.before is not None:
            return cursor.decode("before", paging.before, self.key)
        return None


@dataclass(frozen=True)
class CityList(PartyList):
    """A city's parties. A page costs one partition read, and one more for each turn of the year.

    Args:
        read_slice: how slices are read, for instance a data loader's `load`.
    """

    city_key: str
    window: Window
    read_slice: ReadSlice
    latest_first: bool = False

    @property
    def key(self) -> str:
        """The city's."""
        return self.city_key

    async def read(
        self, limit: int, start: Position | None, *, backwards: bool
    ) -> list[ListedParty]:
        """Read the slices of the years that it takes."""
        descending = self.latest_first != backwards
        lower, upper = self.bounds(start, descending=descending)
        found: list[ListedParty] = []
        for year in _years(lower, upper, descending=descending):
            page = Slice(self.city_key, year, lower, upper, limit - len(found), descending)
            found += await self.read_slice(page)
            if len(found) >= limit:
                break
        return found


@dataclass(frozen=True)
class Page:
    """A page as it was read. Whether more lies around it is looked up only when asked.

    Args:
        start: the position that it was read from; None for the window's edge.
        has_more: what lies beyond its far end; None where it is full and nobody has looked.
    """

    parties: list[PartyRow]
    within: PartyList
    start: Position | None
    is_backwards: bool
    has_more: bool | None

    def cursor(self, index: int) -> str | None:
        """The cursor of the first (0) or last (-1) party; None on an empty page."""
        return self.within.cursor(self.parties[index]) if self.parties else None

    async def has_next(self) -> bool:
        """Whether parties follow the page."""
        return await self._is_followed(backwards=False)

    async def has_previous(self) -> bool:
        """Whether parties precede the page."""
        return await self._is_followed(backwards=True)

    async def _is_followed(self, *, backwards: bool) -> bool:
        if backwards == self.is_backwards and self.has_more is not None:
            return self.has_more
        if backwards != self.is_backwards and self.start is None:
            return False  # the page begins at the edge of the window
        # Nothing lies beyond an empty page, so all that the window holds lies before it: also the
        # party that the page was read from.
        edge = _position(self.parties[0 if backwards else -1]) if self.parties else None
        return bool(await self.within.read(1, edge, backwards=backwards))


def _years(lower: Position, upper: Position, *, descending: bool) -> range:
    """The years that an exclusive range touches; the bounds of a window touch their neighbours."""
    first = (lower.date + _TICK if lower.party_id == _LAST_ID else lower.date).year
    last = (upper.date - _TICK if upper.party_id == _FIRST_ID else upper.date).year
    return range(last, first - 1, -1) if descending else range(first, last + 1)


def _position(party: PartyRow) -> Position:
    return Position(party.date, party.party_id)


def _order(position: Position) -> tuple[datetime, int]:
    return position.date, position.party_id.int
