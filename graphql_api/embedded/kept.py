"""The Java process behind its keeper, as the program sees it: start, orders, signals, end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from graphql_api.embedded import keeper
from graphql_api.embedded.errors import EmbeddedCassandraError
from graphql_api.embedded.java import environment

if TYPE_CHECKING:
    from pathlib import Path

ANSWER_SECONDS = 20.0  # a keeper that has not answered by then never will

# Keepers that were let go: kept so that their handles are not taken for forgotten ones.
_LET_GO: list[subprocess.Popen[bytes]] = []


class KeptJava:
    """A keeper that runs `plan`, and the Java that it started.

    Raises:
        EmbeddedCassandraError: Java could not be started.
    """

    def __init__(self, plan: keeper.Plan, complaints: Path) -> None:
        # It may outlive us: whoever reads our output must not wait for the keeper's to end.
        with complaints.open("wb") as stderr:
            self._process = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-I", "-S", keeper.__file__, json.dumps(plan)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment(),
                pass_fds=plan["locks"],
                start_new_session=True,
            )
        self.pid = 0
        answer = self._answer()
        if not answer.startswith("pid "):
            self.kill()
            reason = answer.removeprefix("error ") or "its keeper does not answer"
            raise EmbeddedCassandraError(f"Java could not be started: {reason}.")
        self.pid = int(answer.split()[1])

    @property
    def keeper_pid(self) -> int:
        """The keeper's process id."""
        return self._process.pid

    def is_running(self) -> bool:
        """Say whether Java lives; its keeper ends when it does."""
        return self._process.poll() is None

    def order(self, line: bytes) -> None:
        """Ask the keeper for something; it may be too late."""
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.write(line + b"\n")
                self._process.stdin.flush()

    def signal(self, number: signal.Signals) -> None:
        """Send Java a signal, if it lives."""
        # Java's id is its own for as long as the keeper, its parent, has not ended.
        if self.is_running() and self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self, timeout: float) -> None:
        """Ask Java to end in order, also a frozen one; kill it after `timeout` seconds."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """Kill what is left, and reap it."""
        if self.pid:
            self.signal(signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()
        self._close()

    def let_go(self) -> None:
        """Have the keeper go on without us."""
        self.order(keeper.LET_GO)
        self._close()
        _LET_GO.append(self._process)

    def _answer(self) -> str:
        if self._process.stdout is None:
            return ""
        ready = select.poll()  # select() has no use for descriptors beyond 1,023
        ready.register(self._process.stdout, select.POLLIN)
        is_there = ready.poll(ANSWER_SECONDS * 1000)
        return self._process.stdout.readline().decode().strip() if is_there else ""

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
