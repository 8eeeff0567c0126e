"""Pages compared with a sorted list in memory: any parties, any window, any walk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphql_api.schema import ids
from tests.support.api import Api, a_city
from tests.support.parties import a_head, a_party_id, now, text_of
from tests.support.strategies import ORDERS, windows

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.store.rows import PartyHead

NOW = now()
TURN = datetime(NOW.year + 1, 1, 1)
PAGE = """
query($city: String!, $first: Int, $after: String, $last: Int, $before: String,
      $from: DateTime, $until: DateTime, $order: PartyOrder!) {
  parties(city: $city, first: $first, after: $after, last: $last, before: $before,
          from: $from, until: $until, order: $order) {
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
# Many parties of one moment, and many around the turn of a year.
DATES = st.sampled_from(
    [TURN + timedelta(milliseconds=each) for each in (-1, 0, 1)]
    + [TURN + timedelta(days=each) for each in (-366, -365, -40, 40, 365, 366, 800)]
)


@dataclass(frozen=True)
class City:
    """What a city's list should be."""

    name: str
    ranked: list[str]
    arguments: dict[str, Any]

    async def page(self, api: Api, **more: Any) -> dict[str, Any]:
        data = await api.run(PAGE, city=self.name, **self.arguments, **more)
        connection: dict[str, Any] = data["parties"]
        return connection

    def check(self, found: dict[str, Any], start: int, end: int) -> None:
        """See that a page is `ranked[start:end]`, and knows what lies around it."""
        edges = found["edges"]
        assert [edge["node"]["id"] for edge in edges] == self.ranked[start:end]
        assert found["pageInfo"] == {
            "hasNextPage": end < len(self.ranked),
            "hasPreviousPage": start > 0,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        }


async def a_written_city(
    parts: Parts, dates: list[datetime], window: tuple[datetime, datetime], order: str
) -> City:
    start, end = window
    city = a_city()
    heads = [
        a_head(city=city, date=date, party_id=a_party_id((date, number)))
        for number, date in enumerate(dates)
    ]
    for head in heads:
        await parts.store.write_copy(head, 1)
    listed = (head for head in heads if start <= head.date < end)
    ranked = sorted(listed, key=_rank, reverse=order == "LATEST_FIRST")
    return City(
        city,
        [ids.party_id(head.party_id) for head in ranked],
        {"from": text_of(start), "until": text_of(end), "order": order},
    )


def _rank(head: PartyHead) -> tuple[datetime, int]:
    return head.date, head.party_id.int


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    dates=st.lists(DATES, max_size=12),
    window=windows(TURN),
    order=ORDERS,
    size=st.integers(1, 5),
)
async def test_a_walk_meets_every_party_once_and_in_order(
    api: Api,
    parts: Parts,
    dates: list[datetime],
    window: tuple[datetime, datetime],
    order: str,
    size: int,
) -> None:
    city = await a_written_city(parts, dates, window, order)
    total, after, start = len(city.ranked), None, 0
    while start < total or start == 0:
        found = await city.page(api, first=size, after=after)
        city.check(found, start, min(start + size, total))
        after, start = found["pageInfo"]["endCursor"], start + size
    before, end = None, total
    while end > 0:
        found = await city.page(api, last=size, before=before)
        city.check(found, max(0, end - size), end)
        before, end = found["pageInfo"]["startCursor"], end - size


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    dates=st.lists(DATES, min_size=1, max_size=10),
    window=windows(TURN),
    order=ORDERS,
    data=st.data(),
)
async def test_a_page_from_anywhere_knows_what_surrounds_it(
    api: Api,
    parts: Parts,
    dates: list[datetime],
    window: tuple[datetime, datetime],
    order: str,
    data: st.DataObject,
) -> None:
    city = await a_written_city(parts, dates, window, order)
    everything = await city.page(api, first=100)
    city.check(everything, 0, len(city.ranked))
    if not city.ranked:
        return
    index = data.draw(st.integers(0, len(city.ranked) - 1), label="cursor of")
    size = data.draw(st.integers(1, 6), label="size")
    cursor = everything["edges"][index]["cursor"]
    city.check(
        await city.page(api, first=size, after=cursor),
        index + 1,
        min(index + 1 + size, len(city.ranked)),
    )
    city.check(await city.page(api, last=size, before=cursor), max(0, index - size), index)
