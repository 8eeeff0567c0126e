"""Reading what a node logged since its last start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Logged when everything listens. A port that answers may be another Cassandra's.
READY = "CassandraDaemon - Startup complete"


@dataclass(frozen=True)
class Log:
    """A log file, of which only what stands after `offset` bytes belongs to this start."""

    path: Path
    offset: int = 0

    def text(self) -> str:
        """Return what was logged since; nothing where there is no log."""
        try:
            with self.path.open("rb") as file:
                rolled_over = self.offset > self.path.stat().st_size
                file.seek(0 if rolled_over else self.offset)
                return file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def from_here(self) -> Log:
        """Return the part of this log that is still to be written."""
        return Log(self.path, self.path.stat().st_size if self.path.exists() else 0)
