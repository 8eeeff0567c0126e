"""The built web client, a real Chromium, and pages that may neither complain nor call elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import async_playwright, expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

    from tests.support.api import Api

ROOT = Path(__file__).parents[2]
PATIENCE = 20_000  # milliseconds; a test that waits so long has failed
# Debian's Chromium would otherwise look for updates, on a network that may not be there.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
OpenPage = Callable[..., Awaitable["Page"]]

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def built() -> Path:
    """graphql_api/web/ as the sources are now."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed; tests/web need Node 20 or later")
    subprocess.run(["make", "graphql_api/web/index.html"], cwd=ROOT, check=True)
    done = subprocess.run(["make", "-q", "graphql_api/web/index.html"], cwd=ROOT, check=False)
    log = ROOT / "web" / "build.log"
    assert done.returncode == 0, log.read_text() if log.exists() else "no build"
    return ROOT / "graphql_api" / "web"


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@pytest.fixture(scope="module")
async def browser(built: Path) -> AsyncIterator[Browser]:  # noqa: ARG001  # something to look at
    """Debian's Chromium, or the one that CHROMIUM names."""
    executable = _chromium()
    if executable is None:
        pytest.skip("chromium is not installed; tests/web need it, or its path in CHROMIUM")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield running
        await running.close()


class Watch:
    """What pages complain of and where they send requests."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        self.provider: str | None = None  # an origin that pages may call as well
        self.refuses_tokens = False  # which Chromium complains of
        self.breaks_connections = False  # which Chromium itself complains of

    def attend(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108

    def _hear(self, message: ConsoleMessage) -> None:
        is_of_broken_connection = self.breaks_connections and "net::ERR" in message.text
        is_of_refusal = self.refuses_tokens and "401 (Unauthorized)" in message.text
        is_meant = is_of_broken_connection or is_of_refusal
        if message.type in ("error", "warning") and not is_meant:
            self.complaints.append(message.text)

    def foreign(self) -> set[str]:
        """Other origins that something was asked of."""
        asked = (urlsplit(request.url) for request in self.requests)
        return {
            f"{url.scheme}://{url.netloc}"
            for url in asked
            if url.scheme not in ("data", "blob")
            and url.netloc
            not in (urlsplit(self.origin).netloc, urlsplit(self.provider or "").netloc)
        }


@pytest.fixture
async def watch(api: Api) -> Watch:
    return Watch(api.url)


@pytest.fixture
async def open_page(browser: Browser, api: Api, watch: Watch) -> AsyncIterator[OpenPage]:
    """Opens an address in a tab; the test fails if a page complained or called elsewhere."""
    contexts: list[BrowserContext] = []

    async def opened(path: str, *, origin: str = api.url, **options: Any) -> Page:
        context = await browser.new_context(**{"timezone_id": "Europe/Paris", **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        watch.attend(page)
        await page.goto(origin + path)
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert watch.complaints == []
    assert watch.foreign() == set()
