"""Live changes: what is followed is watched in Cassandra, by one look per interval and process.

A change made through any process reaches the followers in every other, because Cassandra does.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql_api import clock
from graphql_api.deadlines import of_nobody
from graphql_api.parties.snapshot import Snapshot, newer, read_snapshot
from graphql_api.parties.watch import Pace, Watch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from graphql_api.parties.watch import Event, Look
    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import PartyHead


class Changes:
    """Hands out the states of parties and cities as they change."""

    def __init__(self, store: PartyStore, pace: Pace) -> None:
        self._store = store
        self._pace = pace
        self._watches: dict[UUID | str, tuple[Watch[Any], asyncio.Task[None]]] = {}

    @property
    def watched(self) -> int:
        """How many parties and cities are watched."""
        return len(self._watches)

    @property
    def followers(self) -> int:
        """How many follow them."""
        return sum(watch.followers for watch, _ in self._watches.values())

    def party(self, party_id: UUID) -> AsyncGenerator[Event[PartyState], None]:
        """The party now, then each newer revision of it; ends once it is deleted.

        Raises:
            PartyfinderError: while following begins: the database does not answer.
        """
        return self._follow(party_id, PartyLook(self._store, party_id))

    def city(self, city_key: str) -> AsyncGenerator[Event[Snapshot], None]:
        """The first upcoming parties of a city now, then again whenever they change.

        Raises:
            PartyfinderError: while following begins: the database does not answer.
        """
        return self._follow(city_key, CityLook(self._store, city_key))

    def hint(self, party: PartyHead) -> None:
        """A party was changed, here or, by way of a broker, elsewhere: its followers hear sooner.

        Nothing depends on hints: what is lost or late of them is found by the next look.
        """
        keys: set[UUID | str] = {party.party_id, party.city_key}
        keys.update(place.city_key for place in party.old_places)
        for key in keys:
            if key in self._watches:
                self._watches[key][0].hint()

    async def close(self) -> None:
        """Look no more."""
        tasks = [task for _, task in self._watches.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, key: UUID | str, look: Look[Any]) -> AsyncGenerator[Event[Any], None]:
        if key not in self._watches:
            opened = Watch(look, self._pace)
            self._watches[key] = opened, asyncio.create_task(opened.run(), context=of_nobody())
        watch, task = self._watches[key]
        watch.followers += 1
        try:
            async with aclosing(watch.follow()) as events:
                async for event in events:
                    yield event
        finally:
            watch.followers -= 1
            if not watch.followers:
                del self._watches[key]
                task.cancel()


class PartyState(NamedTuple):
    """A party as it was seen; None where there is none, or no longer."""

    head: PartyHead | None


class PartyLook:
    """Reads a party's head. Revisions only rise, and a closed head is never opened again."""

    def __init__(self, store: PartyStore, party_id: UUID) -> None:
        self._store = store
        self._party_id = party_id

    async def read(self, before: PartyState | None) -> PartyState | None:
        """The party, where it is newer than before."""
        head = await self._store.read_head(self._party_id)
        known = 0 if before is None or before.head is None else before.head.revision
        if known and (head is None or head.revision <= known):
            return None
        return PartyState(None if head is None or head.closed else head)

    def is_last(self, state: PartyState) -> bool:
        """Whether the party is gone for good."""
        return state.head is None


class CityLook:
    """Reads the top of a city's list."""

    def __init__(self, store: PartyStore, city_key: str) -> None:
        self._store = store
        self._city_key = city_key

    async def read(self, before: Snapshot | None) -> Snapshot | None:
        """The city's parties, where they differ from before."""
        seen = await read_snapshot(self._city_key, self._store.read_slice, clock.now())
        return seen if before is None else newer(before, seen)

    def is_last(self, _state: Snapshot) -> bool:
        """Never: a city is for ever."""
        return False
