"""In production: what the lists of graphql-cop and graphql-armor look for is not there.

The checks are written anew: what each sends, and the answer that it would call a finding.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from graphql import get_introspection_query

from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

REVOLVING = "fields { type { " * 4 + "name" + " } }" * 4
OVERLOADS = {
    "aliases": "query cop { " + " ".join(f"alias{n}: __typename" for n in range(101)) + " }",
    "field duplication": "query cop { " + "__typename " * 500 + "}",
    "circular fragments": "query cop { ...A } fragment A on Query { ...B } "
    "fragment B on Query { ...A }",
    "circular introspection": f"query cop {{ __schema {{ types {{ {REVOLVING} }} }} }}",
    "depth": "query cop { " + "node(id: 1) { " * 17 + "id" + " }" * 17 + " }",
    "cost": "query cop($n: [String!]!) { cities(names: $n) { parties(first: 100) "
    "{ nodes { id } } } }",
    "tokens": "query cop { " + "__typename " * 2000 + "}",
    "introspection": get_introspection_query().replace("IntrospectionQuery", "cop"),
    "a type": 'query cop { __type(name: "Party") { name } }',
}


@pytest.fixture(params=[True, False], ids=["engine", "no engine"], scope="module")
async def production(
    parts: Parts, settings: Settings, request: pytest.FixtureRequest
) -> AsyncIterator[Api]:
    async with serving_app(
        parts, settings, environment="production", engine=request.param
    ) as served:
        yield served


async def send(api: Api, query: str, **more: Any) -> Any:
    body = {"query": query, "operationName": "cop", "variables": {"n": ["x"] * 100}, **more}
    async with api.session.post(f"{api.url}/graphql", json=body) as response:
        return await response.json()


@pytest.mark.parametrize("name", OVERLOADS)
async def test_what_overloads_or_tells_the_schema_is_not_run(production: Api, name: str) -> None:
    answer = await send(production, OVERLOADS[name])
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] in (
        "OPERATION_TOO_COMPLEX",
        "GRAPHQL_VALIDATION_FAILED",
    )


@pytest.mark.parametrize("count", [10, 50])
async def test_errors_do_not_multiply_with_what_is_wrong(production: Api, count: int) -> None:
    answer = await send(production, "query cop { __typename " + "@aa" * count + " }")
    assert 1 <= len(answer["errors"]) <= 6


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query cop { __schema { directive } }", {}),
        ("query cop { partie { nodes } }", {}),
        ('query cop { parties(citi: "x") { nodes { id } } }', {}),
        ('query cop { parties(city: "x", order: SOONEST_FRIST) { nodes { id } } }', {}),
        ("mutation cop { joinParty(input: {partyIdd: 1}) { __typename } }", {}),
        (
            "mutation cop($i: JoinPartyInput!) { joinParty(input: $i) { __typename } }",
            {"i": {"partyId": "x", "partyIdd": "x"}},
        ),
        (
            'query cop($o: PartyOrder!) { parties(city: "x", order: $o) { nodes { id } } }',
            {"o": "SOONEST_FRIST"},
        ),
    ],
)
async def test_errors_suggest_nothing(
    production: Api, query: str, variables: dict[str, Any]
) -> None:
    answer = await send(production, query, variables=variables)
    assert answer["errors"]
    assert "Did you mean" not in json.dumps(answer)


async def test_nothing_is_traced(production: Api) -> None:
    for query in (
        "query cop { __typename }",
        "qwerty cop { abc }",
        'query cop { city(name: "") { id } }',
    ):
        answer = json.dumps(await send(production, query, extensions={"tracing": True})).lower()
        assert not re.search(r"tracing|exception|stack|traceback|\.py|cassandra", answer)


async def test_a_batch_is_not_run(production: Api) -> None:
    batch = [{"query": "query cop { __typename }", "operationName": "cop"}] * 10
    async with production.session.post(f"{production.url}/graphql", json=batch) as response:
        assert response.status == 400
        assert "data" not in await response.text()


async def test_other_pages_cannot_send_anything(production: Api) -> None:
    session, url = production.session, f"{production.url}/graphql"
    query = "query cop { __typename }"
    mutation = 'mutation cop { joinParty(input: {partyId: "x"}) { __typename } }'
    for text in (query, mutation):
        async with session.get(url, params={"query": text}) as response:
            assert response.status == 403
            assert "data" not in await response.json()
        async with session.post(url, data={"query": text}) as response:
            assert response.status == 415
            assert "data" not in await response.json()
        headers = {"GraphQL-Require-Preflight": "1"}
        async with session.get(url, params={"query": text}, headers=headers) as response:
            assert response.status == (200 if text == query else 405)


async def test_there_is_no_ide(production: Api) -> None:
    for path in ("/graphiql", "/playground", "/console", "/graphql"):
        async with production.session.get(
            production.url + path, headers={"Accept": "text/html"}
        ) as response:
            assert not re.search("graphiql|playground", await response.text(), re.IGNORECASE)


async def raw(api: Api, sent: bytes) -> tuple[int, dict[str, str], str]:
    """What is answered to bytes on a connection that is closed then."""
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, body


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 24\r\nConnection: close\r\n\r\n" + b'{"query":"{__typename}"}',
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ],
)
async def test_every_answer_is_protected_and_tells_no_versions(
    production: Api, sent: bytes
) -> None:
    _, headers, body = await raw(production, sent)
    assert headers["Server"] == "Partyfinder"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert not re.search(r"aiohttp|python|traceback", body + str(headers), re.IGNORECASE)


async def test_what_is_not_http_is_one_line_in_the_log(
    production: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    status, _, body = await raw(production, b"GET / HTTP/1.1\r\nBad\x01header\x1b[31m: x\r\n\r\n")
    assert status == 400
    (error,) = json.loads(body)["errors"]
    assert error["message"] == "This is not an HTTP request that can be read here."
    (record,) = (each for each in caplog.records if each.name.startswith("graphql_api"))
    assert record.exc_info is None
    assert "\n" not in record.getMessage()
    assert "\x1b" not in record.getMessage()


@pytest.mark.parametrize("path", ["/readyz", "/graphql"])
async def test_an_unexpected_error_is_a_reference_that_is_in_the_log(
    production: Api,
    parts: Parts,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One within an operation, and one that no handler expects."""

    def fail(*_: object, **__: object) -> Any:
        raise ZeroDivisionError("10.0.0.7 said: secret")

    monkeypatch.setattr(parts.store._session, "execute", fail)
    monkeypatch.setattr(parts.store._session, "read", fail, raising=False)
    if path == "/graphql":
        query = 'query cop { searchCities(prefix: "x") { id } }'
        errors = (await send(production, query))["errors"]
    else:
        async with production.session.get(production.url + path) as response:
            assert response.status == 500
            errors = (await response.json())["errors"]
    (error,) = errors
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in json.dumps(errors)
    reference = error["extensions"]["reference"]
    (record,) = (each for each in caplog.records if reference in each.getMessage())
    assert record.exc_info is not None
    assert "secret" in str(record.exc_info[1])


async def test_introspection_can_be_allowed_and_is_in_development(
    api: Api, parts: Parts, settings: Settings
) -> None:
    introspection = get_introspection_query()
    assert "__schema" in await api.run(introspection)
    async with serving_app(
        parts, settings, environment="production", introspection=True
    ) as production:
        assert "__schema" in await production.run(introspection)
    async with serving_app(parts, settings, introspection=False) as development:
        answer = await development.send(introspection)
        assert "data" not in answer
