"""A city's snapshot: which one is news, and that reading from it is reading the city."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from graphql_api.parties.listing import CityList, Paging, Window
from graphql_api.parties.snapshot import SIZE, Snapshot, SnapshotSlices, newer, read_snapshot
from graphql_api.store.rows import ListedParty
from tests.support.parties import a_party_id

if TYPE_CHECKING:
    from graphql_api.store.rows import Slice

NOW = datetime(2026, 11, 23, 12)
WINDOW = Window.of(None, None, NOW)


def a_party(name: object, revision: int = 1, days: float = 1) -> ListedParty:
    date, created = NOW + timedelta(days=days), NOW
    return ListedParty(
        a_party_id(name), "City", str(name), date, "UTC", None, created, 0, None, revision
    )


def a_snapshot(*parties: ListedParty) -> Snapshot:
    ordered = sorted(parties, key=lambda each: (each.date, each.party_id.int))
    return Snapshot(tuple(ordered), WINDOW, is_whole=True)


def test_the_same_is_no_news() -> None:
    assert newer(a_snapshot(a_party("a")), a_snapshot(a_party("a"))) is None
    assert newer(a_snapshot(), a_snapshot()) is None


def test_what_came_went_or_changed_is() -> None:
    one, other = a_party("a"), a_party("b", days=2)
    assert newer(a_snapshot(one), a_snapshot(one, other)) == a_snapshot(one, other)
    assert newer(a_snapshot(one, other), a_snapshot(other)) == a_snapshot(other)
    later = a_party("a", 2, days=3)
    assert newer(a_snapshot(one, other), a_snapshot(later, other)) == a_snapshot(other, later)


def test_an_older_revision_never_follows_a_newer_one() -> None:
    old, new, other = a_party("a", 4, days=5), a_party("a", 5), a_party("b")
    assert newer(a_snapshot(new), a_snapshot(old)) is None
    assert newer(a_snapshot(new), a_snapshot(old, other)) == a_snapshot(new, other)
    assert newer(a_snapshot(old), a_snapshot(old, new)) == a_snapshot(new)  # on its way


class City:
    """A city in memory, read as Cassandra is."""

    def __init__(self, days: list[float]) -> None:
        self.rows = [a_party(number, days=each) for number, each in enumerate(days)]
        self.reads = 0

    async def read(self, page: Slice) -> list[ListedParty]:
        self.reads += 1
        rows = [
            row
            for row in self.rows
            if row.date.year == page.year
            and (page.after[0], page.after[1].int) < (row.date, row.party_id.int)
            and (row.date, row.party_id.int) < (page.before[0], page.before[1].int)
        ]
        rows.sort(key=lambda row: (row.date, row.party_id.int), reverse=page.descending)
        return rows[: page.limit]


SIZES = st.integers(1, SIZE)


@given(
    st.lists(st.sampled_from([0.0, 1.0, 30.0, 60.0, 300.0, 500.0, 700.0]), max_size=150),
    SIZES.map(lambda size: Paging(first=size)) | SIZES.map(lambda size: Paging(last=size)),
    st.booleans(),
)
async def test_pages_of_a_snapshot_are_pages_of_the_city(
    days: list[float],
    paging: Paging,
    latest_first: bool,  # noqa: FBT001  # made up by Hypothesis
) -> None:
    city = City(days)
    snapshot = await read_snapshot("city", city.read, NOW)
    assert snapshot.is_whole == (len(days) < SIZE)
    expected = await CityList("city", WINDOW, city.read, latest_first).page(paging)
    city.reads = 0
    slices = SnapshotSlices(snapshot, city.read)
    page = await CityList("city", WINDOW, slices.read, latest_first).page(paging)
    assert page.parties == expected.parties
    if snapshot.is_whole or (paging.first and not latest_first):
        assert city.reads == 0
    assert await page.has_next() == await expected.has_next()
    assert await page.has_previous() == await expected.has_previous()
