"""Data loaders of one request: each key is read once, and keys asked for together, together."""

from __future__ import annotations

import asyncio
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from strawberry.dataloader import AbstractCache, DataLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from graphql_api.parties.reading import Reader
    from graphql_api.store.rows import CityRow, ListedParty, PartyHead, Slice

Key = TypeVar("Key")
Value = TypeVar("Value")


class TurnLoader(DataLoader[Key, Value]):
    """Strawberry's DataLoader over reads that are batched below it.

    The store sends the reads of one turn of the event loop together, across requests too. So a key
    is asked for at once: to gather keys here first would only cost a task per batch and key.

    Args:
        read: starts to read a key.
    """

    def __init__(self, read: Callable[[Key], asyncio.Future[Value]]) -> None:
        # Not a method of its own: that would be a cycle per request, for the collector to find.
        super().__init__(partial(_read_all, read), cache_map=_Loaded())
        self._read = read

    def load(self, key: Key) -> asyncio.Future[Value]:
        """The value of a key, read if this is the first to ask for it."""
        loading = self.cache_map.get(key)
        if loading is None or loading.cancelled():
            loading = self._read(key)
            self.cache_map.set(key, loading)
        return loading


class _Loaded(dict[Any, Any], AbstractCache[Any, Any]):
    """What a loader has read, or is reading."""

    def set(self, key: Any, value: Any) -> None:
        """Keep a key's value."""
        self[key] = value

    def delete(self, key: Any) -> None:
        """Forget a key's value."""
        del self[key]


async def _read_all(
    read: Callable[[Key], asyncio.Future[Value]], keys: Sequence[Key]
) -> list[Value | BaseException]:
    return await asyncio.gather(*map(read, keys), return_exceptions=True)


class Loaders:
    """The loaders, each made when it is first asked for."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @cached_property
    def parties(self) -> DataLoader[UUID, PartyHead | None]:
        """Parties by their keys."""
        return TurnLoader(self._reader.party)

    @cached_property
    def attendance(self) -> DataLoader[tuple[UUID, str], bool]:
        """Whether people have joined parties."""
        return TurnLoader(self._reader.attendance)

    @cached_property
    def slices(self) -> DataLoader[Slice, Sequence[ListedParty]]:
        """Parts of cities' years."""
        return TurnLoader(self._reader.slice)

    @cached_property
    def cities(self) -> DataLoader[str, CityRow | None]:
        """Cities by their keys."""
        return TurnLoader(self._reader.city)
