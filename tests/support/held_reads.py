"""Reads that leave for Cassandra when a test says so."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql_api.app import Parts


class HeldReads:
    """Those that are on their way, and have not been let go."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self._is_holding = True
        self.held: list[Any] = []

    def take(self, request: Any) -> None:
        """Stand in for the sending of a read."""
        if self._is_holding:
            self.held.append(request)
        else:
            self._send(request)

    def release(self) -> None:
        """Let go what is held, and whatever comes."""
        self._is_holding = False
        for request in self.held:
            self._send(request)


@contextmanager
def holding_reads(parts: Parts) -> Iterator[HeldReads]:
    """Hold what these parts read."""
    reads = parts.store._session._reads
    send, joint = reads._send_ordinarily, reads.joint
    held = HeldReads(send)
    reads.joint = None
    reads._send_ordinarily = held.take  # type: ignore[method-assign, assignment]
    try:
        yield held
    finally:
        held.release()
        reads.joint = joint
        reads._send_ordinarily = send  # type: ignore[method-assign]
