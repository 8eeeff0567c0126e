"""`partyfinder demo`: parties to look at."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from graphql_api import clock
from graphql_api.app import Parts, open_parts
from graphql_api.caller import ANYBODY
from graphql_api.commands.database import running_database
from graphql_api.commands.failures import plain_errors
from graphql_api.commands.large_city import CITY, load_large_city
from graphql_api.commands.progress import showing_progress
from graphql_api.commands.sync_schema import sync
from graphql_api.parties import hosting
from graphql_api.parties.limits import Invalid
from graphql_api.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql_api.embedded import Report

CITIES = {
    "Lisbon": ("Europe/Lisbon", "Miradouro da Graça"),
    "Montréal": ("America/Toronto", "Parc du Mont-Royal"),
    "Nairobi": ("Africa/Nairobi", "Karura Forest"),
    "Osaka": ("Asia/Tokyo", "Nakanoshima"),
    "Kraków": ("Europe/Warsaw", "Kazimierz"),
    "Valparaíso": ("America/Santiago", "Cerro Alegre"),
}
PARTIES = (
    ("Rooftop sunset", "Bring a blanket and something to share.", 40),
    ("Vinyl night", "Soul, funk and whatever is in your crates.", 120),
    ("Board games and pizza", "Beginners are welcome.", 12),
    ("Silent disco", "Headphones are provided.", None),
    ("Karaoke marathon", "Duets count twice.", 30),
    ("Neighbourhood barbecue", "Vegetarian grill included.", None),
    ("Salsa in the park", "First lesson at eight.", 60),
)
AT_ONCE = 32


def command(
    cities: Annotated[int, typer.Option(min=1, max=10_000, help="How many cities.")] = 3,
    parties: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many parties in each of them.")
    ] = 5,
    large_city: Annotated[
        int,
        typer.Option(
            min=0,
            max=10_000_000,
            help=f"Instead of these, so many in one city, {CITY}, over three years, in bulk.",
        ),
    ] = 0,
) -> None:
    """Post demo parties, in addition to those that are there."""
    with (
        plain_errors(),
        showing_progress() as report,
        running_database(load_settings(), report) as settings,
    ):
        asyncio.run(_sync_and_post(settings, report, cities, parties, large_city))
    if large_city:
        typer.echo(f"Loaded {large_city:,} parties in {CITY}.")
        return
    names = ", ".join(city for city, _, _ in islice(_cities(), cities))
    typer.echo(f"Posted {cities * parties} parties: {parties} in each of {_shortened(names)}.")


def _shortened(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[:width].rsplit(",", 1)[0] + " and others"


async def _sync_and_post(
    settings: Settings, report: Report, cities: int, parties: int, large_city: int
) -> None:
    await sync(settings, report)
    async with open_parts(settings) as parts:
        if large_city:
            await load_large_city(parts, report, large_city)
        else:
            await post_demo_parties(parts, report, cities, parties)


async def post_demo_parties(parts: Parts, report: Report, cities: int, parties: int) -> None:
    """Post `parties` in each of so many cities, over the coming weeks."""
    total, posted = cities * parties, 0
    wanted = _parties(cities, parties)
    while batch := list(islice(wanted, AT_ONCE)):
        await asyncio.gather(*(_post(parts, party) for party in batch))
        posted += len(batch)
        report("Posting demo parties", f"{posted} of {total}", posted / total)


async def _post(parts: Parts, party: hosting.NewParty) -> None:
    change = hosting.create(ANYBODY, None, party, clock.now())
    if not isinstance(change, Invalid):
        await parts.committer.commit(change)


def _parties(cities: int, parties: int) -> Iterator[hosting.NewParty]:
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    chance = random.Random(1)  # noqa: S311  # a demo looks the same each time
    for city, time_zone, place in islice(_cities(), cities):
        for number in range(parties):
            name, description, capacity = PARTIES[number % len(PARTIES)]
            days = chance.randint(1, 45 if parties <= len(PARTIES) else 720)
            yield hosting.NewParty(
                city=city,
                name=name,
                date=today + timedelta(days=days, hours=chance.randint(17, 21)),
                time_zone=time_zone,
                place=place,
                description=description,
                people=chance.randint(0, 12),
                capacity=capacity,
            )


def _cities() -> Iterator[tuple[str, str, str]]:
    yield from ((name, zone, place) for name, (zone, place) in CITIES.items())
    number = 0
    while True:
        number += 1
        yield f"Springfield {number}", "America/Chicago", "Main Street"
