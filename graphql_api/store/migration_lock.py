"""One server at a time changes the tables; where it dies, another takes over.

The lock is a row with a time to live, taken and renewed by lightweight transactions.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import cassandra
from cassandra.cluster import NoHostAvailable

from graphql_api.store.statements import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from cassandra.cluster import Session as DriverSession

TABLE = """
CREATE TABLE IF NOT EXISTS schema_lock (
  program text PRIMARY KEY, owner text
)"""
SECONDS = 60  # longer than any one statement may take
PATIENCE = 600.0
LOOK_SECONDS = 0.5
_PROGRAM = "partyfinder"


class LockLostError(Exception):
    """Another server holds the lock: this one was silent for too long, or waited too long."""


class Lock:
    """The right to change the tables of one keyspace.

    Args:
        session: is in that keyspace, which has the lock's table.
    """

    def __init__(self, session: DriverSession, report: Callable[[str], None]) -> None:
        self._session = session
        self._report = report
        self._owner = uuid4().hex

    def acquire(self) -> None:
        """Wait until nobody else has it.

        Raises:
            LockLostError: somebody has had it all the time.
        """
        deadline = time.monotonic() + PATIENCE
        has_told = False
        while not self._take():
            if time.monotonic() > deadline:
                raise LockLostError
            if not has_told:
                self._report("Waiting for another server that brings the tables up to date …")
                has_told = True
            time.sleep(LOOK_SECONDS)

    def renew(self) -> None:
        """Keep it for as long again.

        Raises:
            LockLostError: another server has it.
        """
        statement = (
            "UPDATE schema_lock USING TTL %s SET owner = %s WHERE program = %s IF owner = %s"
        )
        applied, owner = self._try(statement, (SECONDS, self._owner, _PROGRAM, self._owner))
        if not applied and owner != self._owner:
            raise LockLostError

    def release(self) -> None:
        """Let another server have it."""
        self._try(
            "DELETE FROM schema_lock WHERE program = %s IF owner = %s", (_PROGRAM, self._owner)
        )

    def _take(self) -> bool:
        statement = (
            "INSERT INTO schema_lock (program, owner) VALUES (%s, %s) IF NOT EXISTS USING TTL %s"
        )
        applied, owner = self._try(statement, (_PROGRAM, self._owner, SECONDS))
        return applied or owner == self._owner  # an attempt that seemed to fail may have been ours

    def _try(self, statement: str, parameters: tuple[Any, ...]) -> tuple[bool, str | None]:
        """Whether it applied, and who has the lock as far as the answer tells."""
        try:
            row = self._session.execute(
                statement, parameters, timeout=10, execution_profile=Profile.CONDITIONAL.value
            ).one()
        except (cassandra.Unauthorized, cassandra.InvalidRequest, NoHostAvailable):
            raise
        except (cassandra.DriverException, cassandra.RequestExecutionException):
            return False, None  # it is not known: the next attempt will tell
        return row["[applied]"], row.get("owner")
