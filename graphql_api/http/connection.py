"""One connection of the graphql-transport-ws protocol, as a state machine that knows no sockets.

After the protocol's PROTOCOL.md in the repository enisdenjo/graphql-ws. Its neighbour
`websocket.py` brings the messages and carries the answers.

    CONNECTED ──connection_init──▶ ACKNOWLEDGED ──subscribe──▶ operations, each a task of its own
        ├─ connection_init with a token that is of no use: FORBIDDEN, and clients try a new one
        └─ anything that the protocol forbids: ProtocolError with the code that closes the socket
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from graphql import GraphQLError

from graphql_api.errors import ErrorCode
from graphql_api.http.request import BadRequestError, parse_request
from graphql_api.schema.faults import format_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from graphql_api.caller import Caller
    from graphql_api.engine import Response
    from graphql_api.http.request import GraphQLRequest

    Begin = Callable[[], Awaitable[AsyncGenerator[Response, None]]]

LONGEST_ID = 128
FORBIDDEN = 4403  # what graphql-ws has for it; its clients connect again, with a fresh token
TRY_AGAIN_LATER = 1013


class ProtocolError(Exception):
    """The client did what the protocol forbids; the socket is closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """Takes a client's messages and runs its operations.

    Args:
        send: carries a message; it returns once the client is ready for more.
        caller_of: finds out who a connection_init's payload speaks for; raises BadRequestError
            where its token is unusable.
        stream: runs an operation of a caller; raises BadRequestError where it is not run.
        operation_limit: the most operations that run at once.
    """

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        caller_of: Callable[[dict[str, Any] | None], Awaitable[Caller]],
        stream: Callable[[Caller, GraphQLRequest], Awaitable[AsyncGenerator[Response, None]]],
        operation_limit: int,
    ) -> None:
        self._send = send
        self._caller_of = caller_of
        self._stream = stream
        self._operation_limit = operation_limit
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._is_initialised = False
        self.caller: Caller | None = None  # known once the client is acknowledged

    async def receive(self, text: str) -> None:
        """Take a message.

        Raises:
            ProtocolError: it is not one that may come now.
        """
        message = _decode(text)
        match message.get("type"):
            case "connection_init":
                await self._acknowledge(_payload(message))
            case "ping":
                await self._send(_message("pong", payload=_payload(message)))
            case "pong":
                _payload(message)
            case "subscribe":
                await self._subscribe(_id(message), message.get("payload"))
            case "complete":
                self._stop(_id(message))
            case _:
                raise ProtocolError(4400, "Invalid message: its type is none that a client sends")

    async def close(self) -> None:
        """End every operation."""
        running = list(self._operations.values())
        self._operations.clear()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def ended(self) -> None:
        """Wait until no operation runs any more."""
        while self._operations:
            await asyncio.wait(self._operations.values())

    async def _acknowledge(self, payload: dict[str, Any] | None) -> None:
        if self._is_initialised:
            raise ProtocolError(4429, "Too many initialisation requests")
        self._is_initialised = True
        try:
            self.caller = await self._caller_of(payload)
        except BadRequestError as error:
            if error.status == 401:  # noqa: PLR2004
                raise ProtocolError(FORBIDDEN, f"Forbidden: {error}") from None
            raise ProtocolError(TRY_AGAIN_LATER, str(error)) from None
        await self._send(_message("connection_ack"))

    async def _subscribe(self, operation_id: str, payload: Any) -> None:
        if self.caller is None:
            raise ProtocolError(4401, "Unauthorized")
        if operation_id in self._operations:
            raise ProtocolError(4409, f"Subscriber for {operation_id} already exists")
        try:
            asked = parse_request(payload)
        except BadRequestError as error:
            raise ProtocolError(4400, f"Invalid message: {error}") from None
        if len(self._operations) >= self._operation_limit:
            await self._send(_errors(operation_id, _too_many(self._operation_limit)))
            return
        begin = partial(self._stream, self.caller, asked)
        task = asyncio.create_task(self._run(operation_id, begin))
        self._operations[operation_id] = task

    def _stop(self, operation_id: str) -> None:
        """End an operation by its client's wish; it may have ended by itself just now."""
        task = self._operations.pop(operation_id, None)
        if task is not None:
            task.cancel()

    async def _run(self, operation_id: str, begin: Begin) -> None:
        """Run an operation to its end; a message is sent only once the one before is on its way.

        So what waits for a slow reader is one message, and then the newest state.
        """
        with suppress(ConnectionError):
            refused = await self._answer(operation_id, begin)
            if self._operations.get(operation_id) is asyncio.current_task():
                del self._operations[operation_id]
            await self._send(refused or _message("complete", id=operation_id))

    async def _answer(self, operation_id: str, begin: Begin) -> bytes | None:
        try:
            return await self._send_answers(operation_id, begin)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  # told to the client, masked and logged
            return _errors(operation_id, format_error(GraphQLError("", original_error=error), None))

    async def _send_answers(self, operation_id: str, begin: Begin) -> bytes | None:
        """Send what an operation answers; the error message where it was refused."""
        start = _next(operation_id)
        try:
            answers = await begin()
        except BadRequestError as error:
            return _errors(operation_id, error.told())
        async with aclosing(answers):
            async for answer in answers:
                if answer.refusal is not None:
                    return _errors(operation_id, *orjson.loads(answer.body)["errors"])
                await self._send(start + answer.body + b"}")
        return None


def _decode(text: str) -> dict[str, Any]:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ProtocolError(4400, "Invalid message: it is not JSON") from None
    if not isinstance(message, dict):
        raise ProtocolError(4400, "Invalid message: it is not an object")
    return message


def _payload(message: dict[str, Any]) -> dict[str, Any] | None:
    payload = message.get("payload")
    if not isinstance(payload, dict | None):
        raise ProtocolError(4400, "Invalid message: its payload is not an object")
    return payload


def _id(message: dict[str, Any]) -> str:
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not 0 < len(operation_id) <= LONGEST_ID:
        raise ProtocolError(4400, f"Invalid message: its id is not 1 to {LONGEST_ID} characters")
    return operation_id


def _message(kind: str, **fields: Any) -> bytes:
    present = {name: value for name, value in fields.items() if value is not None}
    return orjson.dumps({"type": kind, **present})


def _next(operation_id: str) -> bytes:
    return b'{"type":"next","id":' + orjson.dumps(operation_id) + b',"payload":'


def _errors(operation_id: str, *errors: dict[str, Any]) -> bytes:
    return _message("error", id=operation_id, payload=errors)


def _too_many(limit: int) -> dict[str, Any]:
    return {
        "message": f"{limit} operations run over this socket, the most there may be: complete one.",
        "extensions": {"code": ErrorCode.OVERLOADED},
    }
