"""How the built files are served: policy, caching, compression; and the server without a build."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from hatchling.builders.wheel import WheelBuilder

from graphql_api.app import create_app
from tests.web.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
BUDGET = 100_000  # bytes of script, compressed, that the first load may take


def scripts(html: str) -> list[str]:
    """What a page's scripts and style sheets are called."""
    return re.findall(r'(?:src|href)="(/assets/[^"]+)"', html)


@pytest.mark.parametrize("path", ["/", "/new", "/city/S%C3%A3o%20Paulo", "/city/a%2Fb", "/party/x"])
async def test_every_page_is_the_client_under_a_strict_policy(
    built: Path, api: Api, path: str
) -> None:
    async with api.session.get(api.url + path, headers=BROWSER) as response:
        assert response.status == 200
        assert await response.text() == (built / "index.html").read_text()
        policy = response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "no-cache"
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.usefixtures("built")
async def test_pages_hide_nothing_of_the_api(api: Api) -> None:
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/graphql", 400), ("/city/", 404)):
        async with api.session.get(api.url + path) as response:
            assert (response.status, "<html" in await response.text()) == (status, False), path


async def test_assets_are_kept_for_good_and_compressed(built: Path, api: Api) -> None:
    names = scripts((built / "index.html").read_text())
    assert any(name.endswith(".js") for name in names)
    total = 0
    for name in names:
        plain = (built / name.removeprefix("/")).read_bytes()
        for encoding in ("br", "gzip", "identity"):
            headers = {"Accept-Encoding": encoding}
            async with (
                aiohttp.ClientSession(auto_decompress=False) as session,
                session.get(api.url + name, headers=headers) as response,
            ):
                body = await response.read()
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"]
            is_small = len(plain) < 1024
            sent = "identity" if is_small else encoding
            assert response.headers.get("Content-Encoding", "identity") == sent
            assert (body == plain) is (sent == "identity")
            if name.endswith(".js") and encoding == "gzip":
                total += len(body)
    assert 0 < total < BUDGET


@pytest.mark.usefixtures("built")
async def test_only_what_was_built_is_served(api: Api) -> None:
    for name in ("nothing.js", "..%2Findex.html", "%2e%2e/index.html", "index.js.br"):
        async with api.session.get(f"{api.url}/assets/{name}") as response:
            assert response.status == 404
            assert "Cache-Control" not in response.headers


async def test_without_a_build_there_is_the_landing_page(
    parts: Parts, settings: Settings, tmp_path: Path
) -> None:
    statuses = {"/": 200, "/graphql": 200, "/new": 404, "/assets/index.js": 404}
    application = create_app(parts, settings, tmp_path)
    async with TestClient(TestServer(application)) as client:
        for path, status in statuses.items():
            response = await client.get(path, headers=BROWSER)
            assert response.status == status
            assert ("<h1>Partyfinder</h1>" in await response.text()) is (status == 200)


def test_a_wheel_carries_the_client(built: Path, tmp_path: Path) -> None:
    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    carried = set(zipfile.ZipFile(wheel).namelist())
    made = {path.relative_to(ROOT).as_posix() for path in built.rglob("*") if path.is_file()}
    assert made
    assert made <= carried
    assert not any("node_modules" in name for name in carried)
