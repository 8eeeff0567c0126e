"""The short way of a request: POST /graphql whose head and body have arrived whole.

aiohttp parses it, as everything else. What follows there (a request object, two tasks, a router, a
response, signals, a writer) takes several times as long as to run the operation, and is of use to
requests that are not like this one. So those are answered from here, just as the long way would:
`takes` says which, and everything else goes the long way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import HttpVersion11
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_parser import RawRequestMessage

from graphql_api.http.answers import Answer, not_acceptable, refused
from graphql_api.http.graphql import JSON
from graphql_api.http.headers import PROTECTING, SERVER
from graphql_api.http.media import EVENTS, LEGACY, preferred
from graphql_api.http.naming import REQUEST_ID, name, request_id
from graphql_api.http.request import BadRequestError
from graphql_api.schema.faults import masked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.streams import StreamReader
    from multidict import CIMultiDictProxy

    from graphql_api.http.admission import Admission
    from graphql_api.http.graphql import GraphQLOverHTTP
    from graphql_api.http.health import Readiness
    from graphql_api.settings import Settings

PATH = "/graphql"
_TYPES = {"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"}
_LONG = ("Origin", "Content-Encoding", "Expect", "Upgrade")  # each asks for more than an answer


class Sent(dict[Any, Any]):
    """A request: what the rules look at of aiohttp's."""

    __slots__ = ("headers", "remote")

    def __init__(self, headers: CIMultiDictProxy[str], remote: str | None) -> None:
        super().__init__()
        self.headers = headers
        self.remote = remote


class ShortWay:
    """Answers requests that have arrived whole.

    Args:
        programs: the media types that POST /graphql offers, in order.
    """

    def __init__(
        self,
        over_http: GraphQLOverHTTP,
        readiness: Readiness,
        admission: Admission,
        programs: tuple[str, ...],
        settings: Settings,
    ) -> None:
        self._over_http = over_http
        self._readiness = readiness
        self._admission = admission
        self._programs = programs
        self._largest = settings.body_limit
        vary = [("Vary", "Origin")] if settings.cors_origins else []
        self._always = _lines([("Server", SERVER), *PROTECTING, *vary])
        self._heads: dict[tuple[int, str], bytes] = {}

    def takes(self, message: Any, payload: StreamReader) -> bool:
        """Whether a request is answered here."""
        if (
            self._readiness.is_stopping  # then each answer says that it is the connection's last
            or type(message) is not RawRequestMessage
            or message.path != PATH
            or message.method != "POST"
            or message.version != HttpVersion11
            or message.should_close
            or message.upgrade
            or message.chunked
            or message.compression
            or not payload.is_eof()
            or not 0 < payload.total_bytes <= self._largest
        ):
            return False
        headers = message.headers
        return (
            headers.get("Content-Type") in _TYPES
            and not any(each in headers for each in _LONG)
            and preferred(headers.get("Accept", ""), self._programs) != EVENTS
        )

    def refusal(self, sent: Sent) -> bytes | None:
        """The answer to one more than there may be, for next to nothing; None for any other."""
        try:
            self._admission.check()
        except BadRequestError as error:
            accepted = preferred(sent.headers.get("Accept", ""), JSON)
            answer = not_acceptable() if accepted is None else refused(error, accepted)
            return self._rendered(answer, request_id(sent))
        return None

    async def answer(self, sent: Sent, body: bytes) -> tuple[bytes, bool]:
        """What to send, and whether the connection may be used again."""
        called = name(sent).request_id
        try:
            answer = await self._over_http.post_whole(sent, body)
        except Exception as error:  # noqa: BLE001  # told to the client, masked, and logged
            text, extensions = masked(error)
            errors = orjson.dumps({"errors": [{"message": text, "extensions": extensions}]})
            return self._last(Answer(500, {"Content-Type": LEGACY}, errors), called), False
        if self._readiness.is_stopping:  # since the request came
            return self._last(answer, called), False
        return self._rendered(answer, called), True

    def _last(self, answer: Answer, called: str) -> bytes:
        """An answer that says that it is its connection's last."""
        headers = {**answer.headers, "Connection": "close"}
        return self._rendered(answer._replace(headers=headers), called)

    def _rendered(self, answer: Answer, called: str) -> bytes:
        status, headers, body = answer
        key = (status, headers["Content-Type"])
        head = self._heads.get(key)
        if head is None:
            line = f"HTTP/1.1 {status} {answer.reason}\r\nContent-Type: {key[1]}\r\n"
            head = self._heads[key] = line.encode() + self._always
        if len(headers) > 1:
            head += _lines(item for item in headers.items() if item[0] != "Content-Type")
        own = f"{REQUEST_ID}: {called}\r\nContent-Length: {len(body)}\r\n"
        date = f"Date: {rfc822_formatted_time()}\r\n\r\n"
        return b"".join((head, own.encode(), date.encode(), body))


def _lines(headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header would hold a line break")
    return "".join(f"{line}\r\n" for line in lines).encode()
