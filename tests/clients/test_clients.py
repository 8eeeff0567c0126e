"""What front ends use, unchanged: each queries, changes and follows a party."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

    Node = Callable[..., Awaitable[str]]

# By its name about variables, but its document is not valid: $id is unused. The draft has 422.
AUDIT_OF_VALIDATION = "86EE"


async def audits(node: Node, api: Api) -> dict[str, str]:
    """The audits that were not passed, and why."""
    results = json.loads(await node("audits.mjs", f"{api.url}/graphql"))
    assert len(results) == 61
    return {
        f"{each['id']} {each['name']}": each["reason"] for each in results if each["status"] != "ok"
    }


async def test_every_public_audit_passes_but_one(node: Node, api: Api) -> None:
    failed = await audits(node, api)
    assert [each.split()[0] for each in failed] == [AUDIT_OF_VALIDATION], failed


async def test_that_one_passes_with_the_setting(
    node: Node, parts: Parts, settings: Settings
) -> None:
    async with serving_app(parts, settings, validation_status="400") as api:
        assert await audits(node, api) == {}


@pytest.mark.parametrize("client", ["graphql_ws", "graphql_sse", "apollo", "urql"])
async def test_a_client_does_everything(node: Node, api: Api, client: str) -> None:
    party = await api.create(name="For real clients")
    printed = (await node(f"{client}.mjs", f"{api.url}/graphql", party["id"])).splitlines()
    lines: list[dict[str, Any]] = [json.loads(line) for line in printed]
    people = 0
    for line in lines:
        if "cached" in line:  # Apollo's cache took the subscription's states in
            assert line == {"cached": people}
            continue
        people += 1
        joined = {"party": {"id": party["id"], "people": people}}
        for answer in (line["join"], line["late"]):
            answer["party"].pop("__typename", None)  # Apollo and urql ask for it themselves
        assert line["name"] == "For real clients"
        assert line["join"] == {"__typename": "JoinPartySuccess"} | joined
        count = "1 person" if people == 1 else f"{people} people"
        message = f"Somebody was quicker: {count} now, you saw {people - 1}. Nothing was changed."
        assert line["late"] == {"__typename": "ConflictError", "message": message} | joined
        people += 1
        assert line["seen"] == [people - 1, people]
    assert len(lines) == {"apollo": 2, "urql": 2}.get(client, 1)
    now = await api.party(party["id"])
    assert now is not None
    assert now["people"] == people
