"""One Cassandra node: everything from nothing to answering CQL, and back."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from graphql_api.embedded import archive, command, config, directory, failure, keeper, ports
from graphql_api.embedded.errors import EmbeddedCassandraError, storage_error
from graphql_api.embedded.jars import ensure_jars
from graphql_api.embedded.java import find_java
from graphql_api.embedded.kept import KeptJava
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
        self._console = Log(self.log_path.with_name("console.log"))
        self._class_list = self.settings.directory / "tmp" / "classes.lst"
        self._ports = config.Ports(settings.cql_port or 0, settings.storage_port or 0)
        self._java: KeptJava | None = None
        self._ending = threading.Lock()

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
        java = self._java
        return java.pid if java and java.is_running() else 0

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
        self.stop()  # reaps one that died
        try:
            # The keeper and Java inherit the locks; ours are closed once they have them.
            with ExitStack() as locks:
                self._launch(self._take_directory(locks), locks)
            self._wait_until_ready()
        except OSError as problem:
            self.stop()
            raise storage_error(problem, self.settings.directory) from problem
        except BaseException:  # Ctrl-C too: no half-started node stays behind
            self.stop()
            raise
        self._make_archive()

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Have the node write down what it holds in memory and end; kill it after `timeout` s."""
        with self._ending:
            if self._java:
                self._java.stop(timeout)
                self._java = None

    def kill(self) -> None:
        """End the node with SIGKILL, as a crash would."""
        with self._ending:
            if self._java:
                self._java.kill()
                self._java = None

    def freeze(self) -> None:
        """Stop the process in its tracks (SIGSTOP): connections stay open and nothing answers."""
        if self._java:
            self._java.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen node go on."""
        if self._java:
            self._java.signal(signal.SIGCONT)

    def is_running(self) -> bool:
        """Say whether the process lives; a frozen one does."""
        java = self._java
        return java is not None and java.is_running()

    def log_text(self) -> str:
        """Return what the node has logged since its last start."""
        return self._log.text()

    def let_go(self) -> None:
        """Let the node outlive this process; `background` finds it again by its directory."""
        with self._ending:
            if self._java:
                self._record(self._java, background=True)
                self._java.let_go()
                self._java = None

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
        self.report("Looking for Java 11 or 17")
        java = find_java()
        jars = ensure_jars(self.report)
        held = [lock, *self._reserve_ports(locks)]
        config.write(self.settings, self._ports, self.log_path)
        self._log = self._log.from_here()
        self.report(f"Starting Cassandra {CASSANDRA_VERSION}", f"on Java {java.version}")
        more, job = self._class_archive(java, jars)
        plan = keeper.Plan(
            command=command.command(self.settings, java, jars, self.log_path, more),
            directory=str(self.settings.directory),
            console=str(self._console.path),
            locks=held,
            parent=os.getpid(),
            archive=job,
        )
        self._java = KeptJava(plan, complaints=self.log_path.with_name("keeper.log"))
        self._record(self._java, background=False)

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
        with suppress(OSError):  # there is no list unless classes were recorded
            archive.trim(self._class_list)
            if self._java:
                self._java.order(keeper.MAKE_ARCHIVE)

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

    def _record(self, java: KeptJava, *, background: bool) -> None:
        record = directory.Record(
            java_pid=java.pid,
            keeper_pid=java.keeper_pid,
            owner_pid=os.getpid(),
            address=self.address,
            cql_port=self.cql_port,
            background=background,
        )
        directory.write_record(self.settings.directory, record)
