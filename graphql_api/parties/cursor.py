"""Opaque cursors: a position in one list, which stays right while its items come and go."""

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

_SEAL = 6  # bytes
_FORMAT = struct.Struct(">q16s6s")


class Position(NamedTuple):
    """A place in the order of a list of parties: the clustering columns."""

    date: datetime
    party_id: UUID


def encode(position: Position, key: str) -> str:
    """The cursor of a position in the list of a key."""
    date = clock.milliseconds(position.date)
    party_id = position.party_id.bytes
    packed = _FORMAT.pack(date, party_id, _seal(date, party_id, key))
    return base64.urlsafe_b64encode(packed).decode()


def decode(argument: str, cursor: str, key: str) -> Position:
    """The position of a cursor.

    Raises:
        BadUserInputError: it is damaged, or not a cursor of this list; names `argument`.
    """
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        date, party_id, seal = _FORMAT.unpack(packed)
        position = Position(clock.EPOCH + timedelta(milliseconds=date), UUID(bytes=party_id))
    except (ValueError, OverflowError, binascii.Error, struct.error):
        raise _unusable(argument) from None
    if seal != _seal(date, party_id, key) or encode(position, key) != cursor:
        raise _unusable(argument)
    if not MINYEAR < position.date.year < MAXYEAR:  # forged, and nothing lies beyond it
        raise _unusable(argument)
    return position


def encode_person(person: str, party_id: UUID) -> str:
    """The cursor of a person among a party's attendees."""
    name = person.encode()
    return base64.urlsafe_b64encode(_person_seal(name, party_id) + name).decode()


def decode_person(argument: str, cursor: str, party_id: UUID) -> str:
    """The person of a cursor.

    Raises:
        BadUserInputError: it is damaged, or not a cursor of this list; names `argument`.
    """
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        seal, name = packed[:_SEAL], packed[_SEAL:]
        person = name.decode()
    except (ValueError, binascii.Error):
        raise _unusable(argument) from None
    if seal != _person_seal(name, party_id) or not person:
        raise _unusable(argument)
    return person


def _person_seal(name: bytes, party_id: UUID) -> bytes:
    return hashlib.blake2b(party_id.bytes + name, digest_size=_SEAL).digest()


def _unusable(argument: str) -> BadUserInputError:
    return BadUserInputError(
        f"{argument} is not a cursor of this list: take it from pageInfo or an edge of "
        "the same list, unchanged."
    )


def _seal(date: int, party_id: bytes, key: str) -> bytes:
    content = f"{date}:{party_id.hex()}:{key}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=_SEAL).digest()
