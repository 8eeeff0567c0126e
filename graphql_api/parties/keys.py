"""A client's key is for one party: see docs/adr/0004-a-key-is-for-one-party.md.

Within the party, its operation's row sees to the rest (`lane.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphql_api.parties.change import Change
    from graphql_api.store.party_store import PartyStore


class Keys:
    """Knows which party a client's key was first sent for.

    Args:
        ttl: seconds for which it is known.
    """

    def __init__(self, store: PartyStore, ttl: int) -> None:
        self._store = store
        self._ttl = ttl

    async def claim(self, change: Change) -> bool:
        """Whether a change's key may be used for its party; from then on, for no other.

        Raises:
            PartyfinderError: the database does not answer; nothing was changed.
        """
        if change.key.is_drawn:
            return True
        return await self._store.claim_key(change.key.operation_key, change.party_id, self._ttl)
