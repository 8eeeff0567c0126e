"""/metrics: what is counted is what happened, nobody fills it, and its guide is complete."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from graphql_api.errors import DeadlineExceededError
from graphql_api.store.reads import as_it_is
from graphql_api.store.statements import READ_HEAD
from graphql_api.telemetry.metrics import Metrics
from graphql_api.telemetry.operation_times import MOST_NAMES, OperationTimes
from tests.support.api import a_city
from tests.support.live import a_socket
from tests.support.scrape import Scrape, scrape
from tests.support.web import serving_app

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

GUIDE = Path(__file__).parents[2] / "docs" / "observability.md"
PAGE = "query Page($city: String!) { parties(city: $city) { nodes { id } } }"


async def seen(api: Api) -> Scrape:
    return await scrape(api.session, api.url)


async def test_operations_are_counted_by_name_and_errors_by_code(measured: Api) -> None:
    for _ in range(3):
        await measured.run(PAGE, city=a_city())
    await measured.run("{ __typename }")
    await measured.send("query Nonsense { nonsense }")
    await measured.send('query Page { parties(city: "x", after: "?") { nodes { id } } }')
    async with measured.session.post(f"{measured.url}/graphql", json={"no": "query"}) as refused:
        assert refused.status == 400
    shown = await seen(measured)
    count = "operation_seconds_count"
    assert shown.sum(count, type="query", operation="Page") == 4
    assert shown.sum(count, operation="(anonymous)", type="query") == 1
    assert shown.sum(count, operation="(refused)") == 1
    assert shown.sum(count) == 6
    assert shown.sum("operation_seconds_bucket", operation="Page", le="+Inf") == 4
    assert shown.sum("errors_total", code="GRAPHQL_VALIDATION_FAILED") == 1
    assert shown.sum("errors_total", code="BAD_USER_INPUT") == 2
    assert shown.sum("errors_total") == 3


async def test_the_engine_statements_and_groups_are_counted(measured: Api) -> None:
    text = "query Once($city: String!) { parties(city: $city) { nodes { name } } }"
    for _ in range(2):
        await measured.run(text, city=a_city())
    party = await measured.create()
    shown = await seen(measured)
    pages = shown.sum("statements_total", statement="read_page", outcome="answered")
    assert pages == shown.sum("statements_total", statement="read_page") > 0
    await measured.run(text, city=a_city())
    shown = await seen(measured)
    assert shown.sum("statements_total", statement="read_page") == pages * 3 / 2
    assert shown.sum("compiled_runs_total") == 4
    assert shown.sum("fallback_runs_total") == 0
    assert shown.sum("plans_compiled_total") in (1, 2)  # the mutation's may be there already
    assert shown.sum("statements_total", statement="conditional_batch", outcome="answered") == 1
    assert shown.sum("statements_total") - shown.sum("statements_total", outcome="answered") == 0
    assert shown.sum("proposals_total", outcome="applied") == 1
    assert shown.sum("group_changes_sum") == 1
    await asyncio.gather(*(measured.mutate("joinParty", partyId=party["id"]) for _ in range(20)))
    shown = await seen(measured)
    assert shown.sum("group_changes_sum") == 21
    assert shown.sum("proposals_total") == shown.sum("group_changes_count") < 21
    assert shown.sum("nodes_connected") == 1
    assert shown.sum("changes_waiting") == shown.sum("changing_parties") == 0


async def test_equal_reads_of_one_moment_are_one_statement(parts: Parts, measured: Api) -> None:
    party_id = uuid4()
    assert await asyncio.gather(*(parts.store.read_head(party_id) for _ in range(5))) == [None] * 5
    shown = await seen(measured)
    assert shown.sum("statements_total", statement="read_head") == 1
    assert shown.sum("statements_shared_total") == 4


async def test_statements_that_nobody_waits_for_or_that_are_too_late_are_no_answers(
    parts: Parts, measured: Api
) -> None:
    left = parts.store.read_head(uuid4())
    left.cancel()
    with pytest.raises(DeadlineExceededError):
        await parts.session.read(READ_HEAD, as_it_is, (uuid4(),), timeout=0)
    shown = await seen(measured)
    assert shown.sum("statements_total", statement="read_head", outcome="abandoned") == 1
    assert shown.sum("statements_total", statement="read_head", outcome="too late") == 1
    assert shown.sum("statements_total") == 2
    assert shown.sum("reads_in_flight") == shown.sum("reads_waiting") == 0


async def test_ten_thousand_hostile_names_make_no_more_series_than_a_hundred(measured: Api) -> None:
    await asyncio.gather(
        *(measured.run(f"query Hostile{n} {{ __typename }}") for n in range(MOST_NAMES + 50))
    )
    shown = await seen(measured)
    names = shown.values("operation_seconds_count", "operation")
    assert len(names - {"(anonymous)", "(other)", "(refused)"}) == MOST_NAMES
    assert shown.sum("operation_seconds_count", operation="(other)") == 50
    lines = len(shown.text.splitlines())
    histogram = Metrics(CollectorRegistry()).operation_seconds
    times = OperationTimes(histogram)
    times.observe(("query", "L" * 10_000), 0.001)
    for number in range(10_000):
        times.observe(("query", f"Hostile{number}"), 0.001)
    samples = [sample for metric in histogram.collect() for sample in metric.samples]
    names = {each.labels["operation"] for each in samples}
    assert len(names) == MOST_NAMES + 3
    assert max(map(len, names)) < 20
    await measured.run("query " + "L" * 10_000 + " { __typename }")
    await asyncio.gather(*(measured.run(f"query More{n} {{ __typename }}") for n in range(100)))
    assert len((await seen(measured)).text.splitlines()) == lines


async def test_subscriptions_are_counted_while_they_last(measured: Api) -> None:
    party = await measured.create()
    text = f'subscription Live {{ partyChanged(id: "{party["id"]}") {{ people }} }}'
    async with a_socket(measured) as socket:
        await socket.subscribe("1", text)
        await socket.next("1")
        shown = await seen(measured)
        assert shown.sum("streams_open") == shown.sum("followers") == shown.sum("watches") == 1
        assert shown.sum("operation_seconds_count", type="subscription", operation="Live") == 1


async def test_in_production_there_is_no_such_page_unless_it_is_asked_for(
    parts: Parts, settings: Settings
) -> None:
    async with (
        serving_app(parts, settings, environment="production") as served,
        served.session.get(f"{served.url}/metrics") as response,
    ):
        assert response.status == 404
    async with serving_app(parts, settings, environment="production", metrics=True) as served:
        assert (await seen(served)).names


async def test_the_guide_names_every_metric_and_no_other(measured: Api) -> None:
    rows = re.findall(r"^\| `(partyfinder_\w+)` \|", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == (await seen(measured)).names


def test_queries_in_the_guide_ask_for_metrics_that_there_are() -> None:
    text = GUIDE.read_text("utf-8")
    rows = set(re.findall(r"^\| `(partyfinder_\w+)` \|", text, re.MULTILINE))
    used = {
        re.sub("_(count|sum|bucket)$", "", name) for name in re.findall(r"partyfinder_\w+", text)
    }
    assert used == rows


@pytest.mark.parametrize("name", ["(anonymous)", "(other)", "(refused)"])
def test_no_operation_can_have_a_name_of_ours(name: str) -> None:
    assert not re.fullmatch("[_A-Za-z][_0-9A-Za-z]*", name)
