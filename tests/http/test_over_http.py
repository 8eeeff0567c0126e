"""GraphQL over HTTP: media types, status codes, forms of bodies, limits."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.web import serving_app

if TYPE_CHECKING:
    import aiohttp

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

RESPONSE, LEGACY = "application/graphql-response+json", "application/json"
ANSWER = {"data": {"__typename": "Query"}}
JOIN = 'mutation { joinParty(input: {partyId: "nobody"}) { __typename } }'


async def post(api: Api, body: Any, **headers: str) -> tuple[int, Any, aiohttp.ClientResponse]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": LEGACY} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    async with api.session.post(f"{api.url}/graphql", data=data, headers=headers) as response:
        text = await response.text()
        is_json = response.content_type in (RESPONSE, LEGACY)
        return response.status, json.loads(text) if is_json else text, response


async def get(api: Api, headers: dict[str, str] | None = None, **query: str) -> tuple[int, Any]:
    async with api.session.get(f"{api.url}/graphql", params=query, headers=headers) as response:
        text = await response.text()
        return response.status, json.loads(text) if "json" in response.content_type else text


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", LEGACY),
        ("*/*", LEGACY),
        (LEGACY, LEGACY),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}, {LEGACY};q=0.9", RESPONSE),
        (f"{RESPONSE};q=0.5, {LEGACY};q=0.9", LEGACY),
        (f"{LEGACY};q=0, */*", RESPONSE),
        ("application/*;q=0.1, text/html", LEGACY),
        (f"{RESPONSE}, text/event-stream, multipart/mixed", RESPONSE),
    ],
)
async def test_the_accept_header_chooses_the_media_type(
    api: Api, accept: str, answered: str
) -> None:
    status, body, response = await post(api, {"query": "{ __typename }"}, Accept=accept)
    assert (status, body) == (200, ANSWER)
    assert response.headers["Content-Type"] == f"{answered}; charset=utf-8"


STATUSES = [
    ("{ __typename }", None, 200, 200, None),
    ("{", None, 400, 200, "GRAPHQL_PARSE_FAILED"),
    ("{ nothing }", None, 422, 200, "GRAPHQL_VALIDATION_FAILED"),
    ("query($n: Int!) { __typename @skip(if: false) city(name: $n) { id } }", None, 422, 200, None),
    ("query($n: String!) { city(name: $n) { id } }", {"n": 1}, 400, 200, "BAD_USER_INPUT"),
    ("query A { __typename } query B { __typename }", None, 400, 200, "BAD_USER_INPUT"),
    ('{ __typename parties(city: "a", first: 0) { nodes { id } } }', None, 294, 200, None),
    ('{ parties(city: "a", first: 0) { nodes { id } } }', None, 294, 200, "BAD_USER_INPUT"),
]


@pytest.mark.parametrize(("query", "variables", "new", "legacy", "code"), STATUSES)
async def test_status_codes_of_each_media_type(
    api: Api, query: str, variables: Any, new: int, legacy: int, code: str | None
) -> None:
    body = {"query": query, "variables": variables}
    for accept, status in ((RESPONSE, new), (LEGACY, legacy)):
        answered, answer, _ = await post(api, body, Accept=accept)
        assert answered == status
        if code is not None:
            assert answer["errors"][0]["extensions"]["code"] == code
        assert ("data" in answer) == (new in (200, 294))


async def test_the_status_of_an_invalid_document_is_a_setting(
    parts: Parts, settings: Settings
) -> None:
    async with serving_app(parts, settings, validation_status="400") as api:
        assert (await post(api, {"query": "{ nothing }"}, Accept=RESPONSE))[0] == 400


async def test_reading_by_get_and_no_writing(api: Api) -> None:
    assert await get(api, query="{ __typename }") == (200, ANSWER)
    named = "query A { __typename } query B($n: String!) { city(name: $n) { name } }"
    assert await get(api, query=named, operationName="B", variables='{"n": "Nowhere"}') == (
        200,
        {"data": {"city": {"name": "Nowhere"}}},
    )
    for accept in (RESPONSE, LEGACY):
        async with api.session.get(
            f"{api.url}/graphql", params={"query": JOIN}, headers={"Accept": accept}
        ) as response:
            assert (response.status, response.headers["Allow"]) == (405, "POST")
            assert (await response.json())["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    status, answer = await get(api, query="{ __typename }", variables="{")
    assert (status, answer["errors"][0]["message"]) == (400, "variables is not JSON.")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is not JSON."),
        (b'{"query":', "The body is not JSON."),
        (b'"{ __typename }"', 'The body must be a JSON object with a "query".'),
        ({}, "query must be a string with a GraphQL document."),
        ({"qeury": "{ __typename }"}, "query must be a string with a GraphQL document."),
        ({"query": ["a"]}, "query must be a string with a GraphQL document."),
        ({"query": "{ __typename }", "variables": [7]}, "variables must be an object."),
        ({"query": "{ __typename }", "operationName": 7}, "operationName must be a string."),
        ({"query": "{ __typename }", "extensions": 7}, "extensions must be an object."),
        (
            [{"query": "{ __typename }"}],
            "Send one operation per request: this server takes no batches.",
        ),
    ],
)
async def test_what_is_no_graphql_request_is_told_why(api: Api, body: Any, message: str) -> None:
    for accept in (RESPONSE, LEGACY):
        status, answer, _ = await post(api, body, Accept=accept)
        error = {"message": message, "extensions": {"code": "BAD_USER_INPUT"}}
        assert (status, answer) == (400, {"errors": [error]})


@pytest.mark.parametrize(
    "form",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain;application/json",
        "application/graphql",
        "",
    ],
)
async def test_forms_and_other_bodies_are_refused_whatever_header_comes_with_them(
    api: Api, form: str
) -> None:
    for extra in ({}, {"Apollo-Require-Preflight": "1"}):
        status, answer, response = await post(
            api, b'{"query": "{ __typename }"}', **{"Content-Type": form}, **extra
        )
        message = "Send the request as Content-Type: application/json."
        assert (status, answer["errors"][0]["message"]) == (415, message)
        assert response.headers["Accept-Post"] == LEGACY


async def test_charsets(api: Api) -> None:
    body = json.dumps({"query": '{ city(name: "Malmö") { name } }'}, ensure_ascii=False)
    for charset in ("utf-8", "UTF-8", "utf8"):
        status, answer, _ = await post(
            api, body.encode(), **{"Content-Type": f"{LEGACY}; charset={charset}"}
        )
        assert (status, answer) == (200, {"data": {"city": {"name": "Malmö"}}})
    status, answer, _ = await post(
        api, body.encode("latin-1"), **{"Content-Type": f"{LEGACY}; charset=latin-1"}
    )
    assert (status, answer["errors"][0]["message"]) == (415, "Send the request in UTF-8.")
    assert (await post(api, body.encode("latin-1")))[0] == 400


async def test_compressed_bodies_are_measured_as_they_unfold(api: Api) -> None:
    small = gzip.compress(json.dumps({"query": "{ __typename }"}).encode())
    status, answer, _ = await post(api, small, Content_Encoding="gzip")
    assert (status, answer) == (200, ANSWER)
    for size in (1_000_001, 50_000_000):
        bomb = gzip.compress(b" " * size)
        status, answer, _ = await post(api, bomb, Content_Encoding="gzip")
        assert (status, answer["errors"][0]["message"]) == (
            413,
            "The body is larger than 1000000 bytes, the most that is read here.",
        )
    status, answer, response = await post(api, small, Content_Encoding="compress")
    assert (status, response.headers["Accept-Encoding"]) == (415, "gzip, deflate")
    status, answer, _ = await post(api, b"not gzip", Content_Encoding="gzip")
    message = "The body is not what its Content-Encoding says."
    assert (status, answer["errors"][0]["message"]) == (400, message)


async def test_large_bodies_are_refused(api: Api) -> None:
    largest = b'{"query": "{ __typename }"}'.ljust(1_000_000)
    assert (await post(api, largest))[0] == 200
    assert (await post(api, largest + b" "))[0] == 413


async def test_large_answers_are_compressed_for_those_who_take_it(api: Api) -> None:
    names = json.dumps([f"City of many names {number}" for number in range(100)])
    query = f"{{ cities(names: {names}) {{ id name }} }}"
    for accepted, encoding in (
        ("gzip", "gzip"),
        ("br;q=1, *;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
    ):
        _, answer, response = await post(api, {"query": query}, Accept_Encoding=accepted)
        assert len(answer["data"]["cities"]) == 100
        assert response.headers.get("Content-Encoding") == encoding
        assert response.headers["Vary"] == "Accept-Encoding"
    _, _, response = await post(api, {"query": "{ __typename }"}, Accept_Encoding="gzip")
    assert "Content-Encoding" not in response.headers


async def test_batches_are_bounded_and_run_in_their_order(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings, batch_limit=3) as api:
        party = await api.create()
        join = 'mutation {{ joinParty(input: {{partyId: "{id}"}}) {{ __typename }} }}'.format(
            **party
        )
        look = f'{{ party(id: "{party["id"]}") {{ people }} }}'
        status, answers, _ = await post(
            api, [{"query": join}, {"query": look}, {"query": "{ nothing }"}]
        )
        assert status == 200
        assert answers[0] == {"data": {"joinParty": {"__typename": "JoinPartySuccess"}}}
        assert answers[1] == {"data": {"party": {"people": 1}}}
        assert answers[2]["errors"][0]["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
        for size in (0, 4):
            status, answer, _ = await post(api, [{"query": look}] * size)
            message = f"A batch holds 1 to 3 operations, not {size}."
            assert (status, answer["errors"][0]["message"]) == (400, message)


async def test_other_methods_are_told_which_are_known(api: Api) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        async with api.session.request(method, f"{api.url}/graphql") as response:
            assert (response.status, response.headers["Allow"]) == (405, "GET, POST, OPTIONS")
            message = (await response.json())["errors"][0]["message"]
            assert message == f"Send GET or POST, not {method}."


async def test_a_subscription_is_told_where_its_answers_come(api: Api) -> None:
    query = 'subscription { partyChanged(id: "a") { id } }'
    status, answer, _ = await post(api, {"query": query})
    assert status == 406
    assert "text/event-stream" in answer["errors"][0]["message"]


async def test_a_browser_gets_graphiql_in_development_alone(
    api: Api, parts: Parts, settings: Settings
) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    status, page = await get(api, browser)
    assert status == 200
    assert "GraphiQL" in page
    async with serving_app(parts, settings, environment="production") as other:
        assert (await get(other, browser))[0] == 403
