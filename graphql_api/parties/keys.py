"""A client's key is for one party: see docs/adr/0004-a-key-is-for-one-party.md.

Within the party, its operation's row sees to the rest (`lane.py`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from graphql_api.errors import PartyfinderError
from graphql_api.parties.change import KeyReused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql_api.parties.change import Change, Outcome
    from graphql_api.store.party_store import PartyStore

logger = logging.getLogger(__name__)


class Keys:
    """Knows which party a client's key was first sent for.

    Args:
        ttl: seconds for which it is known.
    """

    def __init__(self, store: PartyStore, ttl: int) -> None:
        self._store = store
        self._ttl = ttl

    async def guard(
        self, change: Change, commit: Callable[[Change], Awaitable[Outcome]]
    ) -> Outcome:
        """Commit a change unless its key was sent for another party before.

        Raises:
            PartyfinderError: as `commit` does; or the database does not answer, and nothing was
                changed.
        """
        if change.key.is_drawn:
            return await commit(change)
        key = change.key.operation_key
        claimed = await self._store.read_claim(key)
        if claimed == change.party_id:
            return await commit(change)
        if claimed is not None:
            return KeyReused()
        # The claim stands when the outcome is told; on its way it costs no time.
        claiming = self._store.claim_key(key, change.party_id, self._ttl)
        try:
            return await commit(change)
        finally:
            try:
                await claiming
            except PartyfinderError as error:
                logger.warning("a key may be used for a second party: %s", error)
