"""One Cassandra node: everything from nothing to answering CQL, and back."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from graphql_api.embedded import archive, command, config, directory, failure, keeper, ports
from graphql_api.embedded.errors import EmbeddedCassandraError, storage_error
from graphql_api.embedded.jars import ensure_jars
from graphql_api.embedded.java import environment, find_java
from graphql_api.embedded.logs import READY, Log
from graphql_api.embedded.probe import answers_cql
from graphql_api.embedded.progress import Report, silent
from graphql_api.embedded.settings import CASSANDRA_VERSION, NodeSettings

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from graphql_api.embedded.java import Java

STOP_SECONDS = 10.0
LOOK_SECONDS = 0.05
KEEPER_SECONDS = 20.0  # a keeper that has not answered by then never will


class Node:
    """A node that lives no longer than this process, unless it is let go.

    Its methods block; call them before an event loop runs, or in a thread.

    Args:
        settings: how it is to run.
        report: receives progress.
    """

    def __init__(self, settings: NodeSettings, report: Report = silent) -> None:
        self.settings = replace(settings, directory=settings.directory.absolute())
        self.report = report
        self.log_path: Path = self.settings.directory / "logs" / "system.log"
        self._log = Log(self.log_path)
        self._class_list = self.settings.directory / "tmp" / "classes.lst"
        self._console = Log(self.log_path.with_name("console.log"))
        self._ports = config.Ports(settings.cql_port or 0, settings.storage_port or 0)
        self._keeper: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._stopping = threading.Lock()

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return self.settings.address

    @property
    def cql_port(self) -> int:
        """The port for clients; 0 before a start that may choose it."""
        return self._ports.cql

    @property
    def storage_port(self) -> int:
        """The port for other nodes; 0 before a start that may choose it."""
        return self._ports.storage

    @property
    def pid(self) -> int:
        """Java's process id; 0 when it does not run."""
        return self._pid if self.is_running() else 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Get Java and jars, configure, start and wait until the node answers CQL.

        Raises:
            EmbeddedCassandraError: it cannot be started, and the message says why.
        """
        if self.is_running():
            return
        try:
            # The keeper and Java inherit the locks; ours are closed once they have them.
            with ExitStack() as locks:
                self._launch(self._take_directory(locks), locks)
        except OSError as problem:
            self.stop()
            raise storage_error(problem, self.settings.directory) from problem
        try:
            self._wait_until_ready()
            self._make_archive()
        except BaseException:  # Ctrl-C too: no half-started node stays behind
            self.stop()
            raise

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Have the node write down what it holds in memory and end; kill it after `timeout` s."""
        with self._stopping:
            if self._keeper is None:
                return
            if self._keeper.poll() is None:
                self._signal(signal.SIGCONT)
                self._signal(signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    self._keeper.wait(timeout)
            self._kill()

    def kill(self) -> None:
        """End the node with SIGKILL, as a crash would."""
        with self._stopping:
            if self._keeper is not None:
                self._kill()

    def freeze(self) -> None:
        """Stop the process in its tracks (SIGSTOP): connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen node go on."""
        self._signal(signal.SIGCONT)

    def is_running(self) -> bool:
        """Say whether the process lives; a frozen one does."""
        return self._keeper is not None and self._keeper.poll() is None

    def let_go(self) -> None:
        """Let the node outlive this process; `background` finds it again by its directory."""
        if self._keeper is None or self._keeper.stdin is None:
            return
        self._record(background=True)
        self._order(keeper.LET_GO)
        self._keeper.stdin.close()
        _LET_GO.append(self._keeper)
        self._keeper = None

    def _take_directory(self, locks: ExitStack) -> int:
        """Make, lock and check the directory; return the lock."""
        place = self.settings.directory
        place.mkdir(parents=True, exist_ok=True)
        lock = directory.lock(place)
        locks.callback(os.close, lock)
        directory.claim_version(place)
        (place / directory.RECORD).unlink(missing_ok=True)
        directory.make_room(place)
        return lock

    def _launch(self, lock: int, locks: ExitStack) -> None:
        settings = self.settings
        self.report("Looking for Java 11 or 17")
        java = find_java()
        jars = ensure_jars(self.report)
        held = [lock, *self._reserve_ports(locks)]
        config.write(settings, self._ports, self.log_path)
        self._log = self._log.from_here()
        self.report(f"Starting Cassandra {CASSANDRA_VERSION}", f"on Java {java.version}")
        archive_options, job = self._class_archive(java, jars)
        java_command = command.command(settings, java, jars, self.log_path, archive_options)
        self._start_keeper(java_command, held, job)
        self._record(background=False)

    def _reserve_ports(self, locks: ExitStack) -> list[int]:
        """Choose the ports and return the locks on them."""
        wanted, address = self.settings, self.settings.address
        cql = ports.choose(address, wanted.cql_port, ports.CQL_PORT, "CQL")
        locks.callback(os.close, cql.lock)
        storage = ports.choose(
            address, wanted.storage_port, ports.STORAGE_PORT, "traffic between nodes"
        )
        locks.callback(os.close, storage.lock)
        self._ports = config.Ports(cql=cql.number, storage=storage.number)
        return [cql.lock, storage.lock]

    def _class_archive(
        self, java: Java, jars: list[Path]
    ) -> tuple[list[str], keeper.ArchiveJob | None]:
        """Return Java's options for the class archive, and how to make it where there is none."""
        found = archive.archive_for(java, jars)
        if found is None:
            return [], None
        if found.exists():
            return found.options(), None
        with suppress(OSError):  # a cache that cannot be written to is no reason not to start
            archive.tidy(found)
            return found.recording_options(self._class_list), found.job(self._class_list)
        return [], None

    def _make_archive(self) -> None:
        with suppress(OSError):
            archive.trim(self._class_list)  # there is none unless classes were recorded
            self._order(keeper.MAKE_ARCHIVE)

    def _order(self, order: bytes) -> None:
        if self._keeper and self._keeper.stdin:
            self._keeper.stdin.write(order + b"\n")
            self._keeper.stdin.flush()

    def _start_keeper(
        self, java_command: list[str], locks: list[int], job: keeper.ArchiveJob | None
    ) -> None:
        plan = keeper.Plan(
            command=java_command,
            directory=str(self.settings.directory),
            console=str(self._console.path),
            locks=locks,
            parent=os.getpid(),
            archive=job,
        )
        # It may outlive us: whoever reads our output must not wait for the keeper's to end.
        with self.log_path.with_name("keeper.log").open("wb") as complaints:
            self._keeper = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-I", "-S", keeper.__file__, json.dumps(plan)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=environment(),
                pass_fds=locks,
                start_new_session=True,
            )
        answer = self._keeper_answer()
        if not answer.startswith("pid "):
            self._kill()
            reason = answer.removeprefix("error ") or "its keeper does not answer"
            raise EmbeddedCassandraError(f"Java could not be started: {reason}.")
        self._pid = int(answer.split()[1])

    def _keeper_answer(self) -> str:
        if self._keeper is None or self._keeper.stdout is None:
            return ""
        ready, _, _ = select.select([self._keeper.stdout], [], [], KEEPER_SECONDS)
        answer = self._keeper.stdout.readline().decode().strip() if ready else ""
        self._keeper.stdout.close()
        return answer

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.settings.start_timeout
        while not self._is_ready():
            if not self.is_running():
                raise EmbeddedCassandraError(f"Cassandra ended while it started. {self._why()}")
            if time.monotonic() > deadline:
                raise EmbeddedCassandraError(
                    f"Cassandra did not answer within {self.settings.start_timeout:g} seconds. "
                    f"Its log is {self.log_path}."
                )
            time.sleep(LOOK_SECONDS)

    def _is_ready(self) -> bool:
        return answers_cql(self.address, self.cql_port) and READY in self._log.text()

    def _why(self) -> str:
        facts: dict[str, object] = {
            "directory": self.settings.directory,
            "address": self.address,
            "heap_mb": self.settings.heap_mb,
        }
        told = failure.explain(self._log, self._console, facts)
        return f"{told or ''} Its log is {self.log_path}.".strip()

    def _record(self, *, background: bool) -> None:
        keeper_pid = self._keeper.pid if self._keeper else 0
        directory.write_record(
            self.settings.directory,
            directory.Record(
                java_pid=self._pid,
                keeper_pid=keeper_pid,
                owner_pid=os.getpid(),
                address=self.address,
                cql_port=self.cql_port,
                background=background,
            ),
        )

    def _signal(self, number: signal.Signals) -> None:
        # Java's id is its own for as long as the keeper, its parent, has not ended.
        if self.is_running() and self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def _kill(self) -> None:
        """Kill what is left, and reap it. The keeper ends when Java does."""
        if self._keeper is None:
            return
        if self._pid:
            self._signal(signal.SIGKILL)
        else:
            self._keeper.kill()
        self._keeper.wait()
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            if pipe is not None:
                pipe.close()
        self._keeper, self._pid = None, 0


# Keepers that were let go: kept so that their handles are not taken for forgotten ones.
_LET_GO: list[subprocess.Popen[bytes]] = []
