"""Health, the landing page, and GraphiQL for browsers in development only."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

import aiohttp
import pytest
from aiohttp import web

from graphql_api.app import create_app
from graphql_api.errors import DatabaseUnavailableError, DeadlineExceededError, PartyfinderError
from graphql_api.http.application import READINESS, create_application
from graphql_api.http.operations import Operations
from graphql_api.http.runner import Runner
from graphql_api.http.sign_in import SignIn
from graphql_api.schema.build import build_schema
from graphql_api.settings import Environment
from tests.support.api import Api
from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.caller import Caller
    from graphql_api.settings import Settings

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@asynccontextmanager
async def running(
    application: web.Application, settings: Settings
) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    runner = Runner(application, settings, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    async with aiohttp.ClientSession() as session:
        yield f"http://{host}:{port}", session
    await runner.cleanup()


async def test_the_process_and_the_service_are_well(api: Api) -> None:
    for path, status in (("/healthz", "ok"), ("/readyz", "ready")):
        async with api.session.get(api.url + path) as response:
            assert response.status == 200
            assert await response.json() == {"status": status}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (DatabaseUnavailableError(), "DATABASE_UNAVAILABLE"),
        (DeadlineExceededError(), "DEADLINE_EXCEEDED"),
    ],
)
async def test_without_its_database_the_process_is_well_but_not_ready(
    settings: Settings, fault: PartyfinderError, code: str
) -> None:
    async def ping() -> None:
        raise fault

    def no_context(_caller: Caller) -> NoReturn:
        raise AssertionError

    operations = Operations(build_schema(), no_context)
    application = create_application(operations, SignIn(None), ping, settings)
    async with running(application, settings) as (url, session):
        async with session.get(f"{url}/healthz") as response:
            assert (response.status, await response.json()) == (200, {"status": "ok"})
        async with session.get(f"{url}/readyz") as response:
            assert response.status == 503
            assert await response.json() == {"status": "not ready", "reason": code}


async def test_a_server_that_stops_is_no_longer_ready(parts: Parts, settings: Settings) -> None:
    application = create_app(parts, settings)
    async with running(application, settings) as (url, session):
        application[READINESS].is_stopping = True
        async with session.get(f"{url}/readyz") as response:
            assert (response.status, await response.json()) == (503, {"status": "stopping"})


async def test_the_landing_page_says_what_to_open(
    parts: Parts, settings: Settings, tmp_path: Path
) -> None:
    async with (
        running(create_app(parts, settings, tmp_path), settings) as (url, session),
        session.get(url) as response,
    ):
        text = await response.text()
        assert (response.status, response.content_type) == (200, "text/html")
        assert "<h1>Partyfinder</h1>" in text
        query = text.split('<pre tabindex="0"><code>')[1].split("</code>")[0]
        data = await Api(url, session).run(query)
        assert data == {"parties": {"nodes": []}}


async def test_a_browser_gets_a_page_and_a_program_json(api: Api) -> None:
    async with api.session.get(f"{api.url}/graphql", headers={"Accept": BROWSER}) as response:
        assert (response.status, response.content_type) == (200, "text/html")
    for accept in ("application/json", "*/*", ""):
        async with api.session.get(f"{api.url}/graphql", headers={"Accept": accept}) as response:
            assert (response.status, response.content_type) == (400, "application/json")


@pytest.mark.parametrize(
    ("environment", "graphiql", "status"),
    [
        ("development", None, 200),
        ("development", "false", 406),
        ("production", None, 406),
        ("production", "true", 200),
    ],
)
async def test_graphiql_is_for_development_unless_a_setting_says_otherwise(
    parts: Parts, settings: Settings, environment: str, graphiql: str | None, status: int
) -> None:
    changes = {"environment": environment, "graphiql": graphiql}
    async with (
        serving_app(parts, settings, **changes) as api,
        api.session.get(f"{api.url}/graphql", headers={"Accept": "text/html"}) as response,
    ):
        assert response.status == status


async def test_in_production_a_browser_gets_no_graphiql(parts: Parts, settings: Settings) -> None:
    production = settings.model_copy(update={"environment": Environment.PRODUCTION})
    query = {"query": '{ city(name: "Lisbon") { name } }'}
    async with running(create_app(parts, production), production) as (url, session):
        headers = {"Accept": BROWSER}
        async with session.get(f"{url}/graphql", headers=headers, params=query) as response:
            assert response.content_type == "application/json"
            assert response.status == 403
        headers |= {"GraphQL-Require-Preflight": "1"}
        async with session.get(f"{url}/graphql", headers=headers, params=query) as response:
            assert await response.json() == {"data": {"city": {"name": "Lisbon"}}}
        async with session.get(f"{url}/graphql", headers={"Accept": "text/html"}) as response:
            assert response.status == 406
            assert "graphiql" not in (await response.text()).casefold()


async def test_there_is_nothing_else(api: Api) -> None:
    for path in ("/nothing", "/graphql/", "/healthz/x"):
        async with api.session.get(api.url + path) as response:
            assert response.status == 404


async def test_many_requests_at_once_have_an_answer_each(api: Api) -> None:
    names = [f"Town {number}" for number in range(60)]
    query = "query($n: String!) { city(name: $n) { name parties { nodes { id } } } }"
    found = await asyncio.gather(*(api.run(query, n=name) for name in names))
    assert found == [{"city": {"name": name, "parties": {"nodes": []}}} for name in names]
