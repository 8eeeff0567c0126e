"""Reads in batches: each key is one read of one partition, all of them in flight together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from uuid import UUID

    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import CityRow, ListedParty, PartyHead, Slice

Key = TypeVar("Key")
Value = TypeVar("Value")


class Reader:
    """What queries read. Each method answers in the order of its keys.

    A key whose read fails has its exception in the place of its value, so that one failure does not
    take its neighbours with it.
    """

    def __init__(self, store: PartyStore) -> None:
        self._store = store

    async def parties(self, ids: Sequence[UUID]) -> list[PartyHead | BaseException | None]:
        """Parties by id; None for one that does not exist, or no longer."""
        return await _together(self._open_head, ids)

    async def slices(self, slices: Sequence[Slice]) -> list[list[ListedParty] | BaseException]:
        """Slices of cities' years."""
        return await _together(self._store.read_slice, slices)

    async def cities(self, keys: Sequence[str]) -> list[CityRow | BaseException | None]:
        """Cities by key; None for one without a party ahead."""
        return await _together(self._store.read_city, keys)

    async def search_cities(self, prefix: str, limit: int) -> list[CityRow]:
        """Cities with a party ahead whose key begins with `prefix`, which is not empty."""
        return await self._store.search_cities(prefix, limit)

    async def _open_head(self, party_id: UUID) -> PartyHead | None:
        head = await self._store.read_head(party_id)
        return None if head is None or head.closed else head


async def _together(
    read: Callable[[Key], Awaitable[Value]], keys: Sequence[Key]
) -> list[Value | BaseException]:
    return await asyncio.gather(*map(read, keys), return_exceptions=True)
