"""What a lane knows of its party without reading it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphql_api.store.rows import Attendance, PartyHead

MOST_PEOPLE = 10_000


class Known:
    """The head as it was read or written last, and of some people whether they have joined.

    People join and leave only as the head moves on, so what is known of them holds for that head.

    Attributes:
        head: None where there is no party.
        is_read: whether anything is known at all.
        joined: by person, as of the head.
    """

    def __init__(self) -> None:
        self.head: PartyHead | None = None
        self.is_read = False
        self.joined: dict[str, bool] = {}

    @property
    def revision(self) -> int:
        """The head's; 0 where there is none."""
        return revision_of(self.head)

    def learn(self, head: PartyHead | None, joined: Mapping[str, bool] | None = None) -> None:
        """Know a head that was read, and people as of it."""
        if not self.is_read or revision_of(head) != self.revision:
            self.joined.clear()
        self.joined.update(joined or {})
        self.head, self.is_read = head, True

    def advance(self, after: PartyHead, attendances: Iterable[Attendance]) -> None:
        """Know the head that was put in the place of the known one, and what else that did."""
        if len(self.joined) > MOST_PEOPLE:
            self.joined.clear()
        self.joined.update((each.person, each.joins) for each in attendances)
        self.head = after


def revision_of(head: PartyHead | None) -> int:
    """A head's revision; 0 where there is none."""
    return 0 if head is None else head.revision
