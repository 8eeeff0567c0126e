"""GraphQL over HTTP: media types, status codes, and every way in which a request can be wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from graphql_api.schema import city
from graphql_api.schema.build import build_schema
from tests.support.api import a_city, soon

if TYPE_CHECKING:
    from tests.support.api import Api

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
QUERY = '{ city(name: "Lisbon") { name } }'
DATA = {"city": {"name": "Lisbon"}}
TWO = 'query One { city(name: "Lisbon") { name } } query Two { node(id: "x") { id } }'
CREATE = "mutation($input: CreatePartyInput!) { createParty(input: $input) { __typename } }"


@dataclass(frozen=True)
class Answer:
    status: int
    media_type: str
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.body["errors"]]


async def post(api: Api, body: Any, **headers: str) -> Answer:
    """POST a body: text or bytes as they are, anything else as JSON."""
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"Content-Type": JSON} | named
    async with api.session.post(f"{api.url}/graphql", data=data, headers=sent) as response:
        return Answer(
            response.status, response.content_type, dict(response.headers), await response.text()
        )


async def get(api: Api, parameters: dict[str, str], accept: str = JSON) -> Answer:
    url = f"{api.url}/graphql?{urlencode(parameters)}"
    async with api.session.get(url, headers={"Accept": accept}) as response:
        return Answer(
            response.status, response.content_type, dict(response.headers), await response.text()
        )


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{JSON};q=0.1, {RESPONSE};q=0.2", RESPONSE),
        ("text/html, */*;q=0.1", JSON),
        (f"{RESPONSE}; charset=utf-8", RESPONSE),
        (f"APPLICATION/JSON, {RESPONSE};q=0", JSON),
    ],
)
async def test_the_accepted_media_type_is_answered(api: Api, accept: str, media_type: str) -> None:
    answer = await post(api, {"query": QUERY}, Accept=accept)
    assert (answer.status, answer.body) == (200, {"data": DATA})
    assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "text/plain", "image/*", f"{JSON};q=0"])
async def test_what_takes_neither_media_type_is_not_acceptable(api: Api, accept: str) -> None:
    answer = await post(api, {"query": QUERY}, Accept=accept)
    assert answer.status == 406
    assert answer.text == f"This address answers {RESPONSE} and {JSON}."


@pytest.mark.parametrize(
    ("query", "code", "status"),
    [
        ("{ city(", "GRAPHQL_PARSE_FAILED", 400),
        ("", None, 400),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", 422),
        ('{ city(name: "Lisbon") }', "GRAPHQL_VALIDATION_FAILED", 422),
        ("{ city(name: 5) { name } }", "GRAPHQL_VALIDATION_FAILED", 422),
        ("query($n: String!) { city(name: $n) { name } }", "BAD_USER_INPUT", 400),
    ],
)
async def test_a_document_that_cannot_run(
    api: Api, query: str, code: str | None, status: int
) -> None:
    answer = await post(api, {"query": query}, Accept=RESPONSE)
    assert (answer.status, answer.media_type) == (status, RESPONSE)
    assert "data" not in answer.body
    legacy = await post(api, {"query": query}, Accept=JSON)
    assert "data" not in legacy.body
    if code is not None:
        assert (answer.codes, legacy.codes) == ([code], [code])
        assert legacy.status == 200
    assert legacy.body == answer.body


async def test_a_field_that_fails_leaves_the_others(api: Api) -> None:
    query = '{ city(name: "") { name } other: city(name: "Lisbon") { name } }'
    for accept, status in ((JSON, 200), (RESPONSE, 294)):
        answer = await post(api, {"query": query}, Accept=accept)
        assert answer.status == status
        assert answer.body == {
            "data": {"city": None, "other": {"name": "Lisbon"}},
            "errors": [
                {
                    "message": "name must not be blank.",
                    "locations": [{"line": 1, "column": 3}],
                    "path": ["city"],
                    "extensions": {"code": "BAD_USER_INPUT"},
                }
            ],
        }


BROKEN = [
    ("not JSON", "The body is not JSON."),
    ("", "The body is not JSON."),
    ("{", "The body is not JSON."),
    (b'{"query": "\xff"}', "The body is not JSON."),
    ('{"query": "\\ud800"}', "The body is not JSON."),
    ("[" * 2000, "The body is not JSON."),
    ("[]", "Send one operation per request: this server takes no batches."),
    ("null", 'The body must be a JSON object with a "query".'),
    ('"query"', 'The body must be a JSON object with a "query".'),
    ("{}", "query must be a string with a GraphQL document."),
    ({"query": None}, "query must be a string with a GraphQL document."),
    ({"query": ""}, "query must be a string with a GraphQL document."),
    ({"query": 5}, "query must be a string with a GraphQL document."),
    ({"query": QUERY, "variables": []}, "variables must be an object."),
    ({"query": QUERY, "variables": "{}"}, "variables must be an object."),
    ({"query": QUERY, "operationName": 5}, "operationName must be a string."),
    ({"query": QUERY, "extensions": []}, "extensions must be an object."),
]


@pytest.mark.parametrize(("body", "message"), BROKEN)
@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_a_body_that_is_no_request(api: Api, body: Any, message: str, accept: str) -> None:
    answer = await post(api, body, Accept=accept)
    assert (answer.status, answer.media_type) == (400, accept)
    assert answer.body == {
        "errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}]
    }


async def test_nulls_are_as_good_as_nothing(api: Api) -> None:
    nulls = {"variables": None, "operationName": None, "extensions": None}
    answer = await post(api, {"query": QUERY, **nulls})
    assert (answer.status, answer.body) == (200, {"data": DATA})
    answer = await post(api, {"query": QUERY, "operationName": "", "anything": [1]})
    assert (answer.status, answer.body) == (200, {"data": DATA})


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        ("text/plain", "Send the request as Content-Type: application/json."),
        ("application/graphql", "Send the request as Content-Type: application/json."),
        (
            "application/x-www-form-urlencoded",
            "Send the request as Content-Type: application/json.",
        ),
        ("multipart/form-data; boundary=x", "Send the request as Content-Type: application/json."),
        ("application/json; charset=utf-16", "Send the request in UTF-8."),
        ("application/json; charset=nonsense", "Send the request in UTF-8."),
    ],
)
async def test_another_content_type_is_unsupported(
    api: Api, content_type: str, message: str
) -> None:
    answer = await post(api, {"query": QUERY}, Content_Type=content_type)
    assert answer.status == 415
    assert answer.body["errors"][0]["message"] == message


@pytest.mark.parametrize("content_type", [f"{JSON}; charset=utf-8", f"{JSON};charset=UTF8"])
async def test_utf_8_may_be_said(api: Api, content_type: str) -> None:
    answer = await post(api, {"query": QUERY}, Content_Type=content_type)
    assert (answer.status, answer.body) == (200, {"data": DATA})


async def test_which_operation_of_a_document_is_run(api: Api) -> None:
    one = await post(api, {"query": TWO, "operationName": "One"})
    two = await post(api, {"query": TWO, "operationName": "Two"})
    assert (one.body, two.body) == ({"data": DATA}, {"data": {"node": None}})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"query": TWO, "operationName": "Three"}, 'Unknown operation named "Three".'),
        (
            {"query": TWO},
            "Must provide operation name if query contains multiple operations.",
        ),
    ],
)
async def test_an_operation_that_cannot_be_told(
    api: Api, body: dict[str, Any], message: str
) -> None:
    for accept, status in ((JSON, 200), (RESPONSE, 400)):
        answer = await post(api, body, Accept=accept)
        assert (answer.status, answer.media_type) == (status, accept)
        assert answer.body == {
            "errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}]
        }


async def test_a_document_without_an_operation(api: Api) -> None:
    for accept, status in ((JSON, 200), (RESPONSE, 422)):
        answer = await post(api, {"query": "fragment F on City { name }"}, Accept=accept)
        assert answer.status == status
        assert "data" not in answer.body
        assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]


async def test_of_several_operations_none_is_run_by_chance(api: Api) -> None:
    """Not even the first: it may be the mutation that its sender did not mean."""
    city = a_city()
    wanted = {"city": city, "name": "Never", "date": soon()}
    named = CREATE.replace("mutation(", "mutation Create(")
    document = f'{named} query Read {{ city(name: "Lisbon") {{ name }} }}'
    answer = await post(api, {"query": document, "variables": {"input": wanted}})
    assert answer.codes == ["BAD_USER_INPUT"]
    data = await api.run("query($c: String!) { parties(city: $c) { nodes { id } } }", c=city)
    assert data == {"parties": {"nodes": []}}


@pytest.mark.parametrize("engine", [True, False])
async def test_no_executor_runs_the_first_of_several_operations(engine: bool) -> None:  # noqa: FBT001  # a parameter of pytest's
    answer = await build_schema(engine=engine).execute_to_bytes(TWO)
    (error,) = json.loads(answer.body)["errors"]
    assert error["message"] == "Must provide operation name if query contains multiple operations."
    assert answer.refusal is not None


async def test_queries_by_get(api: Api) -> None:
    variables = json.dumps({"n": "Lisbon"})
    query = 'query A($n: String!) { city(name: $n) { name } } query B { node(id: "") { id } }'
    asked = {"query": query, "variables": variables, "operationName": "A"}
    for accept in (JSON, RESPONSE):
        answer = await get(api, asked, accept)
        assert (answer.status, answer.body) == (200, {"data": DATA})
        assert answer.media_type == accept
    for name, value, message in (
        ("variables", "{", "variables is not JSON."),
        ("variables", "[]", "variables must be an object."),
        ("extensions", "x", "extensions is not JSON."),
        ("query", "", "query must be a string with a GraphQL document."),
    ):
        answer = await get(api, {**asked, name: value})
        assert (answer.status, answer.codes) == (400, ["BAD_USER_INPUT"])
        assert answer.body["errors"][0]["message"] == message


async def test_a_mutation_by_get_is_not_allowed_and_changes_nothing(api: Api) -> None:
    city = a_city()
    wanted = {"city": city, "name": "Never", "date": soon()}
    for accept in (JSON, RESPONSE):
        asked = {"query": CREATE, "variables": json.dumps({"input": wanted})}
        answer = await get(api, asked, accept)
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert answer.codes == ["BAD_USER_INPUT"]
    mixed = f'{CREATE.replace("(", " M(", 1)} query Q {{ node(id: "x") {{ id }} }}'
    answer = await get(api, {"query": mixed, "operationName": "M"})
    assert answer.status == 405
    answer = await get(api, {"query": mixed, "operationName": "Q"})
    assert (answer.status, answer.body) == (200, {"data": {"node": None}})
    data = await api.run("query($c: String!) { parties(city: $c) { nodes { id } } }", c=city)
    assert data == {"parties": {"nodes": []}}


async def test_other_methods_are_not_allowed(api: Api) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        async with api.session.request(method, f"{api.url}/graphql") as response:
            assert response.status == 405
            assert "POST" in response.headers["Allow"]


async def test_a_body_may_have_a_million_bytes(api: Api) -> None:
    body = json.dumps({"query": QUERY})
    fits = body + " " * (1_000_000 - len(body))
    answer = await post(api, fits)
    assert (answer.status, answer.body) == (200, {"data": DATA})
    answer = await post(api, fits + " ")
    assert answer.status == 413


async def test_names_are_not_suggested_twice_and_errors_have_no_traces(api: Api) -> None:
    answer = await post(api, {"query": "{ partys }"})
    (error,) = answer.body["errors"]
    assert set(error) == {"message", "locations", "extensions"}
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


async def test_a_defect_is_masked_and_logged(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_name: str) -> str:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(city, "city_key", broken)
    answer = await post(api, {"query": QUERY})
    (error,) = answer.body["errors"]
    reference = error["extensions"]["reference"]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "reference": reference}
    assert error["message"] == (
        f"Something went wrong inside the server. Its log knows this as {reference}."
    )
    assert answer.body["data"] == {"city": None}
    assert "secret" not in answer.text
    assert reference in caplog.text
    assert "a secret of the inside" in caplog.text
