"""Rate limits: how much a caller, or an address where nobody is signed in, may cost in a while.

Counted in the units of `schema/costs.py`, by each process for itself.
"""

from __future__ import annotations

import time
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from math import ceil
from typing import TYPE_CHECKING

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from graphql_api.errors import ErrorCode
from graphql_api.http.request import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from graphql_api.caller import Caller
    from graphql_api.http.request import GraphQLRequest, Sender

    Charge = Callable[[Sender, Caller, GraphQLRequest], Awaitable[None]]

Network = IPv4Network | IPv6Network
REFUSED_COST = 10  # of a document that is not run: it was parsed and validated
CLOSED = 1.0  # seconds for which who has spent all is refused unseen
MOST_SPENT = 10_000
NETWORK = 64  # bits of an IPv6 address that one subscriber has


async def free_of_charge(_request: Sender, _caller: Caller, _asked: GraphQLRequest) -> None:
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
        self._spent: dict[str, float] = {}  # key → until when it is refused, in Unix time

    async def charge(self, request: Sender, caller: Caller, asked: GraphQLRequest) -> None:
        """Charge for an operation before it is run.

        Raises:
            BadRequestError: its caller has spent what there is for now.
        """
        key = f"caller {caller.person}" if caller.person else self._proxies.client(request)
        until = self._spent.get(key, 0.0)
        if until > time.time():  # not even parsed
            raise self._refusal(until)
        cost = self._cost(asked)
        units = min(REFUSED_COST if cost is None else max(cost, 1), self._rate.amount)
        if not await self._limiter.hit(self._rate, key, cost=units):
            raise self._refusal(await self._close(key))

    async def _close(self, key: str) -> float:
        """Who has spent all hears so without being looked into for a moment; until when."""
        window = await self._limiter.get_window_stats(self._rate, key)
        now = time.time()
        if len(self._spent) >= MOST_SPENT:
            self._spent = {each: until for each, until in self._spent.items() if until > now}
        if window.remaining < 1 and len(self._spent) < MOST_SPENT:
            self._spent[key] = min(window.reset_time, now + CLOSED)
        return window.reset_time

    def _refusal(self, until: float) -> BadRequestError:
        seconds = max(1, ceil(until - time.time()))
        return BadRequestError(
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
        self._trusted = tuple(ip_network(each) for each in trusted)

    def client(self, request: Sender) -> str:
        """The address of a client, of IPv6 its network: the last one that no proxy of ours has."""
        address = request.remote or ""
        if self._is_trusted(address):
            forwarded = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
            while self._is_trusted(address) and forwarded:
                address = forwarded.pop().strip() or address
        return _subscriber(address)

    def _is_trusted(self, address: str) -> bool:
        return bool(self._trusted) and _is_within(address, self._trusted)


@lru_cache(4096)
def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


@lru_cache(4096)
def _subscriber(address: str) -> str:
    """An address, of IPv6 the network that a subscriber has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, NETWORK), strict=False))
    return str(parsed)
