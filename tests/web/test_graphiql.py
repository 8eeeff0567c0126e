"""GraphiQL, as it is built in: a query, a subscription, headers, history and documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.support.api import soon

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.support.api import Api
    from tests.web.conftest import OpenPage, Watch


# GraphiQL takes note of what was typed, and reads which operations a tab has, a moment later, and
# shows no sign of it.
SETTLING = 1000  # milliseconds


async def graphiql(open_page: OpenPage, path: str = "/graphql") -> Page:
    """An open GraphiQL that has read the schema."""
    page = await open_page(path)
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    await expect(page.get_by_role("link", name="JoinPartyInput")).to_be_visible()
    await page.get_by_role("button", name="Hide Documentation Explorer").click()
    return page


async def run(page: Page, tab: str) -> None:
    await page.get_by_role("tablist").get_by_role("button", name=tab, exact=True).click()
    await page.wait_for_timeout(SETTLING)
    await page.get_by_role("button", name="Execute query").click()


async def test_an_example_runs_with_headers_and_is_remembered(
    api: Api, open_page: OpenPage, watch: Watch
) -> None:
    await api.create(city="Lisbon", name="To be listed", date=soon(1))
    page = await graphiql(open_page)
    await page.get_by_role("button", name="Headers").click()
    headers = page.get_by_role("region", name="Headers")
    await headers.get_by_role("textbox").focus()
    await page.keyboard.insert_text('{"X-Tried": "yes"}')
    await expect(headers).to_contain_text("X-Tried")
    await page.wait_for_timeout(SETTLING)
    async with page.expect_request(
        lambda request: "Upcoming" in (request.post_data or "")
    ) as asked:
        await run(page, "Upcoming")
    assert (await asked.value).headers["x-tried"] == "yes"
    await expect(page.get_by_role("region", name="Result Window")).to_contain_text("To be listed")
    await page.get_by_role("button", name="Show History").click()
    await expect(page.get_by_role("button", name="Upcoming", exact=True)).to_be_visible()
    assert all(each.url.startswith(f"{api.url}/") for each in watch.requests)


async def test_an_example_follows_a_city_live(api: Api, open_page: OpenPage) -> None:
    party = await api.create(city="Lisbon", name="To be followed", date=soon(1), people=41)
    page = await graphiql(open_page)
    await run(page, "Follow")
    result = page.get_by_role("region", name="Result Window")
    await expect(result).to_contain_text("41")
    await api.mutate("joinParty", partyId=party["id"])
    await expect(result).to_contain_text("42")


async def test_a_mutation_is_ready_to_be_sent_twice(api: Api, open_page: OpenPage) -> None:
    await api.create(city="Lisbon", name="The next one", date=soon(0.01))
    page = await graphiql(open_page)
    result = page.get_by_role("region", name="Result Window")
    for outcome in ("JoinPartySuccess", "ConflictError"):
        await run(page, "Join")
        await expect(result).to_contain_text(outcome)


async def test_a_link_brings_an_operation(open_page: OpenPage) -> None:
    page = await graphiql(open_page, '/graphql?query={city(name:"Nairobi"){name}}')
    await page.get_by_role("button", name="Execute query").click()
    await expect(page.get_by_role("region", name="Result Window")).to_contain_text("Nairobi")
