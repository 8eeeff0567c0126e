"""Figures as a table, as ratios, as a raw file and as a plot."""

from __future__ import annotations

import json
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RESULTS = Path(__file__).parent / "results"
COLOURS = ("#2f6f4f", "#7a9e87", "#c98b2b", "#9a9a9a")
BAR, GAP, LEFT, WIDE = 14, 22, 190, 520


@dataclass(frozen=True)
class Figure:
    """What one server did with one workload.

    Attributes:
        seconds: how long it was measured.
        cpu: processor time of the server meanwhile, in seconds.
        generator_cpu: that of the load generator.
        latencies: of each answer, in seconds.
    """

    workload: str
    server: str
    seconds: float
    cpu: float
    generator_cpu: float
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    @property
    def cpu_each(self) -> float:
        """Processor time of an answer, in microseconds."""
        return 1e6 * self.cpu / max(1, len(self.latencies))

    def percentile(self, percent: float) -> float:
        """A latency in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def merge(turns: Iterable[Figure]) -> list[Figure]:
    """The turns of each server as one figure."""
    merged: dict[str, Figure] = {}
    for turn in turns:
        before = merged.get(turn.server)
        if before is not None:
            turn = Figure(  # noqa: PLW2901
                turn.workload,
                turn.server,
                before.seconds + turn.seconds,
                before.cpu + turn.cpu,
                before.generator_cpu + turn.generator_cpu,
                [*before.latencies, *turn.latencies],
            )
        merged[turn.server] = turn
    return list(merged.values())


def show_head() -> None:
    """Print the table's head."""
    print(f"{'':<28}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'µs CPU':>9}{'ours is':>11}")


def show(workload: str, figures: Sequence[Figure]) -> None:
    """Print the lines of a workload; the first figure is ours."""
    print(workload, flush=True)
    ours = figures[0]
    for each in figures:
        ratio = "" if each is ours else f"{ours.rate / each.rate:>9.2f} ×"
        print(
            f"  {each.server:<26}{each.rate:>10,.0f}{each.percentile(50):>9.1f}"
            f"{each.percentile(99):>9.1f}{each.cpu_each:>9.0f}{ratio:>11}",
            flush=True,
        )


def save(figures: Sequence[Figure]) -> None:
    """Write the raw figures and the plot; say where, and how busy the load generator was."""
    RESULTS.mkdir(exist_ok=True)
    moment = datetime.now(UTC)
    stem = RESULTS / f"{moment:%Y-%m-%d-%H%M}"
    raw = {
        "at": moment.isoformat(timespec="seconds"),
        "machine": machine(),
        "figures": [
            {
                "workload": each.workload,
                "server": each.server,
                "a_second": round(each.rate, 1),
                "p50_ms": round(each.percentile(50), 2),
                "p99_ms": round(each.percentile(99), 2),
                "cpu_us": round(each.cpu_each, 1),
                "generator_busy": round(each.generator_cpu / each.seconds, 2),
            }
            for each in figures
        ],
    }
    stem.with_suffix(".json").write_text(json.dumps(raw, indent=1, ensure_ascii=False))
    stem.with_suffix(".svg").write_text(plot(figures))
    busiest = max(each.generator_cpu / each.seconds for each in figures)
    print(f"\n{machine()}\nThe load generator took {busiest:.0%} of a core at most.")
    print(f"Raw figures and a plot: {stem}.json and .svg")


def machine() -> str:
    """What it was measured on."""
    about = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in about if line.startswith("model name")]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{len(models)} cores of {models[0]}, Python {platform.python_version()}, commit {commit}"
    )


def plot(figures: Sequence[Figure]) -> str:
    """Bars of answers a second, each workload in its own scale."""
    servers = list(dict.fromkeys(each.server for each in figures))
    lines: list[str] = []
    y = GAP
    for index, name in enumerate(servers):
        x = LEFT + index * 165
        lines.append(f'<rect x="{x}" y="6" width="10" height="10" fill="{COLOURS[index]}"/>')
        lines.append(f'<text x="{x + 14}" y="15">{name}</text>')
    for workload in dict.fromkeys(each.workload for each in figures):
        group = [each for each in figures if each.workload == workload]
        most = max(each.rate for each in group)
        lines.append(f'<text x="0" y="{y + BAR}">{workload}</text>')
        for each in group:
            width = WIDE * each.rate / most
            colour = COLOURS[servers.index(each.server)]
            lines.append(
                f'<rect x="{LEFT}" y="{y + 3}" width="{width:.0f}" height="{BAR - 3}"'
                f' fill="{colour}"/>'
                f'<text x="{LEFT + width + 5:.0f}" y="{y + BAR - 1}">{each.rate:,.0f}</text>'
            )
            y += BAR
        y += GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDE + 80}" height="{y}"'
        ' font-family="sans-serif" font-size="12">' + "\n".join(lines) + "</svg>\n"
    )
