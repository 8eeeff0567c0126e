"""Traces, as a collector receives them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.settings import SettingsError
from graphql_api.telemetry import tracing
from tests.support.api import a_city, mutation
from tests.support.collector import Collector, collecting
from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PAGE = "query Page($city: String!) { parties(city: $city) { nodes { id } } }"


@asynccontextmanager
async def traced(
    parts: Parts, settings: Settings, monkeypatch: pytest.MonkeyPatch, collector: Collector
) -> AsyncIterator[Api]:
    """A server that has sent all its traces when this ends."""
    monkeypatch.setenv(ENDPOINT, collector.url)
    async with serving_app(parts, settings) as served:
        yield served


async def post(api: Api, query: str, flags: str = "01", **variables: Any) -> Any:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-{flags}", "X-Request-Id": "mine"}
    body = {"query": query, "variables": variables}
    async with api.session.post(f"{api.url}/graphql", json=body, headers=headers) as response:
        return await response.json()


async def test_statements_stand_below_their_operation_in_the_trace_of_the_request(
    parts: Parts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = a_city()
    async with collecting() as collector:
        async with traced(parts, settings, monkeypatch, collector) as served:
            await post(served, PAGE, city=city)
            await served.run("query Alone { __typename }")
            await post(served, "query Wrong { nonsense }")
        (page,) = collector.named("query Page")
        assert (page.trace_id.hex(), page.parent_span_id.hex()) == (TRACE, PARENT)
        statements = collector.below(page)
        assert {each.name for each in statements} == {"read_page"}
        for each in statements:
            assert each.trace_id == page.trace_id
            assert page.start_time_unix_nano <= each.start_time_unix_nano
            assert each.start_time_unix_nano < each.end_time_unix_nano <= page.end_time_unix_nano
        (alone,) = collector.named("query Alone")
        assert not alone.parent_span_id
        assert alone.trace_id.hex() != TRACE
        assert collector.below(alone) == []
        (wrong,) = collector.named("invalid")
        assert (wrong.status.code, page.status.code) == (2, 0)
        assert len(collector.spans) == 3 + len(statements)
        assert collector.services == {"partyfinder"}
        assert city not in str(collector.spans)


async def test_a_change_has_an_event_for_each_proposal_that_carried_it(
    parts: Parts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with collecting() as collector:
        async with traced(parts, settings, monkeypatch, collector) as served:
            party = await served.create()
            joins = [
                post(served, mutation("joinParty"), input={"partyId": party["id"]})
                for _ in range(5)
            ]
            await asyncio.gather(*joins)
        for span in collector.named("mutation"):
            told = [
                {each.key: each.value.string_value or each.value.int_value}
                for event in span.events
                for each in event.attributes
            ]
            assert [event.name for event in span.events] == ["proposal"]
            assert {"outcome": "applied"} in told
            assert all(each.get("changes", 1) in range(1, 6) for each in told)
        assert len(collector.named("mutation")) == 6


async def test_a_trace_that_is_not_sampled_is_not_sent(
    parts: Parts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with collecting() as collector:
        async with traced(parts, settings, monkeypatch, collector) as served:
            assert "errors" not in await post(served, PAGE, flags="00", city=a_city())
        assert collector.spans == []


async def test_a_collector_that_is_away_harms_nobody(
    parts: Parts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with collecting() as gone:
        pass
    async with traced(parts, settings, monkeypatch, gone) as served:
        assert "errors" not in await post(served, PAGE, city=a_city())


def test_without_a_collector_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys, graphql_api.app; from graphql_api.telemetry.tracing import open_traces; "
        "assert open_traces() is None; "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("name", ["OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"])
def test_it_can_be_turned_off_by_the_standard_variables(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setenv(name, "true" if name == "OTEL_SDK_DISABLED" else "none")
    assert tracing.open_traces() is None


def test_what_cannot_be_sent_is_told_before_the_server_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf"):
        tracing.open_traces()
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_PROTOCOL")
    monkeypatch.setitem(sys.modules, "graphql_api.telemetry.traces", None)
    with pytest.raises(SettingsError, match="OpenTelemetry is not installed: install it with"):
        tracing.open_traces()
