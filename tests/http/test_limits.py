"""Operations that are too large or too dear, as each transport refuses them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.live import a_socket
from tests.support.recorder import recording
from tests.support.web import serving_app

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

RESPONSE = "application/graphql-response+json"
TOWNS = """query($names: [String!]!, $n: Int) {
  cities(names: $names) { parties(first: $n) { nodes { id } } }
}"""


def joins(count: int) -> str:
    """A mutation that joins many times."""
    fields = (f'a{n}: joinParty(input: {{partyId: "x"}}) {{ __typename }}' for n in range(count))
    return f"mutation {{ {' '.join(fields)} }}"


def refused(name: str, found: int, most: int) -> dict[str, Any]:
    limit = {"name": name, "found": found, "most": most}
    return {"code": "OPERATION_TOO_COMPLEX", "limit": limit}


def too_large() -> list[tuple[str, dict[str, Any]]]:
    bomb = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
    bomb = f"{{ ...F0 }} {bomb} fragment F30 on Query {{ __typename }}"
    circle = "".join("{ node(id: 1) " for _ in range(49)) + "{ id }" + "}" * 49
    return [
        ("{ " + "__typename " * 10_000 + "}", refused("characters", 110_003, 65_536)),
        ("{ " + "id " * 10_000 + "}", refused("tokens", 2001, 2000)),
        (circle, refused("depth", 50, 16)),
        (bomb, refused("fields", 10**9, 1000)),
        (joins(1000), refused("tokens", 2001, 2000)),
        (joins(31), refused("aliases", 31, 30)),
        ("query { " + "__typename " * 500 + "}", refused("root_fields", 500, 20)),
        ("{ __typename " + "@a" * 50 + "}", refused("directives", 50, 30)),
    ]


@pytest.mark.parametrize(("query", "extensions"), too_large())
@pytest.mark.parametrize("engine", [True, False])
async def test_a_large_operation_is_refused_on_every_transport(
    api: Api,
    parts: Parts,
    settings: Settings,
    query: str,
    extensions: dict[str, Any],
    engine: bool,  # noqa: FBT001  # a parameter of pytest's
) -> None:
    async with serving_app(parts, settings, engine=engine) as served:
        with recording(parts) as recorder:
            for accept, status in (("application/json", 200), (RESPONSE, 400)):
                headers = {"Accept": accept}
                async with served.session.post(
                    f"{served.url}/graphql", json={"query": query}, headers=headers
                ) as response:
                    assert response.status == status
                    answer = await response.json()
                assert "data" not in answer
                (error,) = answer["errors"]
                assert error["extensions"] == extensions
            async with a_socket(served, max_msg_size=0) as socket:
                if len(query) < settings.message_limit:
                    await socket.subscribe("1", query)
                    message = await socket.receive()
                    assert (message["type"], message["payload"]) == ("error", [error])
        assert recorder.sent == []
    assert await api.run("{ __typename }") == {"__typename": "Query"}


async def test_what_costs_too_much_with_its_variables_is_refused(api: Api, parts: Parts) -> None:
    fits = {"names": ["A"] * 50, "n": 10}
    assert len((await api.run(TOWNS, **fits))["cities"]) == 50
    with recording(parts) as recorder:
        dear = await api.send(TOWNS, names=["A"] * 100, n=100)
    (error,) = dear["errors"]
    assert error["extensions"] == refused("cost", 1310, 1000)
    assert (
        error["message"]
        == "The operation may cost 1,310 units; 1,000 is the most that is run here."
    )
    assert recorder.sent == []


async def test_a_subscription_that_costs_too_much_is_refused(
    parts: Parts, settings: Settings
) -> None:
    follow = 'subscription { cityChanged(name: "x") { parties(first: 100) { nodes { id } } } }'
    async with serving_app(parts, settings, cost_limit=15) as served, a_socket(served) as socket:
        await socket.subscribe("1", follow)
        message = await socket.receive()
        assert message["payload"][0]["extensions"] == refused("cost", 16, 15)


async def test_the_cost_is_told_to_who_asks(api: Api) -> None:
    body = {"query": TOWNS, "variables": {"names": ["A", "B"], "n": 10}}
    for extensions in ({"cost": True}, {"cost": "yes"}, {}):
        async with api.session.post(
            f"{api.url}/graphql", json={**body, "extensions": extensions}
        ) as response:
            answer = await response.json()
        counts = {"partitions": 6, "transactions": 0, "objects": 22}
        told = (
            {"cost": {"total": 9, "most": 1000, **counts}}
            if extensions.get("cost") is True
            else None
        )
        assert answer.get("extensions") == told


async def test_variables_have_a_size(api: Api) -> None:
    query = "query($names: [String!]!) { cities(names: $names) { id } }"
    for size, status in ((99_980, 200), (200_000, 413), (900_000, 413)):
        body = {"query": query, "variables": {"names": ["x" * size]}}
        async with api.session.post(f"{api.url}/graphql", json=body) as response:
            assert response.status == status
            answer = await response.json()
    (error,) = answer["errors"]
    assert error == {
        "message": "The variables have 900,014 bytes; 100,000 is the most that is read here.",
        "extensions": {"code": "OPERATION_TOO_COMPLEX"},
    }


async def test_a_trusted_document_is_bound_by_its_cost_alone(
    parts: Parts, settings: Settings, tmp_path: Path
) -> None:
    large = "{ " + " ".join(f"a{n}: __typename" for n in range(100)) + " }"
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({"large": large, "towns": TOWNS}))
    async with serving_app(parts, settings, trusted_documents=file) as served:
        assert len(await served.run(large)) == 100
        dear = await served.send(TOWNS, names=["A"] * 100, n=100)
        assert dear["errors"][0]["extensions"] == refused("cost", 1310, 1000)
