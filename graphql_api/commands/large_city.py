"""A city with very many parties, loaded in bulk: `partyfinder demo --large-city N`."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import groupby, islice
from typing import TYPE_CHECKING

from graphql_api import clock
from graphql_api.errors import PartyfinderError
from graphql_api.parties import hosting
from graphql_api.parties.limits import Limits
from graphql_api.parties.operation import take_key
from graphql_api.store.rows import PartyHead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql_api.app import Parts
    from graphql_api.embedded import Report

CITY = "Metropolis"
BEFORE, AHEAD = timedelta(days=365), timedelta(days=729)  # three years in all
PIECE = 50  # parties in one batch
AT_ONCE = 16
ATTEMPTS = 5
PAUSE = 1.0  # seconds after the first failed one, twice that after the second


async def load_large_city(parts: Parts, report: Report, count: int, city: str = CITY) -> None:
    """Write so many parties of one city, one after another from a year ago to two years ahead.

    Raises:
        PartyfinderError: the database does not keep up.
    """
    pieces = _pieces(city, count)
    loaded = 0

    async def work() -> None:
        nonlocal loaded
        for piece in pieces:
            await _load(parts, piece)
            loaded += len(piece)
            report(f"Loading {city}", f"{loaded:,} of {count:,}", loaded / count)

    await asyncio.gather(*(work() for _ in range(min(AT_ONCE, count))))
    for last in _heads(city, count, range(count - 1, count)):
        await parts.copies.announce(last)


async def _load(parts: Parts, piece: list[PartyHead]) -> None:
    for attempt in range(1, ATTEMPTS):
        try:
            await parts.copies.load(piece)
        except PartyfinderError:  # a node under so much load may be late; all can be sent again
            await asyncio.sleep(PAUSE * attempt)
        else:
            return
    await parts.copies.load(piece)


def _pieces(city: str, count: int) -> Iterator[list[PartyHead]]:
    """Parties of one year each, because a batch is quick within one partition."""
    for _, heads in groupby(_heads(city, count, range(count)), lambda head: head.date.year):
        while piece := list(islice(heads, PIECE)):
            yield piece


def _heads(city: str, count: int, numbers: range) -> Iterator[PartyHead]:
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    step = (BEFORE + AHEAD) / count
    for number in numbers:
        date = now - BEFORE + step * number
        party = hosting.NewParty(
            city=city,
            name=f"Party {number + 1:,}",
            date=date.replace(microsecond=date.microsecond // 1000 * 1000),
            time_zone="America/New_York",
            place="Central Square",
            capacity=100,
        )
        posted = min(now, party.date - timedelta(days=1))
        head = hosting.Create(take_key("", None, Limits()), party, posted).decide(None)
        if isinstance(head, PartyHead):
            yield head
