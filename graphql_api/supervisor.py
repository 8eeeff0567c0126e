"""Keeps several processes of one program at work: whoever ends is replaced, until all are stopped.

A worker is stopped with SIGTERM, and gets one as well when its supervisor is gone, however that
ended. Knows nothing of servers: what a worker does is a function.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # Runs until SIGTERM: is given the number of the place it fills, from 1 on, and calls what it
    # is given next once it is at work. Raises WorkerFailedError where it cannot begin.
    Work = Callable[[int, Callable[[], None]], None]

LONGEST_PAUSE = 30.0  # seconds between two attempts to replace a worker
STEADY = 30.0  # a worker that was at work for so long is replaced at once
STOP_TIMEOUT = 20.0
logger = logging.getLogger(__name__)


class WorkerFailedError(Exception):
    """A worker could not begin; the message is its own sentence about it."""


async def supervise(
    count: int, work: Work, announce: Callable[[], None], stop_timeout: float = STOP_TIMEOUT
) -> None:
    """Keep `count` processes at work until SIGINT or SIGTERM, then stop them in order.

    Args:
        work: what a worker does; a function of a module, or a `partial` of one.
        announce: called once, when all of them are at work for the first time.
        stop_timeout: seconds that a worker has to end in order.

    Raises:
        WorkerFailedError: one of the first ones could not begin; none is left running.
    """
    workers = [Worker(number + 1, work, stop_timeout) for number in range(count)]
    living = asyncio.create_task(_live(workers, announce))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, living.cancel)
    try:
        await asyncio.wait({living})
    finally:
        await asyncio.gather(*(worker.stop() for worker in workers))
    if not living.cancelled():
        living.result()


async def _live(workers: list[Worker], announce: Callable[[], None]) -> None:
    try:
        async with asyncio.TaskGroup() as beginning:
            for worker in workers:
                beginning.create_task(worker.start())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    announce()
    async with asyncio.TaskGroup() as keeping:
        for worker in workers:
            keeping.create_task(worker.keep())


class Worker:
    """One place among the workers, filled by one process after another."""

    def __init__(self, number: int, work: Work, stop_timeout: float = STOP_TIMEOUT) -> None:
        self._number = number
        self._stop_timeout = stop_timeout
        self._work = work
        self._process: _Process | None = None

    async def start(self) -> None:
        """Start a process and wait until it is at work.

        Raises:
            WorkerFailedError: it could not begin.
        """
        self._process = _Process(partial(self._work, self._number))
        try:
            failure = await self._process.hear()
        except EOFError:
            failure = f"a worker {self._process.ending} before it was ready."
        if failure:
            raise WorkerFailedError(failure)
        logger.info("Worker %d is ready, process %d.", self._number, self._process.pid)

    async def keep(self) -> None:
        """Whenever the process ends, start another: at once, or later each time that it fails."""
        loop = asyncio.get_running_loop()
        pause = 0.0
        while self._process is not None:
            began = loop.time()
            await self._process.end()
            if loop.time() - began > STEADY:
                pause = 0.0
            logger.warning("Worker %d %s; starting another.", self._number, self._process.ending)
            pause = await self._replace(pause)

    async def _replace(self, pause: float) -> float:
        """Start another process after a pause in seconds; returns the pause before the next one."""
        while True:
            await asyncio.sleep(pause)
            pause = longer(pause)
            try:
                await self.start()
            except WorkerFailedError as error:
                logger.error(  # noqa: TRY400  # a sentence is enough
                    "Worker %d cannot be replaced: %s Trying again in %.0f s.",
                    self._number,
                    str(error)[:1].upper() + str(error)[1:],
                    pause,
                )
                await self.stop()
            else:
                return pause

    async def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            await self._process.stop(self._stop_timeout)


def longer(pause: float) -> float:
    """The pause after one that did not help, in seconds."""
    return min(LONGEST_PAUSE, 2 * pause or 1.0)


class _Process:
    """A process and what it tells; it runs from the beginning on."""

    def __init__(self, work: Callable[[Callable[[], None]], None]) -> None:
        self._channel, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("spawn")  # a fork would have half of our threads
        self._process = context.Process(target=_run, args=(work, theirs), daemon=True)
        with _ignoring_ctrl_c():
            self._process.start()
        theirs.close()

    async def hear(self) -> str:
        """What it tells: nothing when it is at work, or why it cannot begin.

        Raises:
            EOFError: it has ended.
        """
        if not self._channel.closed:
            await _readable(self._channel)
            try:
                told: str = self._channel.recv()
            except EOFError:
                self._channel.close()
            else:
                return told
        self._process.join()
        raise EOFError

    async def end(self) -> None:
        """Wait until it has ended."""
        while True:
            try:
                await self.hear()
            except EOFError:
                return

    async def stop(self, timeout: float) -> None:
        """End it in order, or after some time in any way."""
        self._process.terminate()
        try:
            async with asyncio.timeout(timeout):
                await self.end()
        except TimeoutError:
            self._process.kill()
            await self.end()

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._process.pid or 0

    @property
    def ending(self) -> str:
        """How it ended."""
        code = self._process.exitcode or 0
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with code {code}"


async def _readable(channel: Connection) -> None:
    """Wait until something is told, or the other side is gone."""
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(channel.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(channel.fileno())


@contextmanager
def _ignoring_ctrl_c() -> Iterator[None]:
    """What is started here ignores SIGINT, which a terminal sends to every process of a program."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _run(work: Callable[[Callable[[], None]], None], channel: Connection) -> None:
    """A worker's life."""
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    try:
        work(partial(channel.send, ""))
    except WorkerFailedError as error:
        channel.send(str(error))


def _end_with_supervisor() -> None:
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        wait([supervisor.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
