"""What makes a change happen once: a key for each operation and a digest of what it asks for."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson

if TYPE_CHECKING:
    from graphql_api.parties.limits import Limits

_PARTIES = uuid5(NAMESPACE_OID, "partyfinder.party")


@dataclass(frozen=True)
class IdempotencyKey:
    """The key of one operation.

    Args:
        caller: who sends it; a key belongs to its caller. Empty for anybody.
        text: the key itself.
        is_drawn: whether the server drew it, because the client sent none.
    """

    caller: str
    text: str
    is_drawn: bool = False

    @cached_property
    def operation_key(self) -> str:
        """What the operation's row is stored under: SHA-256 of caller and key."""
        return hashlib.sha256(self._bytes).hexdigest()

    @cached_property
    def party_id(self) -> UUID:
        """The id of the party that this key creates: the same on every server, however often."""
        return uuid5(_PARTIES, self.operation_key)

    @property
    def _bytes(self) -> bytes:
        return orjson.dumps([self.caller, self.text])


def take_key(caller: str, text: str | None, limits: Limits) -> IdempotencyKey:
    """A client's key, its problems noted in `limits`; where it sent none, one that we draw."""
    if text is None:
        return IdempotencyKey(caller, secrets.token_urlsafe(18), is_drawn=True)
    limits.idempotency_key(text)
    return IdempotencyKey(caller, text)


def digest(kind: str, **wanted: Any) -> bytes:
    """SHA-256 of a change as it is normalised: equal exactly where two changes ask for the same."""
    text = orjson.dumps([kind, wanted], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).digest()
