"""Relay's PageInfo, for every connection."""

from __future__ import annotations

import strawberry

from graphql_api.parties.attendee_list import AttendeePage
from graphql_api.parties.listing import Page


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Looks beyond the page only where it is asked to."""

    page: strawberry.Private[Page | AttendeePage]

    @strawberry.field(description="Whether more follows this page.")
    async def has_next_page(self) -> bool:
        return await self.page.has_next()

    @strawberry.field(description="Whether something precedes this page.")
    async def has_previous_page(self) -> bool:
        return await self.page.has_previous()

    @strawberry.field(description="The cursor of the page's first item; null on an empty page.")
    def start_cursor(self) -> str | None:
        return self.page.cursor(0)

    @strawberry.field(description="The cursor of the page's last item; null on an empty page.")
    def end_cursor(self) -> str | None:
        return self.page.cursor(-1)
