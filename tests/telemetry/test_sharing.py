"""Workers that count together, as processes of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from graphql_api.telemetry.operation_times import MOST_NAMES
from tests.support.scrape import Scrape

if TYPE_CHECKING:
    from pathlib import Path

WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from graphql_api.telemetry.readings import Readings
from graphql_api.telemetry.sharing import share

share(Path(sys.argv[1]), int(sys.argv[2]))
readings = Readings()
for number in range(80):
    readings.times.observe(("query", f"{sys.argv[3]}{number}"), 0.001)
sys.stdout.buffer.write(asyncio.run(readings.exposition()))
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
COUNT = "operation_seconds_count"


def work(directory: Path, place: int, names: str) -> Scrape:
    """What a worker tells after eighty operations; it is killed then."""
    command = [sys.executable, "-c", WORKER, str(directory), str(place), names]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not ran.stderr
    return Scrape(ran.stdout)


def test_who_takes_a_dead_workers_place_counts_on_and_has_no_more_names(tmp_path: Path) -> None:
    assert work(tmp_path, 1, "A").sum(COUNT) == 80
    second = work(tmp_path, 1, "B")
    names = second.values(COUNT, "operation") - {"(anonymous)", "(other)", "(refused)"}
    assert len(names) == MOST_NAMES
    assert second.sum(COUNT, operation="A0") == second.sum(COUNT, operation="B0") == 1
    assert second.sum(COUNT, operation="(other)") == 60
    assert second.sum(COUNT) == 160
    assert work(tmp_path, 1, "A").sum(COUNT, operation="A0") == 2


def test_workers_side_by_side_add_up(tmp_path: Path) -> None:
    work(tmp_path, 1, "A")
    both = work(tmp_path, 2, "A")
    assert both.sum(COUNT, operation="A0") == 2
    assert both.sum(COUNT) == 160
