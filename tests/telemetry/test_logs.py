"""The log: what belongs to a request has its name, and nobody's words or address are in it."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from graphql_api.journal import Journal, open_journal
from graphql_api.schema import faults
from graphql_api.telemetry.logs import JsonLines, Text
from tests.support.api import a_city
from tests.support.servers import environment, serving_process
from tests.support.web import serving_app

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

QUERY = {"query": "query Slow($c: String!) { parties(city: $c) { nodes { id } } }"}


def record(message: str, *values: object, error: bool = False) -> logging.LogRecord:
    cause = sys.exc_info() if error else None
    return logging.LogRecord("part", logging.WARNING, "", 1, message, values, cause)


def test_a_record_is_one_line_of_json_whatever_it_says() -> None:
    open_journal(Journal("abc", "f" * 32))
    try:
        try:
            int("two\nlines")
        except ValueError:
            line = JsonLines().format(record("said %s", "a\nb \ud800 é", error=True))
    finally:
        open_journal(None)
    assert "\n" not in line
    told = json.loads(line)
    assert told.pop("time").endswith("+00:00")
    assert "ValueError: invalid literal" in told.pop("error")
    assert told == {
        "level": "WARNING",
        "logger": "part",
        "message": "said a\nb \ud800 é",
        "request_id": "abc",
        "trace_id": "f" * 32,
    }


def test_text_has_the_request_behind_it_and_nothing_outside_of_one() -> None:
    assert Text().format(record("hello")).endswith("WARNING hello")
    open_journal(Journal("abc"))
    try:
        assert Text().format(record("hello")).endswith("WARNING hello  [request_id=abc]")
    finally:
        open_journal(None)


async def post(api: Api, body: dict[str, Any], **headers: str) -> str:
    async with api.session.post(f"{api.url}/graphql", json=body, headers=headers) as response:
        return response.headers["X-Request-Id"]


@pytest.mark.parametrize("given", ["a-b_C.9", "x" * 64, "7f3d:1/2=+@"])
async def test_a_sane_request_id_is_kept(measured: Api, given: str) -> None:
    assert await post(measured, {"query": "{ __typename }"}, **{"X-Request-Id": given}) == given


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", "<script>", 'a"b', "é"])
async def test_one_is_drawn_in_the_place_of_any_other(measured: Api, given: str) -> None:
    drawn = [
        await post(measured, {"query": "{ __typename }"}, **{"X-Request-Id": given})
        for _ in range(2)
    ]
    assert len({given, *drawn}) == 3
    assert all(len(each) == 16 for each in drawn)


async def test_what_is_refused_has_an_id_too(measured: Api) -> None:
    assert await post(measured, {"no": "query"}, **{"X-Request-Id": "mine"}) == "mine"


async def test_a_slow_operation_is_logged_by_name_alone(
    parts: Parts, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    secret = a_city()
    for bound, logged in ((0.000001, 1), (0, 0), (600, 0)):
        caplog.clear()
        async with serving_app(parts, settings, slow_operation=bound) as served:
            await post(served, {**QUERY, "variables": {"c": secret}})
        slow = [each for each in caplog.records if each.getMessage().startswith("slow ")]
        assert len(slow) == logged
    async with serving_app(parts, settings, slow_operation=0.000001) as served:
        await post(served, {**QUERY, "variables": {"c": secret}})
    (one,) = (each for each in caplog.records if each.getMessage().startswith("slow "))
    told = json.loads(JsonLines().format(one))
    assert (told["type"], told["operation"]) == ("query", "Slow")
    assert told["seconds"] >= 0
    assert secret not in caplog.text


async def test_in_production_the_log_is_json_with_the_request_of_each_line(
    settings: Settings, tmp_path: Path
) -> None:
    variables = environment(settings, ENVIRONMENT="production", SLOW_OPERATION="0.000001")
    async with serving_process(tmp_path, variables, "--workers", "1") as (process, url):
        async with aiohttp.ClientSession() as session:
            body = {**QUERY, "variables": {"c": "Somewhere"}}
            headers = {"X-Request-Id": "find-me"}
            async with session.post(f"{url}/graphql", json=body, headers=headers) as response:
                assert response.headers["X-Request-Id"] == "find-me"
        assert process.stderr is not None
        async for line in process.stderr:
            if not line.startswith(b"{"):  # what a person reads while it starts
                continue
            told = json.loads(line)
            assert {"time", "level", "logger", "message"} <= told.keys()
            if told["message"].startswith("slow"):
                assert told["request_id"] == "find-me"
                assert b"Somewhere" not in line
                return
    raise AssertionError("it was never logged")


async def test_a_reference_in_the_log_has_the_request_that_it_was_told_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    open_journal(Journal("theirs"))
    try:
        _, extensions = faults.masked(ValueError("inside"))
        (line,) = (JsonLines().format(each) for each in caplog.records)
    finally:
        open_journal(None)
    told = json.loads(line)
    assert told["request_id"] == "theirs"
    assert extensions["reference"] in told["message"]
