"""The provider's published keys (a JSON Web Key Set), fetched in the background and kept.

A key that is not known yet has the set fetched anew, at most once in a while, however many tokens
name one. While the provider is away the keys that are known go on working.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt
import orjson

from graphql_api.errors import IdentityProviderUnavailableError, UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REFRESH = 600.0  # seconds from one fetch to the next: so long a key lives on that was taken back
SHORTEST_PAUSE = 5.0  # seconds between fetches, whatever tokens come
LONGEST_FETCH = 3.0
PATIENCE = 8.5  # seconds that a token waits for a key that is not known
LARGEST_SET = 1_000_000  # bytes
logger = logging.getLogger(__name__)


class KeySet:
    """The keys at an address.

    Args:
        algorithms: keys for any other are passed over.
    """

    def __init__(self, url: str, algorithms: tuple[str, ...]) -> None:
        self._url = url
        self._algorithms = algorithms
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._wanted = asyncio.Event()
        self._fetched = asyncio.Condition()
        self._begun = self._ended = 0  # fetches
        self._is_away = True

    @asynccontextmanager
    async def kept(self, _application: object = None) -> AsyncIterator[None]:
        """Fetch the keys now and then, for as long as this is open."""
        timeout = aiohttp.ClientTimeout(total=LONGEST_FETCH)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            task = asyncio.create_task(self._keep(session))
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def find(self, key_id: str | None) -> jwt.PyJWK:
        """The key of an id; where a token names none, the only one there is.

        Raises:
            UnauthenticatedError: the provider has no such key.
            IdentityProviderUnavailableError: it is not known here and the provider does not answer.
        """
        key = self._known(key_id)
        if key is None:
            await self._next_fetch()
            key = self._known(key_id)
        if key is not None:
            return key
        if self._is_away:
            raise IdentityProviderUnavailableError
        raise UnauthenticatedError("The token is signed with a key that its issuer does not have.")

    def _known(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    async def _next_fetch(self) -> None:
        """Wait for a fetch that begins from now on, or for as long as a request can."""
        needed = self._begun + 1
        self._wanted.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), self._fetched:
                await self._fetched.wait_for(lambda: self._ended >= needed)

    async def _keep(self, session: aiohttp.ClientSession) -> None:
        while True:
            self._wanted.clear()
            self._begun += 1
            await self._try(session)
            async with self._fetched:
                self._ended = self._begun
                self._fetched.notify_all()
            await asyncio.sleep(SHORTEST_PAUSE)
            if not self._is_away:
                with suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH - SHORTEST_PAUSE):
                        await self._wanted.wait()

    async def _try(self, session: aiohttp.ClientSession) -> None:
        try:
            keys = await self._fetch(session)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._note(is_away=True, why=f"{type(error).__name__}: {error}")
            return
        self._note(is_away=not keys, why="there is no key in it for any of AUTH_ALGORITHMS")
        self._keys = keys or self._keys

    async def _fetch(self, session: aiohttp.ClientSession) -> dict[str | None, jwt.PyJWK]:
        async with session.get(self._url, allow_redirects=False) as response:
            if response.status != 200:  # noqa: PLR2004
                raise ValueError(f"status {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > LARGEST_SET:
                    raise ValueError(f"larger than {LARGEST_SET} bytes")
        return usable_keys(orjson.loads(body), self._algorithms)

    def _note(self, *, is_away: bool, why: str) -> None:
        """Log once that the keys cannot be had, and once that they can again."""
        if is_away and (not self._is_away or self._begun == 1):
            logger.warning("no keys from %s (%s); those known go on working", self._url, why)
        elif not is_away and self._is_away:
            logger.info("the identity provider's keys are fetched from %s", self._url)
        self._is_away = is_away


def usable_keys(content: Any, algorithms: tuple[str, ...]) -> dict[str | None, jwt.PyJWK]:
    """The keys of a set that verify signatures of one of these algorithms, by their ids.

    Raises:
        ValueError: it is no key set.
    """
    members = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(members, list):
        raise ValueError("it is no JSON Web Key Set")  # noqa: TRY004  # of a document, not of a call
    keys: dict[str | None, jwt.PyJWK] = {}
    for member in members:
        if not isinstance(member, dict) or member.get("use", "sig") != "sig":
            continue
        with suppress(jwt.PyJWTError, ValueError, TypeError, KeyError):
            key = jwt.PyJWK(member)
            if key.algorithm_name in algorithms:
                keys[key.key_id] = key
    return keys
