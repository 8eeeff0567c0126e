"""Two tabs of one party: what each saw counts, and each click counts once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playwright.async_api import expect

from tests.support.api import soon

if TYPE_CHECKING:
    from playwright.async_api import Page, Route, WebSocketRoute

    from tests.support.api import Api
    from tests.web.conftest import OpenPage, Watch

ENDPOINT = "**/graphql"


async def click(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).click()


def inputs(watch: Watch, field: str) -> list[dict[str, Any]]:
    """What mutations of a field were sent with, in their order."""
    bodies = [json.loads(each.post_data or "{}") for each in watch.requests]
    return [body["variables"]["input"] for body in bodies if f"{field}(" in body.get("query", "")]


async def hears_nothing(page: Page) -> None:
    """Cut a page off from what is live, so that it goes on to show what it has loaded."""

    def swallow(_socket: WebSocketRoute) -> None:
        """Open a socket to nowhere."""

    await page.route_web_socket(ENDPOINT, swallow)
    await page.reload()


async def test_the_slower_tab_is_told_and_may_try_again(
    api: Api, open_page: OpenPage, watch: Watch
) -> None:
    party = await api.create(people=7)
    quick = await open_page(f"/party/{party['id']}")
    slow = await open_page(f"/party/{party['id']}")
    await hears_nothing(slow)
    await expect(slow.get_by_text("7 people", exact=True)).to_be_visible()
    await click(quick, "Join (+1)")
    await expect(quick.get_by_text("8 people", exact=True)).to_be_visible()
    await expect(slow.get_by_text("7 people", exact=True)).to_be_visible()
    await click(slow, "Join (+1)")
    told = slow.get_by_role("status")
    await expect(told).to_contain_text("Somebody was quicker: 8 people now, you saw 7")
    await expect(slow.get_by_text("8 people", exact=True)).to_be_visible()
    now = await api.party(party["id"])
    assert now is not None
    assert now["people"] == 8
    await click(slow, "Try again")
    await expect(told).to_contain_text("You are counted in.")
    await expect(slow.get_by_text("9 people", exact=True)).to_be_visible()
    sent = inputs(watch, "joinParty")
    assert [each["expectedPeople"] for each in sent] == [7, 7, 8]
    assert len({each["idempotencyKey"] for each in sent}) == 3


async def test_leaving_conflicts_too_and_ends_at_nobody(api: Api, open_page: OpenPage) -> None:
    party = await api.create(people=2)
    page = await open_page(f"/party/{party['id']}")
    await hears_nothing(page)
    await expect(page.get_by_text("2 people", exact=True)).to_be_visible()
    await api.mutate("leaveParty", partyId=party["id"])
    await click(page, "Leave (−1)")
    await expect(page.get_by_role("status")).to_contain_text("1 person now, you saw 2")
    await click(page, "Try again")
    await expect(page.get_by_text("0 people", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Leave (−1)")).to_be_disabled()


async def test_a_full_party_says_so(api: Api, open_page: OpenPage) -> None:
    party = await api.create(people=3, capacity=3)
    page = await open_page(f"/party/{party['id']}")
    await expect(page.get_by_text("3 of 3 people", exact=True)).to_be_visible()
    await click(page, "Join (+1)")
    await expect(page.get_by_role("status")).to_contain_text("full")
    await expect(page.get_by_text("3 of 3 people", exact=True)).to_be_visible()


async def test_what_happens_elsewhere_appears_by_itself(
    api: Api, open_page: OpenPage, watch: Watch
) -> None:
    first = await api.create(name="First", people=1, date=soon(3))
    city = await open_page(f"/city/{first['city']}")
    page = await open_page(f"/party/{first['id']}")
    for shown in (city, page):
        await expect(shown.get_by_text("1 person", exact=True)).to_be_visible()
    loads = len(watch.requests)
    await api.mutate("joinParty", partyId=first["id"])
    for shown in (city, page):
        await expect(shown.get_by_text("2 people", exact=True)).to_be_visible()
    await api.create(city=first["city"], name="Sooner", date=soon(2))
    rows = city.get_by_role("listitem")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("Sooner")
    await api.mutate("deleteParty", partyId=first["id"])
    await expect(page.get_by_text("This party was deleted")).to_be_visible()
    await expect(rows).to_have_count(1)
    assert len(watch.requests) == loads


async def test_a_click_whose_answer_is_lost_is_sent_again_and_counts_once(
    api: Api, open_page: OpenPage, watch: Watch
) -> None:
    party = await api.create(people=7)
    page = await open_page(f"/party/{party['id']}")
    watch.breaks_connections = True
    losses = iter((True, True))

    async def lose(route: Route) -> None:
        if next(losses, False):
            await route.fetch()  # it is counted, or known already
            await route.abort()
        else:
            await route.continue_()

    await page.route(ENDPOINT, lose)
    await click(page, "Join (+1)")
    await expect(page.get_by_role("status")).to_contain_text("You are counted in.")
    await expect(page.get_by_text("8 people", exact=True)).to_be_visible()
    sent = inputs(watch, "joinParty")
    assert len(sent) == 3
    assert len({each["idempotencyKey"] for each in sent}) == 1
    await click(page, "Join (+1)")
    await expect(page.get_by_text("9 people", exact=True)).to_be_visible()
    assert len({each["idempotencyKey"] for each in inputs(watch, "joinParty")}) == 2


async def test_an_unknown_outcome_is_explained_and_resolved(
    api: Api, open_page: OpenPage, watch: Watch
) -> None:
    party = await api.create(people=7)
    page = await open_page(f"/party/{party['id']}")

    async def doubt(route: Route) -> None:
        await route.fetch()
        error = {"message": "Unknown", "extensions": {"code": "OUTCOME_UNKNOWN"}}
        await route.fulfill(json={"data": {"joinParty": None}, "errors": [error]})

    await page.route(ENDPOINT, doubt, times=1)
    await click(page, "Join (+1)")
    told = page.get_by_role("status")
    await expect(told).to_contain_text("does not know yet whether that was counted")
    await click(page, "Join (+1)")  # not another one, while the first is open
    await click(page, "Ask again")
    await expect(told).to_contain_text("You are counted in.")
    await expect(page.get_by_text("8 people", exact=True)).to_be_visible()
    sent = inputs(watch, "joinParty")
    assert len(sent) == 2
    assert sent[0] == sent[1]


async def test_an_old_answer_does_not_undo_newer_news(api: Api, open_page: OpenPage) -> None:
    party = await api.create(people=7)
    page = await open_page(f"/party/{party['id']}")

    async def dawdle(route: Route) -> None:
        answer = await route.fetch()  # 8 people
        await api.mutate("joinParty", partyId=party["id"])
        await expect(page.get_by_text("9 people", exact=True)).to_be_visible()
        await route.fulfill(response=answer)

    await page.route(ENDPOINT, dawdle)
    await click(page, "Join (+1)")
    await expect(page.get_by_role("status")).to_contain_text("You are counted in.")
    await expect(page.get_by_text("9 people", exact=True)).to_be_visible()
