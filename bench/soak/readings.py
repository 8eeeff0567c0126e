"""Memory, threads and sockets of processes over time: what grows is a leak.

A wave of requests takes threads and sockets for a while; a leak is what stays when it has gone. So
of those the lowest tenth of a quarter's readings is compared, and of memory the median.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.servers import Server

# What the last quarter may have more than the first: memory in parts, the others in number.
MEMORY_SLACK = 0.1
COUNT_SLACK = {"threads": 2, "sockets": 10}


@dataclass(frozen=True)
class Reading:
    """One process at one moment."""

    megabytes: float
    threads: int
    sockets: int


def read(server: Server) -> Reading:
    """A server process now."""
    place = Path(f"/proc/{server.pid}")
    links = []
    for each in (place / "fd").iterdir():
        try:
            links.append(str(each.readlink()))
        except FileNotFoundError:  # closed just now
            continue
    return Reading(
        server.resident_megabytes,
        len(list((place / "task").iterdir())),
        sum(link.startswith("socket:") for link in links),
    )


@dataclass
class Course:
    """One server's readings, at equal distances."""

    name: str
    readings: list[Reading] = field(default_factory=list)

    def table(self) -> Iterator[str]:
        """A line each for memory, threads and sockets: the quarters, and the highest reading."""
        for kind in ("megabytes", "threads", "sockets"):
            quarters = " ".join(f"{each:>8.1f}" for each in self._quarters(kind))
            highest = max(self._values(kind))
            yield f"{self.name:<9} {kind:<10} {quarters} {highest:>9.1f}"

    def growth(self) -> Iterator[str]:
        """What has grown from the first quarter to the last, in words."""
        first, *_, last = self._quarters("megabytes")
        if last > first * (1 + MEMORY_SLACK):
            yield f"{self.name}: memory grew from {first:.1f} to {last:.1f} MB"
        for kind, slack in COUNT_SLACK.items():
            first, *_, last = self._quarters(kind)
            if last > first + slack:
                yield f"{self.name}: {kind} grew from {first:g} to {last:g}"

    def _values(self, kind: str) -> Sequence[float]:
        return [getattr(each, kind) for each in self.readings]

    def _quarters(self, kind: str) -> list[float]:
        values, size = self._values(kind), len(self.readings) // 4
        typical = median if kind == "megabytes" else _lowest_tenth
        return [typical(values[size * number : size * (number + 1)]) for number in range(4)]


def _lowest_tenth(values: Sequence[float]) -> float:
    return quantiles(values, n=10)[0]
