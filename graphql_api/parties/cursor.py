"""Opaque cursors: a position in one city's list, which stays right while parties come and go."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from datetime import MAXYEAR, MINYEAR, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from graphql_api import clock
from graphql_api.errors import BadUserInputError

if TYPE_CHECKING:
    from datetime import datetime

_FORMAT = struct.Struct(">q16s6s")


class Position(NamedTuple):
    """A place in the order of a city's list: the clustering columns."""

    date: datetime
    party_id: UUID


def encode(position: Position, city_key: str) -> str:
    """The cursor of a position in a city's list."""
    date = clock.milliseconds(position.date)
    party_id = position.party_id.bytes
    packed = _FORMAT.pack(date, party_id, _seal(date, party_id, city_key))
    return base64.urlsafe_b64encode(packed).decode()


def decode(argument: str, cursor: str, city_key: str) -> Position:
    """The position of a cursor.

    Raises:
        BadUserInputError: it is damaged, or not a cursor of this city's list; names `argument`.
    """
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        date, party_id, seal = _FORMAT.unpack(packed)
        position = Position(clock.EPOCH + timedelta(milliseconds=date), UUID(bytes=party_id))
    except (ValueError, OverflowError, binascii.Error, struct.error):
        raise _unusable(argument) from None
    if seal != _seal(date, party_id, city_key) or encode(position, city_key) != cursor:
        raise _unusable(argument)
    if not MINYEAR < position.date.year < MAXYEAR:  # forged, and nothing lies beyond it
        raise _unusable(argument)
    return position


def _unusable(argument: str) -> BadUserInputError:
    return BadUserInputError(
        f"{argument} is not a cursor of this city's parties: take it from pageInfo or an edge of "
        "the same list, unchanged."
    )


def _seal(date: int, party_id: bytes, city_key: str) -> bytes:
    content = f"{date}:{party_id.hex()}:{city_key}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=6).digest()
