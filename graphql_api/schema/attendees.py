"""A party's attendees as a Relay connection, for its host."""

from __future__ import annotations

from datetime import datetime

import strawberry

from graphql_api.parties.attendee_list import AttendeePage
from graphql_api.schema.page_info import PageInfo
from graphql_api.schema.person import Person
from graphql_api.store.rows import Attendee


@strawberry.type(description="Somebody who has joined a party, and where they stand in the list.")
class AttendeeEdge:
    """One item of a connection."""

    cursor: str = strawberry.field(description="Opaque; give it as `after` in the same list.")
    node: Person = strawberry.field(description="The person.")
    joined_at: datetime = strawberry.field(description="When they joined.")


@strawberry.type(description="A page of a party's attendees, in order of their ids.")
class AttendeeConnection:
    """Wraps a page that was read."""

    page: strawberry.Private[AttendeePage]

    @strawberry.field(description="The page's people with their cursors.")
    def edges(self) -> list[AttendeeEdge]:
        return [
            AttendeeEdge(
                cursor=self.page.cursor_of(each), node=_person(each), joined_at=each.joined_at
            )
            for each in self.page.attendees
        ]

    @strawberry.field(description="The page's people.")
    def nodes(self) -> list[Person]:
        return [_person(each) for each in self.page.attendees]

    @strawberry.field(description="Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return PageInfo(page=self.page)


def _person(attendee: Attendee) -> Person:
    return Person(id=strawberry.ID(attendee.person))
