"""The subscriptions. What they hand out is read by `parties/changes.py`, once for everybody."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from graphql_api.schema import ids
from graphql_api.schema.city import City, find_city
from graphql_api.schema.context import Info
from graphql_api.schema.party import Party, as_party


@strawberry.type(
    description="What can be followed, over WebSocket (graphql-transport-ws) or Server-Sent "
    "Events. Who is too slow for every state gets the newest."
)
class Subscription:
    """One watch per party or city and process, however many subscribers."""

    @strawberry.subscription(
        description="The party now, then each newer revision; null once it is deleted, which is "
        "the end. Where there is no such party, null and the end at once."
    )
    async def party_changed(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> AsyncGenerator[Party | None, None]:
        party_id = ids.decode_party(id)
        if party_id is None:
            yield None
            return
        async with aclosing(info.context.changes.party(party_id)) as events:
            async for event in events:
                info.context.attend(event)
                head = event.state.head
                yield None if head is None else as_party(head)

    @strawberry.subscription(
        description="The city now, then again whenever its first 100 upcoming parties change."
    )
    async def city_changed(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="The city's name.")],
    ) -> AsyncGenerator[City | None, None]:
        city = find_city("name", name)
        async with aclosing(info.context.changes.city(city.key)) as events:
            async for event in events:
                info.context.attend(event)
                yield City(key=city.key, asked_as=city.asked_as, snapshot=event.state)
