"""Nothing outlives what it belongs to: `sleep` plays Java, so that each end is tried in no time."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from graphql_api.embedded import EmbeddedCassandraError, directory, keeper
from graphql_api.embedded.kept import KeptJava

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Program = subprocess.Popen[str]
MANY = 1_100  # open files, more than select() can tell apart

# A program that starts a keeper as `Node` does, tells both process ids, and then waits.
PROGRAM = """
import json, os, subprocess, sys, time
plan = json.loads(sys.argv[1])
plan["parent"] = os.getpid()
kept = subprocess.Popen(
    [sys.executable, "-I", "-S", plan.pop("keeper"), json.dumps(plan)],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=plan["locks"], start_new_session=True,
)
os.close(plan["locks"][0])
print(kept.pid, kept.stdout.readline().decode().split()[1], flush=True)
for line in sys.stdin:
    exec(line)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., tuple[Program, int, int]]]:
    programs: list[Program] = []

    def start(archive: object = None) -> tuple[Program, int, int]:
        lock = directory.lock(tmp_path)
        plan = {
            "keeper": keeper.__file__,
            "command": ["sleep", "60"],
            "console": str(tmp_path / "console.log"),
            "directory": str(tmp_path),
            "locks": [lock],
            "archive": archive,
        }
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=(lock,),
        )
        os.close(lock)
        programs.append(program)
        assert program.stdout is not None
        keeper_pid, java_pid = map(int, program.stdout.readline().split())
        return program, keeper_pid, java_pid

    yield start
    for program in programs:
        program.kill()
        program.communicate()


def gone(pid: int, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        # An orphan that has ended stays a zombie for as long as the machine's init likes.
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if state.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.02)
    return False


def tell(program: Program, line: str) -> None:
    assert program.stdin is not None
    program.stdin.write(line + "\n")
    program.stdin.flush()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_java_ends_with_its_program(
    start: Callable[..., tuple[Program, int, int]], tmp_path: Path, number: signal.Signals
) -> None:
    program, keeper_pid, java_pid = start()
    assert directory.in_use(tmp_path)
    program.send_signal(number)
    program.wait()
    assert gone(java_pid)
    assert gone(keeper_pid)
    assert not directory.in_use(tmp_path)


def test_a_frozen_java_ends_with_its_program(
    start: Callable[..., tuple[Program, int, int]],
) -> None:
    program, _, java_pid = start()
    os.kill(java_pid, signal.SIGSTOP)
    program.kill()
    assert gone(java_pid)


def test_a_forked_child_that_holds_the_pipe_open_keeps_nothing_alive(
    start: Callable[..., tuple[Program, int, int]],
) -> None:
    program, _, java_pid = start()
    assert program.stdout is not None
    tell(program, "child = os.fork() or time.sleep(30); print(child, flush=True)")
    child = int(program.stdout.readline())
    program.kill()
    assert gone(java_pid)
    os.kill(child, signal.SIGKILL)


def test_a_program_with_many_open_files_has_java_too(tmp_path: Path) -> None:
    lock = directory.lock(tmp_path)
    plan = keeper.Plan(
        command=["sleep", "60"],
        directory=str(tmp_path),
        console=str(tmp_path / "console.log"),
        locks=[lock],
        parent=os.getpid(),
        archive=None,
    )
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * MANY, limits[1]))
    with ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        for _ in range(MANY):
            opened.callback(os.close, os.dup(lock))
        java = KeptJava(plan, tmp_path / "complaints")
        assert java.is_running()
        java.kill()
    os.close(lock)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent")
def test_java_ends_with_its_keeper(
    start: Callable[..., tuple[Program, int, int]], tmp_path: Path
) -> None:
    _, keeper_pid, java_pid = start()
    os.kill(keeper_pid, signal.SIGKILL)
    assert gone(java_pid)
    assert not directory.in_use(tmp_path)


def test_the_keeper_ends_with_java(start: Callable[..., tuple[Program, int, int]]) -> None:
    program, _, java_pid = start()
    os.kill(java_pid, signal.SIGKILL)
    assert program.stdout is not None
    tell(program, "print(kept.wait(), flush=True)")
    assert int(program.stdout.readline()) == 128 + signal.SIGKILL


def test_a_keeper_that_is_asked_to_end_stops_java_first(
    start: Callable[..., tuple[Program, int, int]],
) -> None:
    _, keeper_pid, java_pid = start()
    os.kill(keeper_pid, signal.SIGTERM)
    assert gone(java_pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_a_terminal_sends_is_ignored(
    start: Callable[..., tuple[Program, int, int]], number: signal.Signals
) -> None:
    _, keeper_pid, java_pid = start()
    assert os.getsid(keeper_pid) == os.getsid(java_pid) == keeper_pid
    for pid in (keeper_pid, java_pid):
        os.kill(pid, number)
    assert not gone(java_pid, within=0.3)


def test_what_was_let_go_outlives_its_program(
    start: Callable[..., tuple[Program, int, int]], tmp_path: Path
) -> None:
    program, keeper_pid, java_pid = start()
    tell(
        program, r"kept.stdin.write(b'let go\n'); kept.stdin.close(); time.sleep(0.2); os._exit(0)"
    )
    program.wait()
    assert not gone(java_pid, within=1.5)
    assert directory.in_use(tmp_path)
    os.kill(keeper_pid, signal.SIGTERM)
    assert gone(java_pid)


@pytest.mark.parametrize(
    ("script", "kept"), [("echo it > made", True), ("echo it > made; exit 1", False)]
)
def test_an_archive_is_put_in_place_once_it_is_complete(
    start: Callable[..., tuple[Program, int, int]], tmp_path: Path, script: str, *, kept: bool
) -> None:
    made, place = tmp_path / "made", tmp_path / "place"
    job = {
        "command": ["sh", "-c", f"cd {tmp_path}; {script}"],
        "made": str(made),
        "place": str(place),
    }
    program, _, java_pid = start(archive=job)
    tell(program, r"kept.stdin.write(b'make archive\n'); kept.stdin.flush()")
    deadline = time.monotonic() + 5
    while not place.exists() and time.monotonic() < deadline and (kept or not made.exists()):
        time.sleep(0.02)
    program.kill()
    assert gone(java_pid)
    assert place.exists() is kept


def test_an_unfinished_archive_ends_with_the_program(
    start: Callable[..., tuple[Program, int, int]], tmp_path: Path
) -> None:
    made, place = tmp_path / "made", tmp_path / "place"
    script = f"echo $$ > {made}; exec sleep 60"
    job = {"command": ["sh", "-c", script], "made": str(made), "place": str(place)}
    program, keeper_pid, _ = start(archive=job)
    tell(program, r"kept.stdin.write(b'make archive\n'); kept.stdin.flush()")
    deadline = time.monotonic() + 5
    while not (made.exists() and made.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    archiver = int(made.read_text())
    program.kill()
    assert gone(keeper_pid)
    assert gone(archiver)
    assert not made.exists()
    assert not place.exists()


def test_a_directory_is_for_one_node_at_a_time(tmp_path: Path) -> None:
    assert not directory.in_use(tmp_path)
    lock = directory.lock(tmp_path)
    assert directory.in_use(tmp_path)
    with pytest.raises(EmbeddedCassandraError) as refusal:
        directory.lock(tmp_path)
    assert str(refusal.value) == (
        f"A Cassandra is already starting or stopping in {tmp_path}. Wait a moment."
    )
    os.close(lock)
    os.close(directory.lock(tmp_path))
    assert not directory.in_use(tmp_path)
