"""One connected keyspace: prepares every statement once, executes them, translates failures."""

from __future__ import annotations

import asyncio
from functools import partial
from time import time_ns
from typing import TYPE_CHECKING, Any, TypeVar

from cassandra.query import BatchStatement, BatchType

from graphql_api.deadlines import remaining
from graphql_api.errors import DatabaseUnavailableError
from graphql_api.journal import ANSWERED, kept
from graphql_api.store import statements
from graphql_api.store.bridge import Bridge, Rows
from graphql_api.store.connection import count_open
from graphql_api.store.failures import is_overloaded, pauses, translate
from graphql_api.store.proposals import Proposals
from graphql_api.store.reads import Reads, as_it_is
from graphql_api.store.statements import Profile
from graphql_api.store.tally import Outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cassandra.cluster import Session as DriverSession
    from cassandra.query import PreparedStatement

    from graphql_api.store.statements import Statement

Value = TypeVar("Value")
_SHARED = frozenset(each for each in statements.ALL if each.is_shared)
Bound = tuple["Statement", tuple[Any, ...]]


class Session:
    """Executes the statements of `statements.py` in one keyspace.

    Attributes:
        tally: how statements ended, by their names.

    Args:
        driver: a connected session of the driver.
        timeout: seconds that a statement may take unless its caller says otherwise.
        reads_in_flight: how many reads may be under way; further ones wait in order.
        reads_waiting: how many may wait; further ones are refused.
        joins_pushes: whether a turn's reads are handed to the driver in one piece.
    """

    def __init__(
        self,
        driver: DriverSession,
        timeout: float,
        reads_in_flight: int = 1024,
        reads_waiting: int = 10_000,
        *,
        joins_pushes: bool = True,
    ) -> None:
        self._driver = driver
        self._timeout = timeout
        self._bridge = Bridge(asyncio.get_running_loop())
        self._read_options: dict[str, Any] = {
            "most_in_flight": reads_in_flight,
            "most_waiting": reads_waiting,
            "joins_pushes": joins_pushes,
        }
        self._reads = self._reads_of(driver)
        self._proposals = self._proposals_of(driver)
        self._prepared: dict[Statement, PreparedStatement] = {}
        self._explain = {each: partial(translate, each, conditional=False) for each in _SHARED}
        each_one = (*statements.ALL, statements.CONDITIONAL_BATCH, statements.PLAIN_BATCH)
        self.tally = {each.name: Outcomes() for each in each_one}

    @property
    def reads(self) -> Reads:
        """Those under way, and what waits."""
        return self._reads

    def quickest_read(self) -> float:
        """How long the quickest read took of those answered since this was last asked, or 0."""
        return self._reads.quickest()

    @property
    def nodes_connected(self) -> int:
        """How many nodes there is an open connection to."""
        return count_open(self._driver)

    async def prepare(self) -> None:
        """Prepare every statement.

        Raises:
            RejectedError: the tables are not those of this program's migrations.
        """
        self._prepared = await self._prepare_all(self._driver)

    async def move_to(self, driver: DriverSession) -> None:
        """Send everything through another session of the driver from now on.

        What is under way stays with the one before, which its owner closes.

        Raises:
            PartyfinderError: that one does not serve; nothing was moved.
        """
        prepared = await self._prepare_all(driver)
        self._driver, self._reads, self._prepared = driver, self._reads_of(driver), prepared
        self._proposals = self._proposals_of(driver)

    def _reads_of(self, driver: DriverSession) -> Reads:
        return Reads(driver, self._bridge, Profile.PLAIN.value, **self._read_options)

    def _proposals_of(self, driver: DriverSession) -> Proposals:
        joins_pushes = self._read_options["joins_pushes"]
        profile = Profile.CONDITIONAL.value
        return Proposals(driver, self._bridge, profile, joins_pushes=joins_pushes)

    async def _prepare_all(self, driver: DriverSession) -> dict[Statement, PreparedStatement]:
        async def prepare(statement: Statement) -> PreparedStatement:
            try:
                return await asyncio.to_thread(driver.prepare, statement.cql)
            except Exception as error:
                raise translate(statement, error, conditional=False) from error

        return dict(
            zip(statements.ALL, await asyncio.gather(*map(prepare, statements.ALL)), strict=True)
        )

    async def execute(
        self, statement: Statement, parameters: tuple[Any, ...], timeout: float | None = None
    ) -> Rows:
        """The rows that answer a statement without a condition.

        Raises:
            PartyfinderError: the database did not answer, in time or at all.
        """
        if statement in _SHARED:
            return await self.read(statement, as_it_is, parameters, timeout)
        bound = self._prepared[statement].bind(parameters)
        for pause in pauses():
            try:
                return await self._send(statement, bound, timeout)
            except Exception as error:
                if pause is None or not is_overloaded(error):
                    raise self._failure(statement, error) from error
                await asyncio.sleep(pause)
        raise AssertionError  # after the last attempt there is no pause

    def read(
        self,
        statement: Statement,
        decode: Callable[[Rows], Value],
        parameters: tuple[Any, ...],
        timeout: float | None = None,
    ) -> asyncio.Future[Value]:
        """What `decode` makes of the rows of a shared read, which starts when this turn ends.

        The future's exception is a PartyfinderError: the database did not answer, in time or at
        all.
        """
        prepared, explain = self._prepared[statement], self._explain[statement]
        seconds = remaining(self._timeout if timeout is None else timeout)
        answer = self._reads.read(
            prepared, parameters, seconds, decode, explain, self.tally[statement.name]
        )
        journal = kept()
        if journal is not None:
            journal.watch(statement.name, answer)
        return answer

    async def apply(
        self, parts: Sequence[Bound], timeout: float | None = None
    ) -> list[dict[str, Any]]:
        """Send conditional statements of one partition as one batch.

        Returns:
            What Cassandra answers: one row with `[applied]` true; or false, and then each row that
            stood in the way with all its columns.

        Raises:
            AmbiguousError: it may have been applied, or may be yet.
            PartyfinderError: it was not applied, and never will be.
        """
        if not count_open(self._driver):
            raise DatabaseUnavailableError  # nothing is sent, so nothing is in doubt
        prepared = [(self._prepared[statement], parameters) for statement, parameters in parts]
        try:
            return await self._timed(
                statements.CONDITIONAL_BATCH, lambda: self._proposals.send(prepared), timeout
            )
        except Exception as error:
            raise self._failure(statements.CONDITIONAL_BATCH, error) from error

    async def load(self, parts: Sequence[Bound], timeout: float | None = None) -> None:
        """Send plain writes in one piece; where some of them fail, others may have been made.

        Raises:
            PartyfinderError: the database did not answer, in time or at all.
        """
        batch = BatchStatement(BatchType.UNLOGGED)
        for statement, parameters in parts:
            batch.add(self._prepared[statement].bind(parameters))
        try:
            await self._send(statements.PLAIN_BATCH, batch, timeout)
        except Exception as error:
            raise self._failure(statements.PLAIN_BATCH, error) from error

    def _failure(self, statement: Statement, error: Exception) -> Exception:
        is_conditional = statement.profile is Profile.CONDITIONAL
        failure = translate(statement, error, conditional=is_conditional)
        self.tally[statement.name].fail(failure)
        return failure

    async def _send(self, statement: Statement, bound: Any, timeout: float | None) -> list[Any]:
        def send() -> asyncio.Future[Rows]:
            profile = statement.profile.value
            sent = self._driver.execute_async(bound, timeout=None, execution_profile=profile)
            return self._bridge.answer(sent)

        return await self._timed(statement, send, timeout)

    async def _timed(
        self,
        statement: Statement,
        send: Callable[[], asyncio.Future[list[Any]]],
        timeout: float | None,
    ) -> list[Any]:
        """The rows of what is sent, if they come in time; counted, and noted for who asks."""
        seconds = remaining(self._timeout if timeout is None else timeout)
        if seconds <= 0:
            raise TimeoutError
        journal, began = kept(), time_ns()
        outcome = "failed"
        try:
            async with asyncio.timeout(seconds):
                rows = await send()
            outcome = ANSWERED
        finally:
            if journal is not None:
                journal.note(statement.name, began, outcome)
        self.tally[statement.name].answered += 1
        return rows
