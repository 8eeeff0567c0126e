"""The supervisor over small workers: who ends is replaced, who cannot begin is told of."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from graphql_api import supervisor
from graphql_api.supervisor import WorkerFailedError, supervise
from tests.support.live import until
from tests.support.workers import is_running, pids, work

if TYPE_CHECKING:
    from pathlib import Path


async def stop(supervising: asyncio.Task[None]) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    await supervising


async def test_all_are_ready_when_it_is_announced_and_gone_when_it_ends(tmp_path: Path) -> None:
    announced: list[set[int]] = []
    supervising = asyncio.create_task(
        supervise(3, partial(work, tmp_path), lambda: announced.append(pids(tmp_path)))
    )
    await until(lambda: bool(announced))
    assert len(announced[0]) == 3
    assert all(map(is_running, announced[0]))
    await stop(supervising)
    assert len(announced) == 1
    assert not any(map(is_running, announced[0]))


async def test_a_worker_that_ends_is_replaced_and_the_others_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    announced = asyncio.Event()
    supervising = asyncio.create_task(supervise(2, partial(work, tmp_path), announced.set))
    await announced.wait()
    killed, other = pids(tmp_path)
    os.kill(killed, signal.SIGKILL)
    await until(lambda: len(pids(tmp_path)) == 3)
    assert not is_running(killed)
    assert is_running(other)
    assert "was ended by SIGKILL; starting another." in caplog.text
    await stop(supervising)
    assert not any(map(is_running, pids(tmp_path)))


async def test_a_worker_that_cannot_be_replaced_is_tried_again_and_it_is_told_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.2)
    announced = asyncio.Event()
    supervising = asyncio.create_task(supervise(1, partial(work, tmp_path), announced.set))
    await announced.wait()
    (first,) = pids(tmp_path)
    (tmp_path / "fail").touch()
    os.kill(first, signal.SIGTERM)
    await until(lambda: caplog.text.count("Worker 1 cannot be replaced: The file is in the") > 1)
    (tmp_path / "crash").touch()
    (tmp_path / "fail").unlink()
    await until(lambda: "A worker ended with code 3 before it was ready. Trying" in caplog.text)
    (tmp_path / "crash").unlink()
    await until(lambda: len(pids(tmp_path)) == 2)
    await stop(supervising)


def test_pauses_grow_while_workers_fail_soon() -> None:
    pauses = [0.0]
    while len(pauses) < 8:
        pauses.append(supervisor.longer(pauses[-1]))
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("fail", "the file is in the way."),
        ("crash", "a worker ended with code 3 before it was ready."),
    ],
)
async def test_where_the_first_ones_cannot_begin_none_is_left(
    tmp_path: Path, wrong: str, message: str
) -> None:
    (tmp_path / wrong).touch()
    announced: list[None] = []
    with pytest.raises(WorkerFailedError) as failed:
        await supervise(2, partial(work, tmp_path), lambda: announced.append(None))
    assert str(failed.value) == message
    assert announced == []


async def test_a_worker_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    (tmp_path / "stubborn").touch()
    announced = asyncio.Event()
    supervising = asyncio.create_task(
        supervise(1, partial(work, tmp_path), announced.set, stop_timeout=0.2)
    )
    await announced.wait()
    await stop(supervising)
    assert not any(map(is_running, pids(tmp_path)))


async def test_it_can_be_stopped_while_workers_begin(tmp_path: Path) -> None:
    supervising = asyncio.create_task(supervise(2, partial(work, tmp_path), lambda: None))
    await asyncio.sleep(0)
    await stop(supervising)
    assert not any(map(is_running, pids(tmp_path)))
