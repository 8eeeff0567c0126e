"""What slow steps tell whoever waits; the command line decides how it looks."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Receives progress, possibly from a worker thread.

    `step` names what is being done and stays the same while it goes on; `detail` changes with it
    ("12 of 100 jars"); `fraction` is how much of the step is done, 0 to 1, or None if unknown.
    """

    def __call__(self, step: str, detail: str = "", fraction: float | None = None) -> None:
        """Take note of progress."""


def silent(step: str, detail: str = "", fraction: float | None = None) -> None:
    """Report nothing."""
