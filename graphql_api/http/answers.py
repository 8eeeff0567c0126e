"""Bodies on their way out: JSON, compressed where that is worth its time, and refusals."""

from __future__ import annotations

import asyncio
import gzip
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import orjson
from aiohttp import web

from graphql_api.http.media import LEGACY, RESPONSE, takes_gzip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql_api.http.request import BadRequestError

PARTIAL = 294  # data and errors; the draft's own status code
LEVEL = 1  # most of the saving for a fraction of the time of the usual 6
LARGE = 65_536  # bytes; what takes longer than a millisecond is compressed in a thread


class Answer(NamedTuple):
    """A response before it is one of aiohttp's."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def reason(self) -> str:
        """What the status is called."""
        return "Partial Success" if self.status == PARTIAL else HTTPStatus(self.status).phrase

    def response(self) -> web.Response:
        """The same for aiohttp to send."""
        return web.Response(
            body=self.body, status=self.status, reason=self.reason, headers=self.headers
        )


async def answer(
    accept_encoding: str,
    body: bytes,
    media_type: str,
    *,
    status: int = 200,
    compress_from: int = 0,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An answer of JSON.

    Args:
        accept_encoding: the request's header of that name, or nothing.
        compress_from: the size in bytes from which it is compressed; 0 for never.
    """
    all_headers = {"Content-Type": f"{media_type}; charset=utf-8", **(headers or {})}
    if compress_from and len(body) >= compress_from:
        all_headers["Vary"] = "Accept-Encoding"
        if takes_gzip(accept_encoding):
            all_headers["Content-Encoding"] = "gzip"
            body = await _compressed(body)
    return Answer(status, all_headers, body)


def refused(error: BadRequestError, media_type: str) -> Answer:
    """The answer to a request that is not run."""
    headers = {"Content-Type": f"{media_type}; charset=utf-8", **error.headers}
    return Answer(error.status, headers, orjson.dumps({"errors": [error.told()]}))


def refusal(error: BadRequestError, media_type: str) -> web.Response:
    """The response to a request that is not run."""
    return refused(error, media_type).response()


def not_acceptable() -> Answer:
    """The answer to a request that accepts nothing of what is offered."""
    text = f"This address answers {RESPONSE} and {LEGACY}."
    return Answer(406, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())


async def _compressed(body: bytes) -> bytes:
    if len(body) < LARGE:
        return gzip.compress(body, LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, LEVEL, mtime=0)
