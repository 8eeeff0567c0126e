"""What workers do in tests of the supervisor: a function that their processes can import."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from graphql_api.supervisor import WorkerFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def work(directory: Path, _number: int, tell_ready: Callable[[], None]) -> None:
    """Work until the end; a file in the directory, by its name, makes it go wrong."""
    if (directory / "fail").exists():
        raise WorkerFailedError("the file is in the way.")
    if (directory / "crash").exists():
        sys.exit(3)
    if (directory / "stubborn").exists():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (directory / str(os.getpid())).touch()
    tell_ready()
    time.sleep(600)


def pids(directory: Path) -> set[int]:
    """The processes that have ever been at work."""
    return {int(file.name) for file in directory.iterdir() if file.name.isdigit()}


def is_running(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
