"""Requests of one loop turn, encoded into one buffer per connection and handed to the driver once.

The driver's ordinary path makes a future, a query plan, a timer and a wake-up of its thread per
request; a page of a city costs more there than in Cassandra. This path keeps the driver's encoder,
decoder, connections and their bookkeeping, and nothing else. It takes prepared statements without
a condition, which may be sent twice, on healthy connections; everything unusual (errors, paging, a
connection that is going away) is the ordinary path's. It rests on inner names of the driver, which
`supports` checks before it is used.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from cassandra.pool import HostConnection
from cassandra.protocol import ExecuteMessage, ResultMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cassandra.cluster import Session as DriverSession
    from cassandra.query import BoundStatement

    from graphql_api.store.bridge import Bridge

RESULT_KIND_VOID, RESULT_KIND_ROWS = 1, 2  # in the native protocol
PROTOCOL_VERSION = 4
FETCH_SIZE = 5000  # the driver's default: more rows than any statement here asks for
logger = logging.getLogger(__name__)

_CONNECTION = (
    "get_request_id",
    "push",
    "lock",
    "in_flight",
    "max_request_id",
    "is_defunct",
    "is_closed",
    "orphaned_threshold_reached",
)
_POOL = ("_get_connection", "return_connection")


class Unusual(Exception):  # noqa: N818  # not a failure: the ordinary path is to answer instead
    """What came back is not plainly rows, or nothing."""


def supports(session: DriverSession) -> bool:
    """Whether this driver is built as this path expects."""
    pools = getattr(session, "_pools", {}).values()
    expected = bool(pools) and all(_is_expected(pool) for pool in pools)
    if not expected:
        logger.warning("this cassandra-driver is built otherwise: reads take its ordinary path")
    return expected


def _is_expected(pool: Any) -> bool:
    connection: Any = getattr(pool, "_connection", None)
    return (
        isinstance(pool, HostConnection)
        and all(hasattr(pool, name) for name in _POOL)
        and all(hasattr(connection, name) for name in _CONNECTION)
        and connection.protocol_version == PROTOCOL_VERSION
        and connection.compressor is None
        and isinstance(getattr(connection, "_requests", None), dict)
        and isinstance(getattr(connection, "_socket_writable", None), bool)
        and not getattr(connection, "_is_checksumming_enabled", True)
    )


class Request:
    """A prepared statement.

    Args:
        receive: called in the loop with rows and None, or with None and an exception; with
            `Unusual` where the ordinary path is to be taken.
    """

    __slots__ = ("bound", "receive")

    def __init__(
        self, bound: BoundStatement, receive: Callable[[Any, BaseException | None], None]
    ) -> None:
        self.bound = bound
        self.receive = receive


class JointPush:
    """Sends prepared statements of one execution profile.

    Args:
        session: a session that `supports` this.
        profile: the name of an execution profile whose rows are tuples.
    """

    def __init__(self, session: DriverSession, bridge: Bridge, profile: str) -> None:
        settings = session.get_execution_profile(profile)
        self._session = session
        self._bridge = bridge
        self._consistency = settings.consistency_level
        self._policy = settings.load_balancing_policy
        self._handler = session.client_protocol_handler

    def send(self, requests: Iterable[Request]) -> list[Request]:
        """Send what can be sent this way; the rest is returned, and nothing of it was sent."""
        by_pool: dict[Any, list[Request]] = {}
        rest: list[Request] = []
        for request in requests:
            pool = self._pool(request.bound)
            if pool is None:
                rest.append(request)
            else:
                by_pool.setdefault(pool, []).append(request)
        for pool, group in by_pool.items():
            if not self._push(pool, group):
                rest += group
        return rest

    def _pool(self, bound: BoundStatement) -> Any:
        """The pool of the host that the load balancing policy would ask first."""
        pools = self._session._pools  # noqa: SLF001
        if len(pools) == 1:
            return next(iter(pools.values()))
        for host in self._policy.make_query_plan(self._session.keyspace, bound):
            return pools.get(host)
        return None

    def _push(self, pool: Any, group: list[Request]) -> bool:
        try:
            connection = pool._get_connection()  # noqa: SLF001
        except Exception:  # noqa: BLE001  # whatever it is, the ordinary path knows what to do
            return False
        ids = _take_ids(connection, len(group))
        if ids is None:
            return False
        requests, encode = connection._requests, self._handler.encode_message  # noqa: SLF001
        decode = self._handler.decode_message
        buffer = []
        for request, request_id in zip(group, ids, strict=True):
            prepared = request.bound.prepared_statement
            receive = partial(self._received, request, connection, pool)
            buffer.append(encode(self._message(request), request_id, PROTOCOL_VERSION, None, False))  # noqa: FBT003  # as the driver calls it
            requests[request_id] = (receive, decode, prepared.result_metadata)
        connection.push(b"".join(buffer))
        return True

    def _message(self, request: Request) -> ExecuteMessage:
        prepared = request.bound.prepared_statement
        message = ExecuteMessage(
            prepared.query_id,
            request.bound.values,
            self._consistency,
            None,
            FETCH_SIZE,
            None,
            None,
            skip_meta=bool(prepared.result_metadata),
            result_metadata_id=prepared.result_metadata_id,
        )
        message.tracing = False
        return message

    def _received(self, request: Request, connection: Any, pool: Any, response: Any) -> None:
        """Runs on the driver's thread."""
        pool.return_connection(connection)
        if (
            isinstance(response, ResultMessage)
            and response.kind in (RESULT_KIND_VOID, RESULT_KIND_ROWS)
            and not response.paging_state
        ):
            self._bridge.hand_over(request.receive, response.parsed_rows, None)
        else:
            self._bridge.hand_over(request.receive, None, Unusual())


def _take_ids(connection: Any, count: int) -> list[int] | None:
    """Stream ids for so many requests; None where the connection cannot take them now."""
    with connection.lock:
        if (
            connection.is_defunct
            or connection.is_closed
            or not connection._socket_writable  # noqa: SLF001
            or connection.orphaned_threshold_reached
            or connection.in_flight + count > connection.max_request_id
        ):
            return None
        connection.in_flight += count
        return [connection.get_request_id() for _ in range(count)]
