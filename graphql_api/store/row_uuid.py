"""UUIDs of rows, made of their bytes at a sixth of the cost.

`uuid.UUID` turns the 16 bytes into a number when it is made. Most ids of a page are only written
out again, as text made of the bytes; so here the number is made when it is asked for.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, SafeUUID

from cassandra.cqltypes import UUIDType


class RowUUID(UUID):
    """A UUID like any other: equal, ordered and hashed by its number."""

    __slots__ = ("bytes",)  # a property there
    is_safe = SafeUUID.unknown  # type: ignore[misc]  # an attribute there

    @property  # type: ignore[misc]  # so is this
    def int(self) -> Any:
        """Its number."""
        return _number(self.bytes, "big")

    def __reduce__(self) -> Any:
        return row_uuid, (self.bytes,)


_number = int.from_bytes
_new = object.__new__
_set_bytes = RowUUID.bytes.__set__  # type: ignore[attr-defined, misc]  # UUIDs take no assignments


def row_uuid(raw: bytes) -> RowUUID:
    """The UUID of 16 bytes."""
    made = _new(RowUUID)
    _set_bytes(made, raw)
    return made


class _Key(UUIDType):  # type: ignore[misc]  # the driver has no types
    """Of a row's column: the underscore keeps it out of the driver's registry of types."""

    @staticmethod
    def deserialize(raw: bytes, _version: int) -> RowUUID:
        """The value of a column."""
        return row_uuid(raw)


def column_type(driver_type: Any) -> Any:
    """The type to read a column by, in the place of the driver's."""
    return _Key if driver_type is UUIDType else driver_type
