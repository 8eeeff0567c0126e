"""Rate limits: how much a caller, or an address where nobody is signed in, may cost in a while.

Counted in the units of `schema/costs.py`, by each process for itself.
"""

from __future__ import annotations

import time
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import TYPE_CHECKING

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from graphql_api.errors import ErrorCode
from graphql_api.http.request import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from aiohttp import web

    from graphql_api.caller import Caller
    from graphql_api.http.request import GraphQLRequest

    Charge = Callable[[web.Request, Caller, GraphQLRequest], Awaitable[None]]

REFUSED_COST = 10  # of a document that is not run: it was parsed and validated
NETWORK = 64  # bits of an IPv6 address that one subscriber has


async def free_of_charge(_request: web.Request, _caller: Caller, _asked: GraphQLRequest) -> None:
    """Charge nothing: rates are not limited."""


class Rates:
    """Charges callers for their operations.

    Args:
        rate: units in a while, such as "6000/minute".
        proxies: whose word is taken for the address of a client.
        cost: what an operation may cost; None for one that is refused.
    """

    def __init__(
        self, rate: str, proxies: Proxies, cost: Callable[[GraphQLRequest], int | None]
    ) -> None:
        self._rate = parse(rate)
        self._proxies = proxies
        self._cost = cost
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def charge(self, request: web.Request, caller: Caller, asked: GraphQLRequest) -> None:
        """Charge for an operation before it is run.

        Raises:
            BadRequestError: its caller has spent what there is for now.
        """
        key = f"caller {caller.person}" if caller.person else self._proxies.client(request)
        if not await self._limiter.test(self._rate, key):
            await self._refuse(key)
        cost = self._cost(asked)
        units = min(REFUSED_COST if cost is None else max(cost, 1), self._rate.amount)
        if not await self._limiter.hit(self._rate, key, cost=units):
            await self._refuse(key)

    async def _refuse(self, key: str) -> None:
        window = await self._limiter.get_window_stats(self._rate, key)
        seconds = max(1, ceil(window.reset_time - time.time()))
        raise BadRequestError(
            f"Too much was asked for in a short while: {self._rate} is the most, in units of cost. "
            f"Try again in {seconds} s.",
            429,
            code=ErrorCode.RATE_LIMITED,
            headers={"Retry-After": str(seconds)},
        )


class Proxies:
    """The proxies in front of the server, which say whose requests they pass on.

    Args:
        trusted: their addresses and networks. What anybody else says is not believed.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = [ip_network(each) for each in trusted]

    def client(self, request: web.Request) -> str:
        """The address of a client, of IPv6 its network: the last one that no proxy of ours has."""
        address = request.remote or ""
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        while self._is_trusted(address) and forwarded:
            address = forwarded.pop().strip() or address
        try:
            parsed = ip_address(address)
        except ValueError:
            return address[:100]
        if isinstance(parsed, IPv6Address):
            return str(parsed.ipv4_mapped or ip_network((parsed, NETWORK), strict=False))
        return str(parsed)

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)
