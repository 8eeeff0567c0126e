"""Signing in by clicking, at a provider of the tests' own, and what a page shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.support.api import a_city, soon
from tests.support.provider import AUDIENCE, Provider, a_provider, signed_in
from tests.support.sign_in_pages import CLIENT, SignInPages
from tests.support.web import serving_app
from tests.web.test_access import PHONE, is_within_its_width, violations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page, Route

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api
    from tests.web.conftest import OpenPage, Watch

ENDED = "Your sign-in has ended."


@pytest.fixture
async def pages() -> SignInPages:
    return SignInPages()


@pytest.fixture
async def provider(pages: SignInPages) -> AsyncIterator[Provider]:
    async with a_provider(pages) as opened:
        yield opened


@pytest.fixture
async def api(parts: Parts, settings: Settings, provider: Provider) -> AsyncIterator[Api]:
    """A server where people sign in, with a page that has a client id."""
    changes = {**provider.settings, "auth_client_id": CLIENT, "auth_clock_skew": 0}
    async with serving_app(parts, settings, **changes) as served:
        yield served


@pytest.fixture
async def watch(watch: Watch, provider: Provider) -> Watch:
    watch.provider = provider.issuer
    return watch


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def sign_in(page: Page, person: str = "Ann Archer") -> None:
    """By the header, and back."""
    await page.get_by_role("navigation").get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name=person).click()
    await expect(page.get_by_text(person)).to_be_visible()


async def test_sign_in_join_and_find_it_again(
    api: Api, provider: Provider, pages: SignInPages, open_page: OpenPage
) -> None:
    bob = signed_in(api, provider, "bob")
    party = await bob.create(name="Bob\u2019s", people=1)
    page = await open_page(f"/party/{party['id']}")
    await expect(page.get_by_role("button", name="Leave (−1)")).to_be_disabled()
    await expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    await sign_in(page)
    assert page.url == f"{api.url}/party/{party['id']}"
    asked = pages.asked[0]
    assert (asked["scope"], asked["audience"]) == ("openid profile", AUDIENCE)
    assert asked["code_challenge_method"] == "S256"
    await expect(page.get_by_role("button", name="Leave (−1)")).to_be_disabled()
    await press(page, "Join (+1)")
    await expect(page.get_by_text("You are coming")).to_be_visible()
    await expect(page.get_by_text("2 people", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Join (+1)")).to_be_disabled()
    await expect(page.get_by_role("button", name="Leave (−1)")).to_be_focused()
    await page.reload()
    await expect(page.get_by_text("You are coming")).to_be_visible()
    await page.get_by_role("link", name="My parties").click()
    joined = page.get_by_role("list", name="Parties I joined")
    await expect(joined.get_by_role("listitem")).to_contain_text(["Bob\u2019s"])
    await expect(page.get_by_text("Nothing posted")).to_be_visible()
    assert urlsplit(page.url).path == "/mine"
    await joined.get_by_role("link").click()
    await press(page, "Leave (−1)")
    await expect(page.get_by_text("You are coming")).to_have_count(0)
    await expect(page.get_by_role("button", name="Join (+1)")).to_be_focused()
    await page.get_by_role("link", name="My parties").click()
    await expect(page.get_by_text("Nothing ahead")).to_be_visible()


async def test_the_host_sees_who_comes_and_deletes(
    api: Api, provider: Provider, open_page: OpenPage
) -> None:
    party = await signed_in(api, provider, "ann").create(name="Ann\u2019s")
    for person in ("bob", "cleo"):
        await signed_in(api, provider, person).mutate("joinParty", partyId=party["id"])
    page = await open_page(f"/party/{party['id']}")
    await sign_in(page)
    await expect(page.get_by_text("You are the host")).to_be_visible()
    guests = page.locator(".attendees").get_by_role("listitem")
    await expect(guests).to_have_text(["bob", "cleo"])
    await signed_in(api, provider, "dan").mutate("joinParty", partyId=party["id"])
    await expect(guests).to_have_text(["bob", "cleo", "dan"])
    await page.get_by_role("link", name="My parties").click()
    hosted = page.get_by_role("list", name="Parties I host")
    await expect(hosted.get_by_role("listitem")).to_contain_text(["Ann\u2019s"])
    await hosted.get_by_role("link").click()
    await press(page, "Delete")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("A quiet town")).to_be_visible()
    assert await api.party(party["id"]) is None


async def test_long_lists_have_further_pages(
    api: Api, provider: Provider, open_page: OpenPage
) -> None:
    ann = signed_in(api, provider, "ann")
    city = a_city()
    for number in range(21):
        await ann.create(city=city, name=f"Party {number}", date=soon(3 + number))
    page = await open_page("/mine")
    await expect(page.get_by_text("Sign in to see what you have joined")).to_be_visible()
    await sign_in(page)
    rows = page.get_by_role("listitem")
    await expect(rows).to_have_count(20)
    await press(page, "More parties I host")
    await expect(rows).to_have_count(21)
    await expect(rows.last).to_contain_text("Party 20")


async def test_a_second_join_is_told(api: Api, provider: Provider, open_page: OpenPage) -> None:
    party = await signed_in(api, provider, "bob").create(people=1)
    page = await open_page(f"/party/{party['id']}")
    await sign_in(page)
    await expect(page.get_by_role("button", name="Join (+1)")).to_be_enabled()
    await signed_in(api, provider, "ann").mutate("joinParty", partyId=party["id"])
    await expect(page.get_by_text("2 people", exact=True)).to_be_visible()
    await press(page, "Join (+1)")  # the other tab\u2019s join is not known here
    await expect(page.locator(".attendance").get_by_role("status")).to_contain_text("joined")
    await expect(page.get_by_text("You are coming")).to_be_visible()
    await expect(page.get_by_text("2 people", exact=True)).to_be_visible()


async def test_a_filled_in_form_outlives_signing_in(api: Api, open_page: OpenPage) -> None:
    city = a_city()
    page = await open_page(f"/new?city={city}")
    await page.get_by_role("textbox", name="Name").fill("Housewarming")
    await page.get_by_label("Date").fill(soon(9)[:16])
    await page.get_by_role("textbox", name="Place").fill("Upstairs")
    await press(page, "Post")
    told = page.get_by_role("alert")
    await expect(told).to_contain_text("This takes signing in.")
    await told.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Bob Baker").click()
    await expect(page.get_by_role("textbox", name="Place")).to_have_value("Upstairs")
    assert page.url == f"{api.url}/new?city={city.replace(' ', '%20')}"
    await press(page, "Post")
    await expect(page.get_by_role("heading", name="Housewarming")).to_be_visible()
    await expect(page.get_by_text("You are the host")).to_be_visible()


async def test_who_is_not_signed_in_is_offered_it_and_comes_back(
    api: Api, provider: Provider, open_page: OpenPage
) -> None:
    party = await signed_in(api, provider, "bob").create(people=1)
    page = await open_page(f"/party/{party['id']}")
    await press(page, "Join (+1)")
    told = page.locator(".attendance").get_by_role("status")
    await expect(told).to_contain_text("This takes signing in.")
    await told.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Ann Archer").click()
    await expect(page.get_by_text("1 person", exact=True)).to_be_visible()
    assert page.url == f"{api.url}/party/{party['id']}"
    await press(page, "Join (+1)")
    await expect(page.get_by_text("You are coming")).to_be_visible()


async def test_an_expired_token_leads_to_signing_in_and_back(
    api: Api, provider: Provider, pages: SignInPages, open_page: OpenPage
) -> None:
    party = await signed_in(api, provider, "bob").create(people=1)
    pages.lifetime = 2
    page = await open_page(f"/party/{party['id']}")
    await sign_in(page)
    await expect(page.get_by_text(ENDED)).to_be_visible()
    await expect(page.get_by_text("1 person", exact=True)).to_be_visible()
    pages.lifetime = 600
    await press(page, "Sign in again")
    await expect(page.get_by_text("Ann Archer")).to_be_visible()  # the provider still knows her
    assert page.url == f"{api.url}/party/{party['id']}"
    await press(page, "Join (+1)")
    await expect(page.get_by_text("You are coming")).to_be_visible()


async def test_a_token_that_the_server_refuses_is_forgotten_and_reading_goes_on(
    api: Api, provider: Provider, open_page: OpenPage, watch: Watch
) -> None:
    party = await signed_in(api, provider, "bob").create(people=1)
    page = await open_page("/")
    await sign_in(page)
    watch.refuses_tokens = True

    async def refuse(route: Route) -> None:
        error = {"message": "Too old.", "extensions": {"code": "UNAUTHENTICATED"}}
        is_signed = "authorization" in route.request.headers
        await (
            route.fulfill(status=401, json={"errors": [error]}) if is_signed else route.continue_()
        )

    await page.route("**/graphql", refuse)
    await page.goto(f"{api.url}/party/{party['id']}")
    await expect(
        page.get_by_text("The server does not accept your sign-in. Too old.")
    ).to_be_visible()
    await expect(page.get_by_text("1 person", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


async def test_sign_out_is_of_every_tab_and_at_the_provider(api: Api, open_page: OpenPage) -> None:
    page = await open_page("/mine")
    await sign_in(page)
    other = await page.context.new_page()
    await other.goto(f"{api.url}/mine")
    await other.get_by_role("navigation").get_by_role("button", name="Sign in").click()
    await expect(other.get_by_text("Ann Archer")).to_be_visible()
    await press(page, "Sign out")
    await expect(
        page.get_by_role("heading", name="Somebody\u2019s having a party.")
    ).to_be_visible()
    await expect(other.get_by_text("Whose parties?")).to_be_visible()
    for each in (page, other):
        kept = await each.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
        assert kept == "[{},{}]"
    await press(page, "Sign in")
    await expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()


async def test_tokens_and_codes_are_in_no_address(
    api: Api, pages: SignInPages, open_page: OpenPage, watch: Watch
) -> None:
    page = await open_page("/mine")
    await sign_in(page)
    await page.go_back()
    tokens = [pages.exchanged[0]["access_token"], pages.exchanged[0]["id_token"]]
    asked = [each.url for each in watch.requests]
    assert not any(token in url for token in tokens for url in asked)
    assert "code=" not in await page.evaluate("location.href")
    assert api.url


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/signed-in?code=stolen&state=guessed", "This tab has not begun to sign in"),
        ("/signed-in", "This tab has not begun to sign in"),
    ],
)
async def test_a_code_that_this_tab_did_not_ask_for_is_not_used(
    open_page: OpenPage, watch: Watch, path: str, told: str
) -> None:
    page = await open_page(path)
    await expect(page.get_by_role("alert")).to_contain_text(told)
    assert not any("/token" in each.url for each in watch.requests)
    assert urlsplit(page.url).query == ""


async def test_a_wrong_state_or_nonce_signs_nobody_in(
    api: Api, pages: SignInPages, open_page: OpenPage
) -> None:
    page = await open_page("/new")
    told = page.get_by_role("alert")

    async def another_state(route: Route) -> None:
        await route.fulfill(
            status=302, headers={"Location": f"{api.url}/signed-in?code=x&state=other"}
        )

    await page.route("**/authorize?**", another_state, times=1)
    await page.get_by_role("navigation").get_by_role("button", name="Sign in").click()
    await expect(told).to_contain_text("did not fit together")
    pages.nonce = "another"
    await press(page, "Try again")
    await page.get_by_role("link", name="Ann Archer").click()
    await expect(told).to_contain_text("did not fit together")
    assert len(pages.exchanged) == 1
    await page.get_by_role("link", name="Go on without").click()
    await expect(page.get_by_role("heading", name="New party")).to_be_visible()
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


async def test_a_provider_that_says_no_or_is_away_is_told(
    open_page: OpenPage, watch: Watch
) -> None:
    page = await open_page("/new")
    await page.get_by_role("navigation").get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Cancel").click()
    await expect(page.get_by_role("alert")).to_contain_text("the provider said no")
    await page.get_by_role("link", name="Go on without").click()
    watch.breaks_connections = True
    await page.route("**/.well-known/**", lambda route: route.abort())
    await press(page, "Sign in")
    await expect(page.get_by_text("The identity provider cannot be reached.")).to_be_visible()


async def test_without_a_client_id_the_page_says_so_and_reads(
    parts: Parts, settings: Settings, provider: Provider, open_page: OpenPage, watch: Watch
) -> None:
    async with serving_app(parts, settings, **provider.settings) as api:
        watch.origin, watch.provider = api.url, None
        party = await signed_in(api, provider, "bob").create(people=1)
        page = await open_page(f"/party/{party['id']}", origin=api.url)
        await expect(page.get_by_text("this page was given no client id")).to_be_visible()
        await expect(page.get_by_text("1 person", exact=True)).to_be_visible()
        for name in ("Join (+1)", "Leave (−1)"):
            await expect(page.get_by_role("button", name=name)).to_be_disabled()
        await expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
        assert await violations(page) == []


async def test_pages_may_call_the_provider_and_nobody_else(
    api: Api, provider: Provider, parts: Parts, settings: Settings
) -> None:
    origin = provider.issuer.rstrip("/")
    for server, allowed in ((api, f"'self' {origin}"), (None, "'self'")):
        if server is None:
            async with serving_app(parts, settings, **provider.settings) as reading:
                policy = await _policy(reading)
        else:
            policy = await _policy(server)
        assert f"; connect-src {allowed}; base-uri" in policy
        assert "unsafe" not in policy


async def _policy(api: Api) -> str:
    async with api.session.get(f"{api.url}/mine") as response:
        assert response.status == 200
        return response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("is_phone", [False, True])
async def test_every_page_of_who_is_signed_in_is_accessible_and_fits(
    api: Api, provider: Provider, open_page: OpenPage, scheme: str, *, is_phone: bool
) -> None:
    ann = signed_in(api, provider, "ann")
    party = await ann.create(name="Ann\u2019s", people=3, capacity=9)
    await ann.mutate("joinParty", partyId=party["id"])
    await signed_in(api, provider, "auth0|" + "long" * 30).mutate("joinParty", partyId=party["id"])
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    if is_phone:
        options["viewport"] = PHONE
    page = await open_page("/mine", **options)

    async def is_fine(sign: str) -> None:
        await expect(page.get_by_text(sign).first).to_be_visible()
        assert await violations(page) == []
        assert await is_within_its_width(page)

    await is_fine("Whose parties?")
    await page.goto(f"{api.url}/signed-in")
    await is_fine("Signing in did not work")
    await page.goto(f"{api.url}/party/{party['id']}")
    await press(page, "Join (+1)")
    await is_fine("This takes signing in.")
    await sign_in(page)
    await is_fine("Who is coming")
    await page.get_by_role("link", name="My parties").click()
    await is_fine("Ann\u2019s")


async def test_by_the_keyboard_alone(api: Api, provider: Provider, open_page: OpenPage) -> None:
    party = await signed_in(api, provider, "bob").create(people=1, name="Bob\u2019s")
    page = await open_page(f"/party/{party['id']}")

    async def reach(role: Any, name: str) -> None:
        wanted = page.get_by_role(role, name=name, exact=True)
        await expect(wanted).to_be_visible()
        for _ in range(20):
            if await wanted.evaluate("each => each === document.activeElement"):
                break
            await page.keyboard.press("Tab")
        await expect(wanted).to_be_focused()
        await page.keyboard.press("Enter")

    await reach("button", "Sign in")
    await reach("link", "Ann Archer")
    await reach("button", "Join (+1)")
    await expect(page.get_by_text("You are coming")).to_be_visible()
    await reach("link", "My parties")
    await expect(page.get_by_role("heading", name="My parties")).to_be_visible()
    await reach("link", "Bob\u2019s")
    await expect(page.get_by_role("heading", name="Bob\u2019s")).to_be_focused()
    await reach("button", "Leave (−1)")
    await expect(page.get_by_text("You are coming")).to_have_count(0)
    await reach("button", "Sign out")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
