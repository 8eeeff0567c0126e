"""A page without its connection: it says so, keeps what was clicked, and heals."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import aiohttp
from playwright.async_api import expect

from tests.support.api import Api
from tests.support.servers import environment, serving

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.settings import Settings
    from tests.web.conftest import OpenPage, Watch

LOST = "Connection lost."
KEPT = "Your click is kept"


async def test_offline_and_back(api: Api, open_page: OpenPage, watch: Watch) -> None:
    party = await api.create(people=7)
    page = await open_page(f"/party/{party['id']}")
    await expect(page.locator("[data-connection=live]")).to_have_count(1)
    watch.breaks_connections = True
    await page.context.set_offline(True)
    await expect(page.get_by_text(LOST)).to_be_visible()
    await page.get_by_role("button", name="Join (+1)").click()
    await expect(page.get_by_role("status")).to_contain_text(KEPT)
    await page.context.set_offline(False)
    await expect(page.get_by_text("8 people", exact=True)).to_be_visible()
    await expect(page.get_by_text(LOST)).to_have_count(0)
    now = await api.party(party["id"])
    assert now is not None
    assert now["people"] == 8
    await api.mutate("joinParty", partyId=party["id"])
    await expect(page.get_by_text("9 people", exact=True)).to_be_visible()


async def test_what_was_missed_while_offline_is_caught_up_with(
    api: Api, open_page: OpenPage, watch: Watch
) -> None:
    party = await api.create(people=7)
    page = await open_page(f"/city/{party['city']}")
    await expect(page.locator("[data-connection=live]")).to_have_count(1)
    watch.breaks_connections = True
    await page.context.set_offline(True)
    await expect(page.get_by_text(LOST)).to_be_visible()
    await api.mutate("joinParty", partyId=party["id"])
    await expect(page.get_by_text("7 people", exact=True)).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_text("8 people", exact=True)).to_be_visible()


async def test_the_server_is_restarted_under_the_page(
    settings: Settings, open_page: OpenPage, watch: Watch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    variables = environment(settings)
    async with aiohttp.ClientSession() as session:
        async with serving(tmp_path, variables, "--port", port) as url:
            party = await Api(url, session).create(people=7)
            page = await open_page(f"/party/{party['id']}", origin=url)
            watch.origin = url
            await expect(page.locator("[data-connection=live]")).to_have_count(1)
            watch.breaks_connections = True
        await expect(page.get_by_text(LOST)).to_be_visible()
        await page.get_by_role("button", name="Join (+1)").click()
        await expect(page.get_by_role("status")).to_contain_text(KEPT)
        async with serving(tmp_path, variables, "--port", port) as url:
            await expect(page.get_by_text("8 people", exact=True)).to_be_visible()
            await expect(page.get_by_text(LOST)).to_have_count(0)
            await Api(url, session).mutate("joinParty", partyId=party["id"])
            await expect(page.get_by_text("9 people", exact=True)).to_be_visible()
            await page.reload()
            await expect(page.get_by_text("9 people", exact=True)).to_be_visible()
