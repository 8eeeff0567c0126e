"""The end of a sign-in while something runs under it."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

import orjson

from graphql_api.engine import Response
from graphql_api.errors import UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

MESSAGE = "The token has expired. Get a new one and subscribe again."


async def until_expiry(
    answers: AsyncGenerator[Response, None], expires_at: float
) -> AsyncGenerator[Response, None]:
    """An operation's answers until the sign-in ends, and then an error that says so.

    Its first answer is waited for in any case: a change that is being made is not broken off.
    """
    async with aclosing(answers):
        answer = await anext(answers, None)
        while answer is not None:
            yield answer
            try:
                async with asyncio.timeout(seconds_until(expires_at)):
                    answer = await anext(answers, None)
            except TimeoutError:
                yield _expired()
                return


def seconds_until(expires_at: float) -> float:
    """How long a sign-in lasts yet; 0 once it has ended."""
    return max(0.0, expires_at - time.time())


def _expired() -> Response:
    error = UnauthenticatedError(MESSAGE)
    body = {"data": None, "errors": [{"message": error.message, "extensions": error.extensions}]}
    return Response(orjson.dumps(body), None, has_data=False, has_errors=True)
