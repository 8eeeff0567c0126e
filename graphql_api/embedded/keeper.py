"""A small process between a program and its Java: Java ends when the program does, however it ends.

Run as a script, on the standard library alone, with a plan in its one argument. The program
holds the other end of the keeper's standard input: a line "let go" there makes the node
independent, the end of it means that the program is gone. Java itself is tied to the keeper:
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

LET_GO = b"let go\n"
GRACE_SECONDS = 10.0  # between asking Java to stop and killing it
LOOK_SECONDS = 1.0  # how often to see whether the parent is still the same
PR_SET_PDEATHSIG = 1


class Plan(TypedDict):
    """What the keeper is told."""

    command: list[str]
    directory: str
    console: str  # the file for what Java prints
    locks: list[int]  # open locks on the node's directory and ports
    parent: int  # the program's process id


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
    if _watch(java, wake, plan["parent"]):
        _stop(java)
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


def _tie_to_parent() -> Callable[[], None]:
    """Return what a child of ours runs to be killed when we die, even by SIGKILL."""
    keeper = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def tie() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:  # we died before the tie was made
            os._exit(1)

    return tie


def _watch(java: subprocess.Popen[bytes], wake: int, parent: int) -> bool:
    """Wait; True if Java is to be stopped, False if it ended."""
    kept = [sys.stdin.fileno(), wake]
    while java.poll() is None:
        ready, _, _ = select.select(kept, [], [], LOOK_SECONDS)
        if wake in ready and signal.SIGTERM in os.read(wake, 1024):
            return True
        if sys.stdin.fileno() in ready:
            if os.read(sys.stdin.fileno(), 1024) != LET_GO:
                return True
            kept = [wake]
        # A child that the program forked may hold our input open after the program's end.
        if len(kept) > 1 and os.getppid() != parent:
            return True
    return False


def _stop(java: subprocess.Popen[bytes]) -> None:
    java.send_signal(signal.SIGCONT)  # a frozen process takes no other signal but SIGKILL
    java.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        java.wait(GRACE_SECONDS)
    java.kill()


if __name__ == "__main__":
    sys.exit(main())
