"""What definite answers say of every party, and whether the servers come to say the same."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.soak.documents import LISTED, PARTY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    Ask = Callable[..., Awaitable[dict[str, Any]]]

AGREEING_SECONDS = 60.0  # for a page's copies that failed, and are tried again
MOST_TOLD = 20


@dataclass
class Account:
    """One party.

    Attributes:
        applied: the revision that each change applied was told.
        newest: the newest revision that anybody was told.
    """

    party_id: str
    city: str
    people: int
    applied: list[int] = field(default_factory=list)
    newest: int = 1
    is_deleted: bool = False

    def apply(self, step: int, revision: int) -> None:
        """Note a change that was applied."""
        self.people += step
        self.applied.append(revision)
        self.newest = max(self.newest, revision)

    def faults(self, found: dict[str, Any] | None) -> Iterator[str]:
        """What is wrong with the party as a server has it."""
        if found is None or self.is_deleted:
            if found is not None or not self.is_deleted:
                yield f"{self.party_id}: deleted {self.is_deleted}, but a server has {found}"
            return
        if found["people"] != self.people:
            yield f"{self.party_id}: {found['people']} people, answers say {self.people}"
        # Each change has a revision of its own: none is missing, and none was counted twice.
        if sorted(self.applied) != list(range(2, found["revision"] + 1)):
            expected = set(range(2, found["revision"] + 1))
            missing = sorted(expected - set(self.applied))
            yield (
                f"{self.party_id}: at revision {found['revision']}, but {len(self.applied)} "
                f"changes were applied by their answers; nobody was told {missing[:MOST_TOLD]}"
            )


async def check(ask: Ask, accounts: Iterable[Account]) -> list[str]:
    """Compare every party by itself, and every city's pages, with the accounts; what is wrong."""
    accounts = list(accounts)
    faults: list[str] = []
    for account in accounts:
        answer = await ask(PARTY, id=account.party_id)
        faults += account.faults(answer["party"])
    deadline = asyncio.get_running_loop().time() + AGREEING_SECONDS
    for city in sorted({account.city for account in accounts}):
        expected = {
            account.party_id: account.people
            for account in accounts
            if account.city == city and not account.is_deleted
        }
        listed = await _until_agreed(ask, city, expected, deadline)
        faults += [
            f"the page of {city} has {listed.get(each)} people for {each}, not {expected.get(each)}"
            for each in expected.keys() | listed.keys()
            if expected.get(each) != listed.get(each)
        ]
    return faults


async def _until_agreed(
    ask: Ask, city: str, expected: dict[str, int], deadline: float
) -> dict[str, int]:
    while True:
        listed = await _listed(ask, city)
        if listed == expected or asyncio.get_running_loop().time() > deadline:
            return listed
        await asyncio.sleep(0.5)


async def _listed(ask: Ask, city: str) -> dict[str, int]:
    listed: dict[str, int] = {}
    after = None
    while True:
        page = (await ask(LISTED, city=city, after=after))["parties"]
        listed |= {node["id"]: node["people"] for node in page["nodes"]}
        if not page["pageInfo"]["hasNextPage"]:
            return listed
        after = page["pageInfo"]["endCursor"]
