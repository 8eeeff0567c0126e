"""Bounded caches: what is asked for again stays, what is not goes; one maker per key at a time."""

from __future__ import annotations

from threading import Lock, RLock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Value = TypeVar("Value")


class _Entry(Generic[Value]):
    __slots__ = ("used", "value")

    def __init__(self, value: Value) -> None:
        self.value = value
        self.used = False


class BoundedCache(Generic[Value]):
    """A cache with second chance: reading it takes no lock and moves nothing.

    Eviction follows the CLOCK algorithm (F. J. Corbató, "A paging experiment with the Multics
    system", 1968), the dictionary's insertion order being the hand's way.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: dict[Hashable, _Entry[Value]] = {}
        self._lock = Lock()
        self._makers: dict[Hashable, RLock] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> Value | None:
        """Return the value, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.used = True
        return entry.value

    def put(self, key: Hashable, value: Value) -> None:
        """Add a value, evicting one that has not been read since it was last spared."""
        with self._lock:
            while len(self._entries) >= self._size and key not in self._entries:
                oldest = next(iter(self._entries))
                entry = self._entries.pop(oldest)
                if entry.used:
                    entry.used = False
                    self._entries[oldest] = entry
            self._entries[key] = _Entry(value)

    def make_room(self, count: int) -> None:
        """Hold so many more values from now on."""
        with self._lock:
            self._size += count

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def get_or_make(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value; threads that miss together wait for one of them to make it."""
        value = self.get(key)
        if value is not None:
            return value
        with self._lock:
            maker = self._makers.setdefault(key, RLock())
        try:
            with maker:
                value = self.get(key)
                if value is None:
                    value = make()
                    self.put(key, value)
                return value
        finally:
            with self._lock:
                self._makers.pop(key, None)
