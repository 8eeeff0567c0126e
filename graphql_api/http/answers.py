"""Bodies on their way out: JSON, compressed where that is worth its time, and refusals."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from graphql_api.http.media import LEGACY, RESPONSE, takes_gzip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql_api.http.request import BadRequestError

PARTIAL = 294  # data and errors; the draft's own status code
LEVEL = 1  # most of the saving for a fraction of the time of the usual 6
LARGE = 65_536  # bytes; what takes longer than a millisecond is compressed in a thread


async def answer(
    request: web.Request,
    body: bytes,
    media_type: str,
    *,
    status: int = 200,
    compress_from: int = 0,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A response of JSON.

    Args:
        compress_from: the size in bytes from which it is compressed; 0 for never.
    """
    all_headers = {"Content-Type": f"{media_type}; charset=utf-8", **(headers or {})}
    if compress_from and len(body) >= compress_from:
        all_headers["Vary"] = "Accept-Encoding"
        if takes_gzip(request.headers.get("Accept-Encoding", "")):
            all_headers["Content-Encoding"] = "gzip"
            body = await _compressed(body)
    reason = "Partial Success" if status == PARTIAL else None
    return web.Response(body=body, status=status, reason=reason, headers=all_headers)


def refusal(error: BadRequestError, media_type: str) -> web.Response:
    """The response to a request that is not run."""
    return web.Response(
        body=orjson.dumps({"errors": [error.told()]}),
        status=error.status,
        headers={"Content-Type": f"{media_type}; charset=utf-8", **error.headers},
    )


def not_acceptable() -> web.Response:
    """The response to a request that accepts nothing of what is offered."""
    return web.Response(text=f"This address answers {RESPONSE} and {LEGACY}.", status=406)


async def _compressed(body: bytes) -> bytes:
    if len(body) < LARGE:
        return gzip.compress(body, LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, LEVEL, mtime=0)
