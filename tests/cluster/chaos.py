"""What goes wrong in a minute or two, and how often."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.cluster.proxy import Harm
from tests.cluster.server_process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.cluster.conftest import Cluster

LEAST_SECONDS = 60.0
FROZEN_SECONDS = 13.0  # longer than any time-out of server or driver
HARM = 0.02  # of the batches, each kind


@dataclass
class Chaos:
    """Kills, freezes and restarts, while the proxies do harm all the time."""

    cluster: Cluster
    servers: list[ServerProcess]
    random: Random
    directory: Path
    done: Counter[str] = field(default_factory=Counter)

    async def reign(self) -> None:
        """Do all of it, and go on for a minute at least."""
        began = asyncio.get_running_loop().time()
        for proxy in self.cluster.proxies:
            proxy.choose = self.harm
        await asyncio.sleep(5)
        await self._kill_node(2)
        await asyncio.sleep(5)
        await self._freeze_node(0)
        await asyncio.sleep(5)
        await asyncio.gather(self._kill_server(1), self._kill_server(3))
        await self._freeze_node(1)
        await asyncio.sleep(began + LEAST_SECONDS - asyncio.get_running_loop().time())
        for proxy in self.cluster.proxies:
            proxy.choose = lambda: None
            self.done.update({harm.value: count for harm, count in proxy.done.items()})

    def harm(self) -> Harm | None:
        """What befalls a batch."""
        drawn = self.random.random() / HARM
        return list(Harm)[int(drawn)] if drawn < len(Harm) else None

    async def _kill_node(self, number: int) -> None:
        node = self.cluster.nodes[number]
        await asyncio.to_thread(node.kill)
        self.done["nodes killed"] += 1
        await asyncio.sleep(4)
        await asyncio.to_thread(node.start)

    async def _freeze_node(self, number: int) -> None:
        node = self.cluster.nodes[number]
        node.freeze()
        self.done["nodes frozen"] += 1
        try:
            await asyncio.sleep(FROZEN_SECONDS)
        finally:
            node.thaw()

    async def _kill_server(self, number: int) -> None:
        killed = self.servers[number]
        await killed.kill()
        self.done["servers killed"] += 1
        await asyncio.sleep(2)
        log = self.directory / f"server-{number}-again.log"
        self.servers[number] = await ServerProcess.start(killed.settings, log)
