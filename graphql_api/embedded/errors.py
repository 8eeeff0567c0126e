"""The one error of the embedded Cassandra: its message is for the person at the keyboard."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class EmbeddedCassandraError(Exception):
    """The embedded Cassandra cannot do what was asked.

    The message is one sentence or two that name the cause and the remedy, fit to be printed
    without a traceback.
    """


def storage_error(problem: OSError, place: Path) -> EmbeddedCassandraError:
    """Put an operating system's refusal to read or write under `place` into a sentence."""
    match problem.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return EmbeddedCassandraError(
                f"The disk that holds {place} is full. Free some space and try again."
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return EmbeddedCassandraError(
                f"{place} cannot be written to ({problem.strerror}). "
                "Make it writable or choose another directory."
            )
    return EmbeddedCassandraError(
        f"{place} cannot be used: {problem.strerror or problem}. Choose another directory."
    )
