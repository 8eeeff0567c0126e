"""A small process between a program and its Java: Java ends when the program does, however it ends.

Run as a script, on the standard library alone, with a plan in its one argument. The program
holds the other end of the keeper's standard input: a line there asks for something (see the
constants), the end of it means that the program is gone. Java itself is tied to the keeper:
where the system can (Linux), it is killed with it. The keeper lives in a session of its own, so
that Ctrl-C in a terminal reaches neither before the program stops them in order.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable

LET_GO = b"let go"
MAKE_ARCHIVE = b"make archive"
GRACE_SECONDS = 10.0  # between asking Java to stop and killing it
LOOK_SECONDS = 1.0  # how often to see whether the parent is still the same
PR_SET_PDEATHSIG = 1
LOWEST_PRIORITY = 19


class ArchiveJob(TypedDict):
    """How to make a class archive, see `archive`."""

    command: list[str]
    made: str  # the file that the command writes
    place: str  # where it goes when it is complete


class Plan(TypedDict):
    """What the keeper is told."""

    command: list[str]
    directory: str
    console: str  # the file for what Java prints
    locks: list[int]  # open locks on the node's directory and ports
    parent: int  # the program's process id
    archive: ArchiveJob | None  # to be made when the program says so


def main() -> int:
    """Run the plan's command until it ends, or the program that ordered it does."""
    plan: Plan = json.loads(sys.argv[1])
    wake = _signals()
    try:
        java = _start(plan)
    except OSError as problem:
        print(f"error {problem.strerror or problem}", flush=True)  # noqa: T201 - its one answer
        return 1
    print(f"pid {java.pid}", flush=True)  # noqa: T201 - the answer that is waited for
    watch = Watch(java, wake, plan)
    if watch.until_the_end():
        _stop(java)
    watch.abandon_archive()
    code = java.wait()
    return code if code >= 0 else 128 - code


def _signals() -> int:
    """Let a child's end and a request to stop wake us up; a terminal's signals are not for us."""
    wake, wakened = os.pipe()
    for end in (wake, wakened):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wakened, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return wake


def _start(plan: Plan) -> subprocess.Popen[bytes]:
    with open(plan["console"], "wb") as console:  # noqa: PTH123 - pathlib is slow to import
        return subprocess.Popen(  # noqa: S603 - the command that the program composed
            plan["command"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            cwd=plan["directory"],
            # The locks are held for as long as Java holds these open.
            pass_fds=plan["locks"],
            preexec_fn=_tie_to_parent(),  # noqa: PLW1509 - there are no threads here
        )


def _tie_to_parent(niceness: int = 0) -> Callable[[], None]:
    """Return what a child of ours runs to be killed when we die, even by SIGKILL."""
    keeper = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def tie() -> None:
        os.nice(niceness)
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:  # we died before the tie was made
            os._exit(1)

    return tie


class Watch:
    """Waits for the end of Java or of the program, and does what the program asks for meanwhile."""

    def __init__(self, java: subprocess.Popen[bytes], wake: int, plan: Plan) -> None:
        self.java, self.wake, self.plan = java, wake, plan
        self.tied = True
        self.archiver: subprocess.Popen[bytes] | None = None

    def until_the_end(self) -> bool:
        """Wait; True if Java is to be stopped, False if it ended."""
        orders = sys.stdin.fileno()
        while self.java.poll() is None:
            kept = [self.wake, orders] if self.tied else [self.wake]
            ready, _, _ = select.select(kept, [], [], LOOK_SECONDS)
            if self.wake in ready and signal.SIGTERM in os.read(self.wake, 1024):
                return True
            if orders in ready and not self._obey(os.read(orders, 1024)):
                return True
            # A child that the program forked may hold our input open after the program's end.
            if self.tied and os.getppid() != self.plan["parent"]:
                return True
            self._keep_archive()
        return False

    def _obey(self, orders: bytes) -> bool:
        """Do what the lines say; False if there are none, as the program is gone."""
        if MAKE_ARCHIVE in orders.splitlines() and self.plan["archive"]:
            self.archiver = subprocess.Popen(  # noqa: S603 - the command that the program composed
                self.plan["archive"]["command"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=_tie_to_parent(LOWEST_PRIORITY),  # noqa: PLW1509 - as above
            )
        self.tied = self.tied and LET_GO not in orders.splitlines()
        return bool(orders)

    def _keep_archive(self) -> None:
        """Put the archive where it belongs once it is complete."""
        if self.archiver and self.archiver.poll() == 0 and self.plan["archive"]:
            with contextlib.suppress(OSError):
                os.replace(self.plan["archive"]["made"], self.plan["archive"]["place"])  # noqa: PTH105
            self.archiver = None

    def abandon_archive(self) -> None:
        """Make sure that nothing of an archive stays behind that is not complete."""
        if self.archiver and self.plan["archive"]:
            self.archiver.kill()
            self.archiver.wait()
            with contextlib.suppress(OSError):
                os.unlink(self.plan["archive"]["made"])  # noqa: PTH108


def _stop(java: subprocess.Popen[bytes]) -> None:
    java.send_signal(signal.SIGCONT)  # a frozen process takes no other signal but SIGKILL
    java.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        java.wait(GRACE_SECONDS)
    java.kill()


if __name__ == "__main__":
    sys.exit(main())
