"""A crowd at a fixed rate, whether or not answers come: reads, joins, leaves, posts, changes."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

from bench.soak import documents
from bench.soak.accounts import Account
from bench.soak.client import UnsettledError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.soak.client import Client

CITIES = 20
PARTIES = 200  # that are there from the beginning to the end
PASSING = 200  # at most, of those that are posted and deleted on the way
MOST_IN_FLIGHT = 3000
HOT = 0.2  # of all joins and leaves go to one party


class Crowd:
    """Sends, and keeps the accounts.

    Attributes:
        faults: what must not be, in words.
        skipped: what was not sent, as so much was in flight.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._random = client.random
        self._passing: list[Account] = []
        self._in_flight: set[asyncio.Task[None]] = set()
        self.accounts: list[Account] = []
        self.kinds: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.skipped = 0
        self.faults: list[str] = []
        self._does: dict[Callable[[], Awaitable[None]], int] = {
            self._read_party: 20,
            self._read_page: 25,
            self._read_cities: 10,
            self._join: 22,
            self._leave: 12,
            self._update: 6,
            self._create: 3,
            self._delete: 2,
        }

    @property
    def in_flight(self) -> int:
        """How many operations are under way."""
        return len(self._in_flight)

    async def prepare(self) -> None:
        """Post the parties that stay."""
        for number in range(PARTIES):
            await self._post(
                number % CITIES, capacity=number % 4 * 20 or None, people=number % 3 * 5
            )

    async def run(self, rate: float, seconds: float) -> None:
        """Send so many a second for so long, and wait for every answer."""
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0
        while (passed := loop.time() - began) < seconds:
            while sent < passed * rate:
                sent += 1
                self._send()
            await asyncio.sleep(0.01)
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    def _send(self) -> None:
        if len(self._in_flight) >= MOST_IN_FLIGHT:
            self.skipped += 1
            return
        (does,) = self._random.choices(list(self._does), list(self._does.values()))
        self.kinds[getattr(does, "__name__", "").strip("_")] += 1
        task = asyncio.create_task(self._do(does))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _do(self, does: Callable[[], Awaitable[None]]) -> None:
        try:
            await does()
        except UnsettledError as error:
            self.faults.append(f"never settled: {does}, at last {error}")
        except Exception as error:  # noqa: BLE001  # it is counted, and fails the run
            self.faults.append(f"{does}: {error!r}")

    def _any(self) -> Account:
        if self._random.random() < HOT:
            return self.accounts[0]
        return self._random.choice(self.accounts[:PARTIES] + self._passing)

    async def _read_party(self) -> None:
        account = self._random.choice(self.accounts[:PARTIES])
        least = account.newest
        found = (await self._client.settle(documents.PARTY, id=account.party_id))["party"]
        if found["revision"] < least:
            self.faults.append(
                f"{account.party_id}: read at {found['revision']} after {least} was acknowledged"
            )

    async def _read_page(self) -> None:
        await self._client.settle(documents.PAGE, city=f"Soak {self._random.randrange(CITIES)}")

    async def _read_cities(self) -> None:
        names = [f"Soak {self._random.randrange(CITIES)}" for _ in range(3)]
        await self._client.settle(documents.CITIES, names=names)

    async def _join(self) -> None:
        await self._change(documents.JOIN, self._any(), 1)

    async def _leave(self) -> None:
        await self._change(documents.LEAVE, self._any(), -1)

    async def _update(self) -> None:
        await self._change(documents.UPDATE, self._any(), 0, description=secrets.token_hex(8))

    async def _create(self) -> None:
        if len(self._passing) < PASSING:
            self._passing.append(await self._post(self._random.randrange(CITIES)))

    async def _delete(self) -> None:
        if not self._passing:
            return
        account = self._passing.pop(0)
        outcome = await self._outcome(documents.DELETE, partyId=account.party_id)
        account.is_deleted = outcome["__typename"] == "DeletePartySuccess"

    async def _post(self, city: int, **more: Any) -> Account:
        wanted = {"name": f"Party {secrets.token_hex(4)}", "date": documents.soon(1 + city / 9)}
        outcome = await self._outcome(documents.CREATE, city=f"Soak {city}", **wanted, **more)
        party = outcome["party"]
        account = Account(party["id"], f"Soak {city}", party["people"])
        self.accounts.append(account)
        return account

    async def _change(self, query: str, account: Account, step: int, **more: Any) -> None:
        outcome = await self._outcome(query, partyId=account.party_id, **more)
        if "party" in outcome:
            account.apply(step, outcome["party"]["revision"])
        else:
            self.refusals[outcome["__typename"]] += 1

    async def _outcome(self, query: str, **wanted: Any) -> dict[str, Any]:
        wanted["idempotencyKey"] = secrets.token_hex(12)
        outcome: dict[str, Any] = (await self._client.settle(query, input=wanted))["outcome"]
        kind = outcome["__typename"]
        if not kind.endswith("Success") and kind not in documents.REFUSALS:
            self.faults.append(f"{kind}: {outcome.get('message')}")
        return outcome
