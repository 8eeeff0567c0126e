"""Sends an operation until its answer is definite, and counts what befell it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

PATIENCE = 180.0  # seconds that an operation is sent again for
LONGEST_PAUSE = 10.0


class FaultError(Exception):
    """An answer that is not definite; its text is the code, or what befell the connection."""


class UnsettledError(Exception):
    """Nothing definite was answered for as long as one cares to ask; its text is the last fault."""


@dataclass
class Client:
    """Everybody who sends.

    Attributes:
        errors: by their codes.
        healed: operations that had a definite answer after an error, by the first one's code.
        settled: operations that had one.
        unsettled: operations that never had.
    """

    session: aiohttp.ClientSession
    urls: Sequence[str]
    random: Random
    errors: Counter[str] = field(default_factory=Counter)
    healed: Counter[str] = field(default_factory=Counter)
    settled: int = 0
    unsettled: int = 0

    async def settle(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation, which is sent again, to any server, until there is some.

        Raises:
            UnsettledError: there never was.
        """
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + PATIENCE, 0.2
        first = None
        while True:
            try:
                data = await self._send(query, variables)
            except FaultError as fault:
                self.errors[str(fault)] += 1
                first = first or str(fault)
                if loop.time() > deadline:
                    self.unsettled += 1
                    raise UnsettledError(str(fault)) from None
                await asyncio.sleep(self.random.uniform(0, pause))
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self.settled += 1
                if first is not None:
                    self.healed[first] += 1
                return data

    async def _send(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.random.choice(self.urls)}/graphql"
        body = {"query": query, "variables": variables}
        try:
            async with self.session.post(url, json=body) as response:
                answer = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise FaultError(type(error).__name__) from None
        if "errors" in answer:
            raise FaultError(answer["errors"][0]["extensions"]["code"])
        data: dict[str, Any] = answer["data"]
        return data
