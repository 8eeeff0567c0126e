"""What other sites' pages can make a browser do here: nothing, unless their origin is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

PAGE = "https://app.example.com"
QUERY = {"query": "{ __typename }"}


@pytest.fixture(scope="module")
async def production(parts: Parts, settings: Settings) -> AsyncIterator[Api]:
    wanted = {"environment": "production", "cors_origins": (PAGE,)}
    async with serving_app(parts, settings, **wanted) as api:
        yield api


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Content-Type": "text/plain"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
        ({"Content-Type": "multipart/form-data; boundary=a"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Content-Type": "application/json"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"X-Requested-With": "XMLHttpRequest"}, 200),
        ({"GraphQL-Require-Preflight": "1"}, 200),
        ({"Apollo-Require-Preflight": "true"}, 200),
        ({"X-Apollo-Operation-Name": "Q"}, 200),
    ],
)
async def test_a_get_that_any_page_could_send_is_refused_in_production(
    production: Api, api: Api, headers: dict[str, str], status: int
) -> None:
    async with production.session.get(
        f"{production.url}/graphql", params=QUERY, headers=headers
    ) as response:
        assert response.status == status
        answer = await response.json()
        if status == 200:
            assert answer == {"data": {"__typename": "Query"}}
        else:
            assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
            assert "GraphQL-Require-Preflight: 1" in answer["errors"][0]["message"]
    async with api.session.get(f"{api.url}/graphql", params=QUERY, headers=headers) as response:
        assert response.status == 200


async def test_the_setting_wins_over_the_environment(parts: Parts, settings: Settings) -> None:
    for environment, simple_get, status in (("production", True, 200), ("development", False, 403)):
        wanted = {"environment": environment, "simple_get": simple_get}
        async with (
            serving_app(parts, settings, **wanted) as api,
            api.session.get(f"{api.url}/graphql", params=QUERY) as response,
        ):
            assert response.status == status


async def test_pages_of_an_allowed_origin_may_ask_and_read(production: Api) -> None:
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,authorization",
    }
    url = f"{production.url}/graphql"
    async with production.session.options(url, headers=asked) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == PAGE
        assert response.headers["Access-Control-Allow-Methods"] == "GET, POST"
        assert response.headers["Access-Control-Allow-Headers"] == "content-type,authorization"
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" in response.headers.getall("Vary")
    async with production.session.post(url, json=QUERY, headers={"Origin": PAGE}) as response:
        assert response.headers["Access-Control-Allow-Origin"] == PAGE
    async with production.session.post(url, data="x", headers={"Origin": PAGE}) as response:
        assert response.status == 415
        assert response.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "http://app.example.com", f"{PAGE}:8443", "null"]
)
async def test_other_origins_are_not(production: Api, origin: str) -> None:
    url = f"{production.url}/graphql"
    async with production.session.options(url, headers={"Origin": origin}) as response:
        assert response.status == 403
        assert "CORS_ORIGINS" in await response.text()
        assert "Access-Control-Allow-Origin" not in response.headers
    async with production.session.post(url, json=QUERY, headers={"Origin": origin}) as response:
        assert response.status == 200  # a browser shows it to nobody
        assert "Access-Control-Allow-Origin" not in response.headers
        assert response.headers["Vary"] == "Origin"


async def test_without_the_setting_nobody_is(api: Api) -> None:
    async with api.session.options(f"{api.url}/graphql", headers={"Origin": PAGE}) as response:
        assert response.status == 403
    headers = {"Origin": PAGE}
    async with api.session.post(f"{api.url}/graphql", json=QUERY, headers=headers) as response:
        assert not [name for name in response.headers if name.startswith("Access-Control")]


async def test_everybody_is_where_it_says_so(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings, cors_origins="*") as api:
        headers = {"Origin": "null"}
        async with api.session.post(f"{api.url}/graphql", json=QUERY, headers=headers) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
