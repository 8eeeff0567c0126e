"""Restarts every node in turn, again and again: in order, by a kill, after a freeze."""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import TYPE_CHECKING

from graphql_api.embedded import Node
from graphql_api.embedded.cluster import restart

if TYPE_CHECKING:
    from collections.abc import Callable

FROZEN_SECONDS = 13.0  # longer than any time-out of server or driver
PAUSE = 5.0  # between two nodes, for servers to connect again


class Rounds:
    """What is done to the nodes.

    Attributes:
        doing: what is being done, in words.
        done: what was.
    """

    def __init__(self, nodes: list[Node], every: float) -> None:
        self._nodes = nodes
        self._every = every
        self.doing = ""
        self.done: list[str] = []

    async def run(self, seconds: float) -> None:
        """Begin a round at equal distances; the last one ends in good time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, manner in enumerate(cycle((self._restart, self._kill, self._freeze))):
            passed = loop.time() - began
            begins = max(passed, self._every * (number + 0.5))  # a round may have taken longer
            if begins + self._every / 2 > seconds:
                break
            await asyncio.sleep(begins - passed)
            for each, node in enumerate(self._nodes, start=1):
                await manner(each, node)
                await asyncio.sleep(PAUSE)

    async def _restart(self, number: int, node: Node) -> None:
        await self._end(number, node, "restarted", Node.stop)

    async def _kill(self, number: int, node: Node) -> None:
        await self._end(number, node, "killed", Node.kill)

    async def _freeze(self, number: int, node: Node) -> None:
        self.doing = f"node {number} is frozen"
        node.freeze()
        try:
            await asyncio.sleep(FROZEN_SECONDS)
        finally:
            node.thaw()
        self._note(number, "frozen")

    async def _end(self, number: int, node: Node, how: str, end: Callable[[Node], None]) -> None:
        self.doing = f"node {number} is {how}"
        await asyncio.to_thread(restart, node, self._nodes, end)
        self._note(number, how)

    def _note(self, number: int, how: str) -> None:
        self.doing = ""
        self.done.append(f"{how} {number}")
