"""Find, a city, a party, a new party: as a person goes through them in Chromium."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.support.api import a_city, soon

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.support.api import Api
    from tests.web.conftest import OpenPage, Watch


async def the_party(page: Page) -> str:
    """The id of the party whose page is shown."""
    await page.wait_for_url("**/party/*")
    return page.url.rpartition("/")[2]


async def test_a_city_is_found_by_its_first_letters(api: Api, open_page: OpenPage) -> None:
    await api.create(city="Fürstenfeldbruck", name="Sommerfest")
    page = await open_page("/")
    await page.get_by_role("textbox", name="City").fill("fü")
    await page.get_by_role("option", name="Fürstenfeldbruck").click()
    await expect(page.get_by_role("heading", name="Fürstenfeldbruck")).to_be_visible()
    await expect(page.get_by_role("link", name="Sommerfest")).to_be_visible()
    await page.get_by_role("link", name="Partyfinder").click()
    recent = page.get_by_role("link", name="Fürstenfeldbruck")  # it was looked at lately
    await expect(recent).to_be_visible()
    await expect(page.get_by_role("link", name="Sommerfest")).to_be_visible()


async def test_a_city_lists_its_parties_soonest_first_with_their_counts(
    api: Api, open_page: OpenPage
) -> None:
    city = a_city()
    await api.create(city=city, name="Third", date=soon(9), people=1)
    await api.create(city=city, name="First", date=soon(2), people=7)
    await api.create(city=city, name="Second", date=soon(5), people=7, capacity=10)
    page = await open_page(f"/city/{city}")
    rows = page.get_by_role("listitem")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(0)).to_contain_text("First")
    await expect(rows.nth(0).get_by_text("7 people", exact=True)).to_be_visible()
    await expect(rows.nth(1).get_by_text("7 of 10 people", exact=True)).to_be_visible()
    await expect(rows.nth(2).get_by_text("1 person", exact=True)).to_be_visible()


async def test_dates_are_those_of_the_partys_own_time_zone(api: Api, open_page: OpenPage) -> None:
    date = soon(200)[:4] + "-12-31T20:00:00.000Z"
    party = await api.create(date=date, timeZone="Asia/Tokyo", place="Nakanoshima")
    page = await open_page(f"/party/{party['id']}", timezone_id="America/New_York")
    when = page.get_by_role("definition").first
    await expect(when).to_contain_text(re.compile(r"1 January \d{4}, 05:00 GMT\+9"))
    await expect(when).to_contain_text("15:00 on your clock")
    await page.goto(f"{api.url}/city/{party['city']}")
    await expect(page.get_by_role("listitem")).to_contain_text("1 Jan")
    await expect(page.get_by_role("listitem")).to_contain_text("05:00 GMT+9 · Nakanoshima")


async def test_a_long_list_comes_page_by_page_and_reloads_as_it_was(
    api: Api, open_page: OpenPage
) -> None:
    city = a_city()
    for number in range(45):
        await api.create(city=city, name=f"Party {number:02}", date=soon(1 + number / 10))
    page = await open_page(f"/city/{city}")
    rows = page.get_by_role("listitem")
    more = page.get_by_role("button", name="More parties")
    await expect(rows).to_have_count(20)
    await more.click()
    await expect(rows).to_have_count(40)
    await page.reload()
    await expect(rows).to_have_count(40)
    await more.click()
    await expect(rows).to_have_count(45)
    await expect(more).to_have_count(0)
    assert [(await row.inner_text()).split("\n")[3] for row in await rows.all()] == [
        f"Party {number:02}" for number in range(45)
    ]


async def test_the_first_load_asks_once(api: Api, open_page: OpenPage, watch: Watch) -> None:
    party = await api.create()
    for path in (f"/city/{party['city']}", f"/party/{party['id']}"):
        watch.requests.clear()
        page = await open_page(path)
        await expect(page.get_by_text("0 people")).to_be_visible()
        asked = [each for each in watch.requests if each.url == f"{api.url}/graphql"]
        assert [each.method for each in asked] == ["POST"]


async def test_a_party_is_posted_and_its_address_shared(api: Api, open_page: OpenPage) -> None:
    city = a_city()
    page = await open_page(f"/city/{city}")
    await expect(page.get_by_role("button", name="Post the first one")).to_be_visible()
    await page.get_by_role("button", name="New party").click()
    await expect(page.get_by_role("textbox", name="City")).to_have_value(city)
    await expect(page.get_by_label("Time zone")).to_have_value("Europe/Paris")
    await page.get_by_label("Name", exact=True).fill("Housewarming")
    day = soon(100)[:10]
    await page.get_by_label("Date").fill(f"{day}T20:30")
    await page.get_by_label("Time zone").fill("tokyo")
    await page.get_by_role("option", name="Asia/Tokyo").click()
    await page.get_by_label("Place").fill("Third floor")
    await page.get_by_label("Description").fill("Bring slippers.\nAnd cake.")
    await page.get_by_label("People").fill("7")
    await page.get_by_label("Capacity").fill("10")
    await page.get_by_role("button", name="Post", exact=True).click()
    posted = await api.party(await the_party(page))
    assert posted is not None
    assert posted["date"] == f"{day}T11:30:00.000Z"
    expected = {
        "city": city,
        "name": "Housewarming",
        "timeZone": "Asia/Tokyo",
        "place": "Third floor",
        "description": "Bring slippers.\nAnd cake.",
        "people": 7,
        "capacity": 10,
    }
    assert {name: posted[name] for name in expected} == expected
    for _ in range(2):
        await expect(page.get_by_role("heading", name="Housewarming")).to_be_visible()
        await expect(page.get_by_text("7 of 10 people")).to_be_visible()
        await expect(page.get_by_text("Bring slippers.")).to_be_visible()
        await page.reload()
    await page.go_back()
    await page.go_back()
    await expect(page.get_by_role("link", name="Housewarming")).to_be_visible()


@pytest.mark.parametrize(
    ("local", "zone", "moment"),
    [
        ("03-28T01:30", "Europe/Lisbon", "03-28T01:30:00.000Z"),  # skipped: 02:30 there
        ("10-31T01:30", "Europe/Lisbon", "10-31T00:30:00.000Z"),  # shown twice: the first
        ("07-01T00:15", "Asia/Kathmandu", "06-30T18:30:00.000Z"),
    ],
)
async def test_clocks_that_are_changed(
    api: Api, open_page: OpenPage, local: str, zone: str, moment: str
) -> None:
    page = await open_page(f"/new?city={a_city()}")
    await page.get_by_label("Name", exact=True).fill("At a strange hour")
    await page.get_by_label("Date").fill(f"2027-{local}")
    await page.get_by_label("Time zone").fill(zone)
    await page.get_by_role("button", name="Post", exact=True).click()
    posted = await api.party(await the_party(page))
    assert posted is not None
    assert posted["date"] == f"2027-{moment}"


async def test_what_is_wrong_stands_beside_its_field(open_page: OpenPage) -> None:
    page = await open_page("/new")
    post = page.get_by_role("button", name="Post", exact=True)
    await post.click()
    for label in ("Name", "City", "Date"):
        field = page.get_by_label(label, exact=True)
        await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.get_by_label("Name", exact=True).fill("x" * 201)
    await page.get_by_role("textbox", name="City").fill("Here")
    await page.get_by_label("Date").fill("2020-01-01T20:00")
    await page.get_by_label("Time zone").fill("Europe/Atlantis")
    await page.get_by_label("People").fill("7")
    await page.get_by_label("Capacity").fill("3")
    await post.click()
    for label, problem in (
        ("Name", "must have at most 200 characters"),
        ("Time zone", 'must be an IANA time zone such as "Europe/Paris"'),
        ("Capacity", "must not be below the number of people"),
    ):
        field = page.get_by_label(label, exact=True)
        await expect(field).to_have_attribute("aria-invalid", "true")
        described = str(await field.get_attribute("aria-describedby")).split()
        texts = [await page.locator(f"#{each}").text_content() for each in described]
        assert problem in texts
    assert page.url.endswith("/new")


async def test_a_party_is_deleted_once_that_is_confirmed(api: Api, open_page: OpenPage) -> None:
    party = await api.create(name="Not to be")
    page = await open_page(f"/city/{party['city']}")
    await page.get_by_role("link", name="Not to be").click()
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="Keep it").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await api.party(party["id"]) is not None
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("A quiet town")).to_be_visible()
    assert await api.party(party["id"]) is None
    await page.goto(f"{api.url}/party/{party['id']}")
    await expect(page.get_by_text("There is no such party")).to_be_visible()


async def test_what_people_write_is_shown_as_they_wrote_it(api: Api, open_page: OpenPage) -> None:
    city = "Ñ/100% <b>&amp;"
    party = await api.create(city=city, name="<img src=x onerror=alert(1)>", description="<b>&lt;")
    page = await open_page(f"/party/{party['id']}")
    await expect(page.get_by_role("heading", name="<img src=x onerror=alert(1)>")).to_be_visible()
    await expect(page.get_by_text("<b>&lt;")).to_be_visible()
    await page.get_by_role("link", name=city).click()
    await expect(page.get_by_role("link", name="<img src=x onerror=alert(1)>")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name=city)).to_be_visible()


async def test_what_cannot_be_loaded_is_said_and_loads_when_it_can(
    api: Api, open_page: OpenPage
) -> None:
    party = await api.create(name="Hard to reach")
    page = await open_page("/new")
    refusal = {
        "message": "The database cannot be reached. This request changed nothing; try again soon.",
        "extensions": {"code": "DATABASE_UNAVAILABLE"},
    }
    body = json.dumps({"data": {"party": None}, "errors": [refusal]})
    await page.route(
        "**/graphql", lambda route: route.fulfill(body=body, content_type="application/json")
    )
    await page.evaluate(
        """path => {
          history.pushState(null, "", path);
          dispatchEvent(new PopStateEvent("popstate"));
        }""",
        f"/party/{party['id']}",
    )
    await expect(page.get_by_role("alert")).to_contain_text("The database cannot be reached.")
    await page.unroute("**/graphql")
    await page.get_by_role("button", name="Load again").click()
    await expect(page.get_by_role("heading", name="Hard to reach")).to_be_visible()
