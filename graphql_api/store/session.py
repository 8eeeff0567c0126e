"""One connected keyspace: prepares every statement once, executes them, translates failures."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from cassandra.query import BatchStatement, BatchType

from graphql_api.deadlines import remaining
from graphql_api.store import statements
from graphql_api.store.bridge import Bridge, Rows
from graphql_api.store.failures import translate
from graphql_api.store.reads import Reads, as_it_is
from graphql_api.store.statements import Profile

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
        self._reads = Reads(
            driver,
            self._bridge,
            Profile.PLAIN.value,
            reads_in_flight,
            reads_waiting,
            joins_pushes=joins_pushes,
        )
        self._prepared: dict[Statement, PreparedStatement] = {}
        self._explain = {each: partial(translate, each, conditional=False) for each in _SHARED}

    async def prepare(self) -> None:
        """Prepare every statement.

        Raises:
            RejectedError: the tables are not those of this program's migrations.
        """
        await asyncio.gather(*(self._prepare(statement) for statement in statements.ALL))

    async def _prepare(self, statement: Statement) -> None:
        try:
            prepared = await asyncio.to_thread(self._driver.prepare, statement.cql)
        except Exception as error:
            raise translate(statement, error, conditional=False) from error
        self._prepared[statement] = prepared

    async def execute(
        self, statement: Statement, parameters: tuple[Any, ...], timeout: float | None = None
    ) -> Rows:
        """The rows that answer a statement without a condition.

        Raises:
            PartyfinderError: the database did not answer, in time or at all.
        """
        if statement in _SHARED:
            return await self.read(statement, as_it_is, parameters, timeout)
        prepared = self._prepared[statement]
        try:
            return await self._send(statement, prepared.bind(parameters), timeout)
        except Exception as error:
            raise translate(statement, error, conditional=False) from error

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
        return self._reads.read(prepared, parameters, seconds, decode, explain)

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
        batch = self._batch(BatchType.LOGGED, parts)
        try:
            return await self._send(statements.CONDITIONAL_BATCH, batch, timeout)
        except Exception as error:
            raise translate(statements.CONDITIONAL_BATCH, error, conditional=True) from error

    async def load(self, parts: Sequence[Bound], timeout: float | None = None) -> None:
        """Send plain writes in one piece; where some of them fail, others may have been made.

        Raises:
            PartyfinderError: the database did not answer, in time or at all.
        """
        batch = self._batch(BatchType.UNLOGGED, parts)
        try:
            await self._send(statements.PLAIN_BATCH, batch, timeout)
        except Exception as error:
            raise translate(statements.PLAIN_BATCH, error, conditional=False) from error

    def _batch(self, kind: BatchType, parts: Sequence[Bound]) -> BatchStatement:
        batch = BatchStatement(kind)
        for statement, parameters in parts:
            batch.add(self._prepared[statement].bind(parameters))
        return batch

    async def _send(self, statement: Statement, bound: Any, timeout: float | None) -> list[Any]:
        seconds = remaining(self._timeout if timeout is None else timeout)
        if seconds <= 0:
            raise TimeoutError
        sent = self._driver.execute_async(
            bound, timeout=None, execution_profile=statement.profile.value
        )
        return await self._bridge.wait(sent, seconds)
