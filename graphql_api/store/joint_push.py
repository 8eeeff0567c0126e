"""Requests of one loop turn, encoded into one buffer per connection and sent at once.

The driver's ordinary path makes a future, a query plan and a timer per request; a page of a city
costs more there than in Cassandra. This path keeps the driver's connections and their bookkeeping,
and its encoding of values. It takes prepared statements, on healthy connections; everything unusual
(errors of what may be sent twice, paging, a connection that is going away) is the ordinary path's.
It rests on inner names of the driver, which `supports` checks before it is used.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cassandra.pool import HostConnection

from graphql_api.store import wire
from graphql_api.store.loop_connection import LoopConnection
from graphql_api.store.wire import EXECUTE, Form, UnusualError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cassandra.cluster import Session as DriverSession
    from cassandra.query import PreparedStatement

    from graphql_api.store.bridge import Bridge

logger = logging.getLogger(__name__)

_CONNECTION = (
    "get_request_id",
    "request_ids",
    "lock",
    "in_flight",
    "max_request_id",
    "is_defunct",
    "is_closed",
    "orphaned_threshold_reached",
)
_POOL = ("_get_connection", "return_connection")


def supports(session: DriverSession) -> bool:
    """Whether this driver is built as this path expects."""
    pools = getattr(session, "_pools", {}).values()
    expected = wire.HAS_PARSER and bool(pools) and all(_is_expected(pool) for pool in pools)
    if not expected:
        logger.warning("this cassandra-driver is built otherwise: reads take its ordinary path")
    return expected


def _is_expected(pool: Any) -> bool:
    connection: Any = getattr(pool, "_connection", None)
    return (
        isinstance(pool, HostConnection)
        and all(hasattr(pool, name) for name in _POOL)
        and isinstance(connection, LoopConnection)
        and all(hasattr(connection, name) for name in _CONNECTION)
        and connection.protocol_version == wire.VERSION
        and connection.compressor is None
        and isinstance(getattr(connection, "_socket_writable", None), bool)
        and not getattr(connection, "_is_checksumming_enabled", True)
    )


class Request(ABC):
    """What is sent, and where it belongs.

    Args:
        form: of the statement whose parameters lead to a partition; None for the ordinary path.
        body: as `wire.py` makes it, for a message of this `opcode`.
    """

    __slots__ = ("_bridge", "body", "form", "parameters")
    opcode = EXECUTE

    def __init__(
        self, form: Form | None, parameters: tuple[Any, ...], body: bytes, bridge: Bridge
    ) -> None:
        self.form = form
        self.parameters = parameters
        self.body = body
        self._bridge = bridge

    @abstractmethod
    def receive(self, rows: Any, error: BaseException | None) -> None:
        """Take rows and None, or None and an exception, in the loop.

        With `UnusualError` the ordinary path is to be taken.
        """

    @abstractmethod
    def rows_of(self, opcode: int, flags: int, body: bytes) -> Any:
        """The rows of an answer.

        Raises:
            Exception: there are none.
        """

    def answer(self, opcode: int, flags: int, body: bytes) -> None:
        """Take the answer as it came; called in the loop."""
        try:
            rows = self.rows_of(opcode, flags, body)
        except Exception as error:  # noqa: BLE001  # told to whoever asked
            self.receive(None, error)
        else:
            self.receive(rows, None)

    def lose(self) -> None:
        """There will be no answer; called on any thread."""
        self._bridge.hand_over(self.receive, None, self.loss())

    def loss(self) -> BaseException:
        """What to tell when there will be no answer."""
        return UnusualError()


Sent = TypeVar("Sent", bound=Request)


class _Routed(NamedTuple):
    """What the load balancing policy looks at of a statement."""

    routing_key: bytes
    keyspace: str


class JointPush:
    """Sends prepared statements of one execution profile.

    Args:
        session: a session that `supports` this.
        profile: the name of an execution profile.
    """

    def __init__(self, session: DriverSession, profile: str) -> None:
        settings = session.get_execution_profile(profile)
        self._session = session
        self._consistency = settings.consistency_level
        self._serial_consistency = settings.serial_consistency_level
        self._policy = settings.load_balancing_policy
        self._forms: dict[PreparedStatement, Form] = {}

    def form(self, prepared: PreparedStatement) -> Form:
        """What its requests have in common."""
        form = self._forms.get(prepared)
        if form is None:
            form = self._forms[prepared] = Form(prepared, self._consistency)
        return form

    def batch(self, parts: Sequence[tuple[PreparedStatement, tuple[Any, ...]]]) -> bytes:
        """The body of a logged batch; see `Form.body` for what is raised."""
        encoded = [self.form(prepared).part(parameters) for prepared, parameters in parts]
        return wire.batch(encoded, self._consistency, self._serial_consistency)

    def send(self, requests: Iterable[Sent]) -> list[Sent]:
        """Send what can be sent this way; the rest is returned, and nothing of it was sent."""
        by_pool: dict[Any, list[Sent]] = {}
        for request in requests:
            by_pool.setdefault(self._pool(request), []).append(request)
        rest = by_pool.pop(None, [])
        for pool, group in by_pool.items():
            if not _push(pool, group):
                rest += group
        return rest

    def _pool(self, request: Request) -> Any:
        """The pool of the host that the load balancing policy would ask first."""
        pools = self._session._pools  # noqa: SLF001
        if len(pools) == 1:
            return next(iter(pools.values()), None)
        keyspace = self._session.keyspace
        assert request.form is not None  # noqa: S101  # or it is not sent this way
        routed = _Routed(request.form.routing_key(request.parameters), keyspace)
        for host in self._policy.make_query_plan(keyspace, routed):
            return pools.get(host)
        return None


def _push(pool: Any, group: Sequence[Request]) -> bool:
    try:
        connection = pool._get_connection()  # noqa: SLF001
    except Exception:  # noqa: BLE001  # whatever it is, the ordinary path knows what to do
        return False
    return isinstance(connection, LoopConnection) and connection.ask(group, pool)
