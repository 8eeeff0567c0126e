"""Brings into the metrics what the layers count by themselves: each second, and for each scrape.

So a layer counts with plain numbers and knows nothing of metrics, which costs a request next to
nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest

from graphql_api.telemetry.metrics import PREFIX, Metrics
from graphql_api.telemetry.operation_times import OperationTimes
from graphql_api.telemetry.sharing import known_operations, registry_of_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from prometheus_client import Counter, Gauge, Histogram

    Labels = tuple[str, ...]
    Totals = Callable[[], Mapping[Labels, int]]

INTERVAL = 1.0  # seconds; as much as is lost of a layer's counts where a process is killed


class Readings:
    """Reads the layers.

    Attributes:
        metrics: where what is read goes.
        times: takes how long operations took.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.metrics = Metrics(self._registry)
        times = self.metrics.operation_seconds
        self.times = OperationTimes(times, known_operations(f"{PREFIX}_operation_seconds"))
        self._levels: list[tuple[Gauge, Callable[[], float]]] = []
        self._totals: list[tuple[Counter, Totals, dict[Labels, int]]] = []
        self._sizes: list[tuple[Histogram, Callable[[], Mapping[int, int]], dict[int, int]]] = []

    def level(self, gauge: Gauge, read: Callable[[], float]) -> None:
        """Have a gauge show what `read` returns."""
        self._levels.append((gauge, read))

    def total(self, counter: Counter, read: Callable[[], int]) -> None:
        """Have a counter rise as `read` does, which never falls."""
        self.totals(counter, lambda: {(): read()})

    def totals(self, counter: Counter, read: Totals) -> None:
        """Have a counter's children rise as `read` does; the values of their labels are its keys.

        What has risen before is not counted: a process may serve several applications in turn.
        """
        self._totals.append((counter, read, dict(read())))

    def sizes(self, histogram: Histogram, read: Callable[[], Mapping[int, int]]) -> None:
        """Have a histogram hold what `read` returns: how often there was each size."""
        self._sizes.append((histogram, read, dict(read())))

    def publish(self) -> None:
        """Read now."""
        for gauge, level in self._levels:
            gauge.set(level())
        for counter, totals, before in self._totals:
            for labels, total in totals().items():
                risen = total - before.get(labels, 0)
                if risen > 0:
                    (counter.labels(*labels) if labels else counter).inc(risen)
                before[labels] = total
        for histogram, sizes, known in self._sizes:
            for size, count in sizes().items():
                for _ in range(count - known.get(size, 0)):
                    histogram.observe(size)
                known[size] = count

    async def exposition(self) -> bytes:
        """What Prometheus reads, of all workers."""
        self.publish()
        return await asyncio.to_thread(lambda: generate_latest(registry_of_all(self._registry)))

    async def kept(self, _application: Any) -> AsyncIterator[None]:
        """Read again and again while an application runs; a context of its own."""
        self.publish()
        keeping = asyncio.create_task(self._keep())
        yield
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        self.publish()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + INTERVAL
            await asyncio.sleep(INTERVAL)
            self.metrics.event_loop_lag_seconds.observe(max(0.0, loop.time() - due))
            self.publish()
