"""Whoever asks: the parties that they host and have joined."""

from __future__ import annotations

import strawberry

from graphql_api import clock
from graphql_api.parties.agenda_list import AgendaList
from graphql_api.parties.listing import Window
from graphql_api.schema.arguments import given
from graphql_api.schema.connection import (
    After,
    Before,
    First,
    From,
    Last,
    PartyConnection,
    Until,
    paging,
)
from graphql_api.schema.context import Info
from graphql_api.schema.person import Person
from graphql_api.store.rows import Agenda, Role


@strawberry.type(description="Whoever asks, where that is a person who is signed in.")
class Viewer:
    """Reads the person's agendas."""

    person: Person = strawberry.field(description="Who it is.")

    @strawberry.field(
        description="The parties that the viewer has joined, soonest first; the upcoming ones "
        "unless from says otherwise."
    )
    async def joined(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        from_: From = strawberry.UNSET,
        until: Until = strawberry.UNSET,
    ) -> PartyConnection | None:
        window = Window.of(given(from_), given(until), clock.now())
        parties = self._parties(info, Role.ATTENDEE, window)
        return PartyConnection(page=await parties.page(paging(first, after, last, before)))

    @strawberry.field(
        description="The parties that the viewer hosts, soonest first; the upcoming ones unless "
        "from says otherwise."
    )
    async def hosting(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        from_: From = strawberry.UNSET,
        until: Until = strawberry.UNSET,
    ) -> PartyConnection | None:
        window = Window.of(given(from_), given(until), clock.now())
        parties = self._parties(info, Role.HOST, window)
        return PartyConnection(page=await parties.page(paging(first, after, last, before)))

    def _parties(self, info: Info, role: Role, window: Window) -> AgendaList:
        agenda = Agenda(self.person.id, role)
        loaders = info.context.loaders
        return AgendaList(
            agenda, window, info.context.reader, loaders.parties.load, loaders.attendance.load
        )
