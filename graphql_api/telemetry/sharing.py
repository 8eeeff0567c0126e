"""Metrics of several processes as one: each keeps its numbers in files that all of them can read.

prometheus-client maps the files into memory, so what a process has counted outlives it, however it
ends. They are named by the worker's place and not by its process: who takes the place counts on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector

DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"  # as prometheus-client has it
PLACE: Final = "PARTYFINDER_WORKER"


def share(directory: Path, place: int) -> None:
    """Count in this directory from now on, in the place of one worker."""
    os.environ[DIRECTORY] = str(directory)
    os.environ[PLACE] = str(place)
    values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]


def known_operations(metric_name: str) -> set[tuple[str, str]]:
    """Type and name of the operations that were counted in this worker's place before it came."""
    if DIRECTORY not in os.environ:
        return set()
    file = Path(os.environ[DIRECTORY]) / f"histogram_{os.environ[PLACE]}.db"
    merged = MultiProcessCollector.merge([str(file)])  # type: ignore[no-untyped-call]
    return {
        (sample.labels["type"], sample.labels["operation"])
        for metric in merged
        if metric.name == metric_name
        for sample in metric.samples
    }


def registry_of_all(own: CollectorRegistry) -> CollectorRegistry:
    """What a scrape reads: the numbers of all workers, or those of a process that is alone."""
    if DIRECTORY not in os.environ:
        return own
    registry = CollectorRegistry()
    MultiProcessCollector(registry, os.environ[DIRECTORY])  # type: ignore[no-untyped-call]
    return registry
