"""Who has joined a party, in pages, in order of their names at the identity provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql_api.errors import BadUserInputError
from graphql_api.parties import cursor
from graphql_api.parties.listing import LARGEST_PAGE, PAGE_SIZE

if TYPE_CHECKING:
    from uuid import UUID

    from graphql_api.parties.reading import Reader
    from graphql_api.store.rows import Attendee


@dataclass(frozen=True)
class AttendeePage:
    """A page of a party's attendees.

    Args:
        is_first: it was read from the list's beginning.
        is_last: nobody follows.
    """

    party_id: UUID
    attendees: list[Attendee]
    is_first: bool
    is_last: bool

    def cursor(self, index: int) -> str | None:
        """The cursor of the first (0) or last (-1) attendee; None on an empty page."""
        return self.cursor_of(self.attendees[index]) if self.attendees else None

    def cursor_of(self, attendee: Attendee) -> str:
        """Where an attendee stands in the list."""
        return cursor.encode_person(attendee.person, self.party_id)

    async def has_next(self) -> bool:
        """Whether attendees follow the page."""
        return not self.is_last

    async def has_previous(self) -> bool:
        """Whether the page was read from a cursor, and so from behind somebody."""
        return not self.is_first


async def attendee_page(
    reader: Reader, party_id: UUID, first: int | None, after: str | None
) -> AttendeePage:
    """Read a page: one read of one partition.

    Raises:
        BadUserInputError: the size is out of bounds, or the cursor damaged or foreign.
        PartyfinderError: the database does not answer.
    """
    size = PAGE_SIZE if first is None else first
    if not 1 <= size <= LARGEST_PAGE:
        raise BadUserInputError(f"first must be from 1 to {LARGEST_PAGE}.")
    start = "" if after is None else cursor.decode_person("after", after, party_id)
    found = await reader.attendees(party_id, start, size + 1)
    return AttendeePage(party_id, found[:size], is_first=not start, is_last=len(found) <= size)
