"""Trusted documents: nothing else is run, by whichever name and transport."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.schema.build import build_schema
from graphql_api.schema.trusted_documents import TrustedDocumentsError, load_trusted_documents
from tests.support.live import a_socket, an_event_stream
from tests.support.servers import environment, run
from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

LOOK = "query Look($name: String!) { city(name: $name) { name } }"
FOLLOW = "subscription Follow($id: ID!) { partyChanged(id: $id) { people } }"
HASH = hashlib.sha256(LOOK.encode()).hexdigest()
RELAY = {"look": LOOK, "follow": FOLLOW}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [
        {"id": HASH, "name": "Look", "type": "query", "body": LOOK},
        {"id": "follow", "name": "Follow", "type": "subscription", "body": FOLLOW},
    ],
}
ANSWER = {"data": {"city": {"name": "Lisbon"}}}


@pytest.fixture(scope="module")
async def trusting(
    parts: Parts, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    file = tmp_path_factory.mktemp("documents") / "documents.json"
    file.write_text(json.dumps(RELAY))
    async with serving_app(parts, settings, trusted_documents=file) as api:
        yield api


async def ask(api: Api, **body: Any) -> tuple[int, Any]:
    async with api.session.post(
        f"{api.url}/graphql", json={"variables": {"name": "Lisbon"}, **body}
    ) as response:
        return response.status, await response.json()


def persisted(value: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": value}}


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "look"},
        {"documentId": HASH},
        {"documentId": f"sha256:{HASH}"},
        {"extensions": persisted(HASH)},
        {"query": LOOK},
        {"query": LOOK, "extensions": persisted(HASH)},
    ],
)
async def test_a_trusted_document_is_run_by_any_of_its_names(
    trusting: Api, body: dict[str, Any]
) -> None:
    assert await ask(trusting, **body) == (200, ANSWER)


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{ __typename }"},
        {"query": LOOK + " "},
        {"query": "{ __schema { types { name } } }"},
        {"query": "{"},
        {"documentId": "unknown"},
        {"documentId": "look", "query": "{ __typename }"},
        {"query": "{ __typename }", "extensions": persisted(HASH)},
        {"extensions": persisted("0" * 64)},
    ],
)
async def test_nothing_else_is(trusting: Api, body: dict[str, Any]) -> None:
    status, answer = await ask(trusting, **body)
    assert (status, answer["errors"][0]["extensions"]) == (
        400,
        {"code": "PERSISTED_DOCUMENT_NOT_FOUND"},
    )
    assert "data" not in answer


async def test_by_get_event_stream_and_socket(trusting: Api) -> None:
    query = {"documentId": "look", "variables": '{"name": "Lisbon"}'}
    async with trusting.session.get(f"{trusting.url}/graphql", params=query) as response:
        assert await response.json() == ANSWER
    async with a_socket(trusting) as socket:
        variables = {"id": "nobody"}
        payload = {"documentId": "follow", "variables": variables}
        await socket.send("subscribe", id="1", payload=payload)
        assert await socket.next("1") == {"partyChanged": None}
        assert await socket.receive() == {"type": "complete", "id": "1"}
        await socket.subscribe("1", "{ __typename }")
        message = await socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {"code": "PERSISTED_DOCUMENT_NOT_FOUND"}
    async with an_event_stream(trusting, LOOK, name="Lisbon") as events:
        assert await events.next() == ("next", ANSWER)


async def test_without_the_setting_there_are_none(api: Api) -> None:
    status, answer = await ask(api, documentId=HASH)
    message = "This server keeps no documents: send the query itself."
    assert (status, answer["errors"][0]["message"]) == (400, message)


@pytest.mark.parametrize("content", [RELAY, APOLLO])
async def test_documents_are_compiled_before_they_are_first_run(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(content))
    schema = build_schema()
    documents = load_trusted_documents(file, schema)
    assert len(documents) == 2
    assert documents.find(None, HASH) == LOOK
    assert documents.find(None, "follow") == FOLLOW
    assert len(schema.plans.operations) == 2
    await schema.execute(LOOK, {"name": "Lisbon"})
    assert len(schema.plans.operations) == 2
    assert len(schema.plans.documents.good) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("{", "is not JSON"),
        ("[]", "is neither a JSON object of documents by id nor Apollo's manifest"),
        ("{}", "is neither a JSON object of documents by id nor Apollo's manifest"),
        ('{"a": 1}', "is neither a JSON object of documents by id nor Apollo's manifest"),
        ('{"a": "{"}', "document a in"),
        ('{"a": "{ nothing }"}', "is not valid: Cannot query field 'nothing' on type 'Query'."),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_sentence(
    tmp_path: Path, content: str | None, message: str
) -> None:
    file = tmp_path / "documents.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(TrustedDocumentsError) as refused:
        load_trusted_documents(file, build_schema())
    assert message in str(refused.value)
    assert str(refused.value).startswith("TRUSTED_DOCUMENTS: ")
    assert "\n" not in str(refused.value)


async def test_the_server_does_not_start_with_it(settings: Settings, tmp_path: Path) -> None:
    variables = environment(settings, TRUSTED_DOCUMENTS=str(tmp_path / "missing.json"))
    code, _, errors = await run(tmp_path, variables, "serve", "--port", "0")
    assert code == 1
    assert errors.splitlines()[-1].startswith("Error: TRUSTED_DOCUMENTS: ")
