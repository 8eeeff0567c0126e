"""Pages of a city's parties, over HTTP, across the turn of a year and while parties come and go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api import clock
from graphql_api.parties.cursor import Position, encode
from graphql_api.schema import ids
from tests.support.api import a_city
from tests.support.parties import a_head, a_party_id, now, post, text_of

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.store.rows import PartyHead
    from tests.support.api import Api

PAGES = """
query($city: String!, $first: Int, $after: String, $last: Int, $before: String,
      $from: DateTime, $until: DateTime, $order: PartyOrder! = SOONEST_FIRST) {
  parties(city: $city, first: $first, after: $after, last: $last, before: $before,
          from: $from, until: $until, order: $order) {
    nodes { id } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def page(api: Api, city: str, **arguments: Any) -> dict[str, Any]:
    data = await api.run(PAGES, city=city, **arguments)
    connection: dict[str, Any] = data["parties"]
    return connection


async def refusal(api: Api, city: str, **arguments: Any) -> str:
    """The message of a page that is refused, with the code that says so."""
    answer = await api.send(PAGES, city=city, **arguments)
    assert answer["data"] == {"parties": None}
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["path"] == ["parties"]
    message: str = error["message"]
    return message


def ids_of(heads: list[PartyHead]) -> list[str]:
    return [ids.party_id(head.party_id) for head in heads]


def cursor_of(head: PartyHead) -> str:
    return encode(Position(head.date, head.party_id), head.city_key)


def expected(heads: list[PartyHead], *, following: bool, preceding: bool) -> dict[str, Any]:
    """A whole page, to the letter."""
    cursors = [cursor_of(head) for head in heads]
    found = ids_of(heads)
    return {
        "nodes": [{"id": each} for each in found],
        "edges": [
            {"cursor": cursor, "node": {"id": each}}
            for cursor, each in zip(cursors, found, strict=True)
        ],
        "pageInfo": {
            "hasNextPage": following,
            "hasPreviousPage": preceding,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def new_year() -> datetime:
    """The next turn of a year that is at least a month ahead and has a month after it."""
    year = now().year + 1
    turn = datetime(year, 1, 1)
    return turn if turn - now() > timedelta(days=31) else turn.replace(year=year + 1)


async def around_new_year(parts: Parts) -> tuple[str, list[PartyHead]]:
    """A city with nine parties, the middle ones within a second of the turn of the year."""
    city, turn = a_city(), new_year()
    hours = [-500, -48, -1, 0, 0, 1, 48, 500]
    dates = [turn + timedelta(hours=each) for each in hours]
    dates.insert(3, turn - timedelta(milliseconds=1))
    posted = [await post(parts, city=city, date=date) for date in dates]
    return city, sorted(posted, key=lambda head: (head.date, head.party_id.int))


@pytest.mark.parametrize("order", ["SOONEST_FIRST", "LATEST_FIRST"])
async def test_pages_run_across_the_turn_of_a_year(api: Api, parts: Parts, order: str) -> None:
    city, heads = await around_new_year(parts)
    if order == "LATEST_FIRST":
        heads.reverse()
    found = await page(api, city, first=4, order=order)
    assert found == expected(heads[:4], following=True, preceding=False)
    found = await page(api, city, first=4, after=found["pageInfo"]["endCursor"], order=order)
    assert found == expected(heads[4:8], following=True, preceding=True)
    found = await page(api, city, first=4, after=found["pageInfo"]["endCursor"], order=order)
    assert found == expected(heads[8:], following=False, preceding=True)
    found = await page(api, city, first=4, after=found["pageInfo"]["endCursor"], order=order)
    assert found == expected([], following=False, preceding=True)


@pytest.mark.parametrize("order", ["SOONEST_FIRST", "LATEST_FIRST"])
async def test_pages_run_backwards_across_the_turn_of_a_year(
    api: Api, parts: Parts, order: str
) -> None:
    city, heads = await around_new_year(parts)
    if order == "LATEST_FIRST":
        heads.reverse()
    found = await page(api, city, last=4, order=order)
    assert found == expected(heads[5:], following=False, preceding=True)
    found = await page(api, city, last=4, before=found["pageInfo"]["startCursor"], order=order)
    assert found == expected(heads[1:5], following=True, preceding=True)
    found = await page(api, city, last=4, before=found["pageInfo"]["startCursor"], order=order)
    assert found == expected(heads[:1], following=True, preceding=False)
    found = await page(api, city, last=4, before=found["pageInfo"]["startCursor"], order=order)
    assert found == expected([], following=True, preceding=False)


async def test_a_page_that_ends_exactly_at_the_last_party_has_no_next(
    api: Api, parts: Parts
) -> None:
    city, heads = await around_new_year(parts)
    assert await page(api, city, first=9) == expected(heads, following=False, preceding=False)
    assert await page(api, city, last=9) == expected(heads, following=False, preceding=False)
    assert await page(api, city, first=8) == expected(heads[:8], following=True, preceding=False)
    assert await page(api, city, last=8) == expected(heads[1:], following=False, preceding=True)


async def test_an_empty_page_knows_of_the_party_that_its_cursor_stands_for(
    api: Api, parts: Parts
) -> None:
    head = await post(parts)
    cursor = cursor_of(head)
    after = await page(api, head.city, first=1, after=cursor)
    assert after == expected([], following=False, preceding=True)
    before = await page(api, head.city, last=1, before=cursor)
    assert before == expected([], following=True, preceding=False)
    await api.mutate("deleteParty", partyId=ids_of([head])[0])
    after = await page(api, head.city, first=1, after=cursor)
    assert after == expected([], following=False, preceding=False)


async def test_cursors_stay_right_while_parties_come_and_go(api: Api, parts: Parts) -> None:
    city, heads = await around_new_year(parts)
    found = await page(api, city, first=3)
    assert found == expected(heads[:3], following=True, preceding=False)
    # The party of the cursor goes, another comes before it and one just after it, one moves away.
    await api.mutate("deleteParty", partyId=ids_of(heads)[2])
    before = await post(parts, city=city, date=heads[0].date - timedelta(hours=1))
    after = await post(parts, city=city, date=heads[2].date + timedelta(milliseconds=1))
    await api.mutate("updateParty", partyId=ids_of(heads)[4], city=a_city())
    rest = [after, heads[3], *heads[5:]]
    following = await page(api, city, first=3, after=found["pageInfo"]["endCursor"])
    assert following == expected(rest[:3], following=True, preceding=True)
    end = await page(api, city, first=9, after=following["pageInfo"]["endCursor"])
    assert end == expected(rest[3:], following=False, preceding=True)
    back = await page(api, city, last=9, before=following["pageInfo"]["startCursor"])
    assert back == expected([before, *heads[:2]], following=True, preceding=False)


async def test_parties_of_one_moment_are_paged_one_by_one(api: Api, parts: Parts) -> None:
    city, date = a_city(), now() + timedelta(days=3)
    heads = [a_head(city=city, date=date) for _ in range(7)]
    for head in heads:
        await parts.store.write_copy(head, 1)
    heads.sort(key=lambda head: head.party_id.int)
    for order, ranked in (("SOONEST_FIRST", heads), ("LATEST_FIRST", heads[::-1])):
        seen: list[str] = []
        after = None
        for _ in heads:
            found = await page(api, city, first=1, after=after, order=order)
            seen += [node["id"] for node in found["nodes"]]
            after = found["pageInfo"]["endCursor"]
        assert seen == ids_of(ranked)
        assert not found["pageInfo"]["hasNextPage"]


async def test_a_page_has_twenty_parties_unless_told_and_a_hundred_at_most(
    api: Api, parts: Parts
) -> None:
    city, start = a_city(), now() + timedelta(days=1)
    heads = [a_head(city=city, date=start + timedelta(hours=each)) for each in range(101)]
    for head in heads:
        await parts.store.write_copy(head, 1)
    assert await page(api, city) == expected(heads[:20], following=True, preceding=False)
    assert await page(api, city, first=None, last=None) == await page(api, city)
    assert await page(api, city, first=100) == expected(
        heads[:100], following=True, preceding=False
    )
    assert await page(api, city, last=100) == expected(heads[1:], following=False, preceding=True)
    after = cursor_of(heads[50])
    assert await page(api, city, after=after) == expected(
        heads[51:71], following=True, preceding=True
    )
    assert await page(api, city, before=after) == expected(
        heads[30:50], following=True, preceding=True
    )


@pytest.mark.parametrize("name", ["first", "last"])
@pytest.mark.parametrize("size", [0, -1, 101, 2**31 - 1])
async def test_page_sizes_beyond_the_limits(api: Api, name: str, size: int) -> None:
    message = await refusal(api, a_city(), **{name: size})
    assert message == f"{name} must be from 1 to 100."


async def test_wrong_combinations_of_arguments(api: Api) -> None:
    city = a_city()
    cursor = encode(Position(now(), a_party_id()), city.casefold())
    both = "give first or last, not both."
    before = "before goes with last, not with first or after."
    after = "after goes with first, not with last."
    assert await refusal(api, city, first=1, last=1) == both
    assert await refusal(api, city, first=1, before=cursor) == before
    assert await refusal(api, city, last=1, after=cursor) == after
    assert await refusal(api, city, after=cursor, before=cursor) == before
    assert await refusal(api, city, first=1, after=cursor, before=cursor) == before
    assert await refusal(api, city, first=1, last=1, after=cursor, before=cursor) == both


@pytest.mark.parametrize(("name", "size"), [("after", "first"), ("before", "last")])
async def test_damaged_and_foreign_cursors(api: Api, parts: Parts, name: str, size: str) -> None:
    head = await post(parts)
    here = cursor_of(head)
    elsewhere = encode(Position(head.date, head.party_id), "elsewhere")
    message = (
        f"{name} is not a cursor of this list: take it from pageInfo or an edge of the "
        "same list, unchanged."
    )
    wrong = ["", "x", here[:-1], here + "=", here.lower(), elsewhere, ids_of([head])[0], "é", "😀"]
    for cursor in wrong:
        assert await refusal(api, head.city, **{name: cursor, size: 1}) == message
    right = await page(api, head.city.upper(), **{name: here, size: 1})
    assert right["nodes"] == []


async def test_a_cursor_is_good_for_both_orders_and_other_windows(api: Api, parts: Parts) -> None:
    city, heads = await around_new_year(parts)
    cursor = cursor_of(heads[4])
    found = await page(api, city, first=2, after=cursor, order="LATEST_FIRST")
    assert found == expected([heads[3], heads[2]], following=True, preceding=True)
    start = text_of(heads[6].date)
    found = await page(api, city, first=1, after=cursor, **{"from": start})
    assert found == expected([heads[6]], following=True, preceding=False)
    found = await page(api, city, last=1, before=cursor, until=text_of(heads[2].date))
    assert found == expected([heads[1]], following=False, preceding=True)


async def test_a_window_takes_its_start_and_leaves_out_its_end(api: Api, parts: Parts) -> None:
    city, heads = await around_new_year(parts)
    turn = new_year()
    tick = timedelta(milliseconds=1)
    first = next(index for index, head in enumerate(heads) if head.date == turn)
    for start, end, found in (
        (turn, None, heads[first:]),
        (None, turn, heads[:first]),
        (turn, turn + tick, heads[first : first + 2]),
        (turn - tick, turn, heads[first - 1 : first]),
        (turn - tick, turn + tick, heads[first - 1 : first + 2]),
        (turn + tick, heads[-1].date, heads[first + 2 : -1]),
        (turn + tick, turn + 2 * tick, []),
    ):
        window = {"from": start and text_of(start), "until": end and text_of(end)}
        assert await page(api, city, **window) == expected(found, following=False, preceding=False)


async def test_unless_told_a_list_begins_three_hours_ago_and_has_no_end(
    api: Api, parts: Parts
) -> None:
    city = a_city()
    over = await post(parts, city=city, date=now() - timedelta(hours=3, seconds=2))
    begun = await post(parts, city=city, date=now() - timedelta(hours=2, minutes=58))
    ahead = await post(parts, city=city, date=clock.now() + timedelta(days=729))
    found = await page(api, city)
    assert found == expected([begun, ahead], following=False, preceding=False)
    found = await page(api, city, last=9, until=text_of(now()))
    assert found == expected([begun], following=False, preceding=False)
    found = await page(api, city, **{"from": text_of(now() - timedelta(days=1))})
    assert found == expected([over, begun, ahead], following=False, preceding=False)


async def test_empty_windows_and_those_beyond_five_calendar_years(api: Api) -> None:
    city, year = a_city(), now().year
    empty = "until must be later than from, which is three hours ago unless given."
    long = "from and until may span 5 calendar years at most; give both, closer together."
    moment = text_of(now())
    assert await refusal(api, city, **{"from": moment, "until": moment}) == empty
    assert await refusal(api, city, until=text_of(now() - timedelta(hours=3, seconds=1))) == empty
    five = {"from": f"{year - 4}-01-01T00:00:00Z", "until": f"{year + 1}-01-01T00:00:00Z"}
    assert await page(api, city, **five) == expected([], following=False, preceding=False)
    six = {**five, "until": f"{year + 1}-01-01T00:00:00.001Z"}
    assert await refusal(api, city, **six) == long
    assert await refusal(api, city, **{"from": f"{year - 4}-01-01T00:00:00Z"}) == long
    for start in ("1900-01-01T00:00:00Z", "9994-01-01T00:00:00Z"):
        until = f"{int(start[:4]) + 4}-12-31T23:59:59Z"
        found = await page(api, city, **{"from": start, "until": until})
        assert found == expected([], following=False, preceding=False)
