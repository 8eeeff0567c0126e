"""For everybody: by keyboard alone, by roles and names, at phone width, in dark, without motion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.support.api import a_city, soon
from tests.web.conftest import ROOT

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.support.api import Api
    from tests.web.conftest import OpenPage

PHONE = {"width": 360, "height": 740}


async def violations(page: Page) -> list[str]:
    """What axe-core takes for serious or critical."""
    axe = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
    await page.evaluate(axe.read_text())
    found: list[dict[str, Any]] = (await page.evaluate("axe.run()"))["violations"]
    return [
        f"{each['id']}: {node['html']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


async def is_within_its_width(page: Page) -> bool:
    width: int = await page.evaluate("document.documentElement.scrollWidth")
    return page.viewport_size is not None and width <= page.viewport_size["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("is_phone", [False, True])
async def test_every_page_in_every_state_is_accessible_and_fits(
    api: Api, open_page: OpenPage, scheme: str, *, is_phone: bool
) -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmützenfest" * 3
    party = await api.create(
        city=a_city(), name=long, description=long, place=long, people=999_999, capacity=1_000_000
    )
    # At rest: half-way through a transition any colour has too little contrast.
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    if is_phone:
        options["viewport"] = PHONE
    page = await open_page("/", **options)

    async def is_fine(sign: str) -> None:
        await expect(page.get_by_text(sign).first).to_be_visible()
        assert await violations(page) == []
        assert await is_within_its_width(page)

    await page.get_by_role("textbox", name="City").fill("City")
    await is_fine(party["city"])
    await page.goto(f"{api.url}/city/{party['city']}")
    await is_fine("999999 of 1000000 people")
    await page.goto(f"{api.url}/party/{party['id']}")
    await page.get_by_role("button", name="Join (+1)").click()
    await is_fine("You are counted in.")
    await page.get_by_role("button", name="Join (+1)").click()
    await is_fine("full")
    await page.get_by_role("button", name="Delete").click()
    await is_fine("Delete this party?")
    await page.goto(f"{api.url}/new")
    await page.get_by_role("button", name="Post", exact=True).click()
    await is_fine("Some fields need another look.")
    await page.goto(f"{api.url}/city/Nowhere")
    await is_fine("A quiet town")
    await page.goto(f"{api.url}/party/nothing")
    await is_fine("There is no such party")
    await page.goto(api.url)
    await is_fine("Where you looked lately")


async def test_the_keyboard_alone_does_everything(api: Api, open_page: OpenPage) -> None:
    city = a_city()
    await api.create(city=city, name="First", people=1, date=soon(3))
    page = await open_page("/")
    press = page.keyboard.press
    await press("Tab")
    await expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    for _ in range(3):
        await press("Tab")
    field = page.get_by_role("textbox", name="City")
    await expect(field).to_be_focused()
    await page.keyboard.type(city)
    option = page.get_by_role("option", name=city, exact=True)
    await expect(option).to_be_visible()
    await press("Escape")
    await expect(option).to_have_count(0)
    await press("ArrowDown")
    await expect(option).to_have_attribute("aria-selected", "true")
    await expect(field).to_have_attribute(
        "aria-activedescendant", str(await option.get_attribute("id"))
    )
    await press("Enter")
    await expect(page.get_by_role("heading", name=city)).to_be_focused()
    await expect(page.get_by_role("link", name="First")).to_be_visible()
    await press("Tab")
    await expect(page.get_by_role("link", name="First")).to_be_focused()
    await press("Enter")
    await expect(page.get_by_role("heading", name="First")).to_be_focused()
    leave = page.get_by_role("button", name="Leave (−1)")
    await expect(leave).to_be_visible()
    while not await leave.evaluate("each => each === document.activeElement"):
        await press("Tab")
    await press("Enter")
    await expect(page.get_by_text("0 people", exact=True)).to_be_visible()
    await expect(leave).to_be_disabled()
    await expect(page.get_by_role("button", name="Join (+1)")).to_be_focused()
    await press("Enter")
    await expect(page.get_by_text("1 person", exact=True)).to_be_visible()
    delete = page.get_by_role("button", name="Delete")
    while not await delete.evaluate("each => each === document.activeElement"):
        await press("Tab")
    await press("Enter")
    await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    await press("Escape")
    await expect(delete).to_be_focused()
    await press("Enter")
    await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    await press("Tab")
    await press("Enter")
    await expect(page.get_by_text("A quiet town")).to_be_visible()


async def test_nothing_moves_for_who_wants_no_motion(open_page: OpenPage) -> None:
    page = await open_page("/", reduced_motion="reduce")
    moving = await page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((each) => {
          const style = getComputedStyle(each);
          return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
        }).length"""
    )
    assert moving == 0


async def test_colours_follow_the_persons_choice(open_page: OpenPage) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        page = await open_page("/", color_scheme=scheme)
        colours.add(
            await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        )
    assert len(colours) == 2
