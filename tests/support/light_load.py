"""A few clients who join all the while, and send what went wrong again with the same key."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from graphql_api.errors import PartyfinderError
from graphql_api.parties.change import Applied
from tests.support.parties import post
from tests.support.some_parties import join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

    from graphql_api.app import Parts

CLIENTS = 4
PAUSE = 0.1
LONGEST = 120.0  # until everything is as before; how long it took is printed


@dataclass
class LightLoad:
    """A few who join, each again and again with one key until it knows that it has."""

    parts: Parts
    party_id: UUID
    is_over: bool = False
    errors: Counter[str] = field(default_factory=Counter)
    healed: int = 0
    applied_at: list[float] = field(default_factory=list)

    async def live(self) -> None:
        while not self.is_over:
            change, is_healed = join(self.party_id), False
            while not await self._has_joined(change):
                is_healed = True
                await asyncio.sleep(PAUSE)
            self.healed += is_healed
            self.applied_at.append(now())
            await asyncio.sleep(PAUSE)

    async def has_gone_on(self) -> None:
        """Return once somebody who begins now has joined."""
        joined = len(self.applied_at)
        await until_so(lambda: len(self.applied_at) > joined + CLIENTS)

    def longest_pause(self, began: float) -> float:
        """How long nobody could join, at most, since then."""
        at = [began, *(each for each in self.applied_at if each > began)]
        return max(later - earlier for earlier, later in pairwise(at))

    async def _has_joined(self, change: Any) -> bool:
        try:
            outcome = await self.parts.committer.commit(change)
        except PartyfinderError as error:
            self.errors[error.code] += 1
            return False
        assert isinstance(outcome, Applied), outcome
        return True


@asynccontextmanager
async def a_light_load(parts: Parts) -> AsyncIterator[LightLoad]:
    """Load while the block runs; after it, everybody who has joined must be counted."""
    load = LightLoad(parts, (await post(parts)).party_id)
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(load.live())
        try:
            yield load
            await load.has_gone_on()
        finally:
            load.is_over = True
    head = await parts.store.read_head(load.party_id)
    assert head is not None
    assert (head.people, head.revision) == (len(load.applied_at), len(load.applied_at) + 1)
    print(f"{load.errors.total()} errors {dict(load.errors)}, all healed: {load.healed} joins")  # noqa: T201


async def until_so(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST):
        while not condition():  # noqa: ASYNC110  # nothing tells when it is so
            await asyncio.sleep(0.05)


def now() -> float:
    return asyncio.get_running_loop().time()
