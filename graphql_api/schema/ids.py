"""Opaque global ids: base64url of one letter for the type and the key in the database."""

from __future__ import annotations

import binascii
from uuid import UUID

import strawberry

_PARTY, _CITY = b"P", b"C"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def party_id(key: UUID) -> strawberry.ID:
    """The id of a party."""
    # Every party of every page has one: what `_encode` does, for the length that this has.
    text = binascii.b2a_base64(_PARTY + key.bytes, newline=False)
    return text[:-1].translate(_URL_SAFE).decode()  # type: ignore[return-value]  # an ID is a str


def city_id(key: str) -> strawberry.ID:
    """The id of a city."""
    return _encode(_CITY + key.encode())


def decode(text: str) -> UUID | str | None:
    """The key that an id stands for: a party's UUID or a city's key; None where it is not ours."""
    try:
        raw = binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + "==")
        key = UUID(bytes=raw[1:]) if raw[:1] == _PARTY else raw[1:].decode()
    except ValueError:
        return None
    # Two spellings of one id would be two objects to a client's cache: only ours is taken. That
    # also finds the characters which the decoder passes over.
    return key if raw[:1] in (_PARTY, _CITY) and _encode(raw) == text else None


def decode_party(text: str) -> UUID | None:
    """The key of a party; None where it is not the id of one."""
    key = decode(text)
    return key if isinstance(key, UUID) else None


def _encode(raw: bytes) -> strawberry.ID:
    # What base64.urlsafe_b64encode does, without its layers: every party of every page has an id.
    text = binascii.b2a_base64(raw, newline=False).rstrip(b"=")
    return text.translate(_URL_SAFE).decode()  # type: ignore[return-value]  # an ID is a str
