"""How slow steps look: a live display on a terminal, plain lines anywhere else.

Both go to standard error, so that a command's own output stays clean for pipes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql_api.embedded import Report

LINES_PER_STEP = 10  # at most, so that a log of a download stays short


@contextmanager
def showing_progress(console: Console | None = None) -> Iterator[Report]:
    """Provide a `Report` that shows what it receives."""
    console = console or Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield PlainLines(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield LiveDisplay(progress)


class LiveDisplay:
    """One line per step, with a bar that moves."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.steps: dict[str, TaskID] = {}

    def __call__(self, step: str, detail: str = "", fraction: float | None = None) -> None:
        """Show progress; a new step completes those before."""
        if step not in self.steps:
            for task in self.progress.task_ids:
                self.progress.update(task, total=1, completed=1)
            self.steps[step] = self.progress.add_task(step, total=None, detail=detail)
        total = None if fraction is None else 1
        self.progress.update(
            self.steps[step],
            total=total,
            completed=fraction or 0,
            detail=detail,
        )


class PlainLines:
    """A line when a step begins, and one for every tenth of it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.shown = ("", -1)

    def __call__(self, step: str, detail: str = "", fraction: float | None = None) -> None:
        """Print progress unless as much was said before."""
        shown = (step, int((fraction or 0) * LINES_PER_STEP))
        if shown != self.shown:
            self.shown = shown
            self.console.print(f"{step}: {detail}" if detail else step, markup=False)
